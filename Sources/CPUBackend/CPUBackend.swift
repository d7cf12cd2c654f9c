import GraphCompiler
import StandardOps

/// Runs every kernel without machine code of our own: element expressions in blocks, products through
/// OpenBLAS. The reference for other backends.
public struct CPUBackend: Backend {
  /// `cpu`.
  public let name = "cpu"

  /// The backend.
  public init() {}

  /// A callable for each kernel; nil where an element type has no such step.
  public func compile(_ kernels: [Kernel]) -> [(any KernelCallable)?] { kernels.map(compile) }

  private func compile(_ kernel: Kernel) -> (any KernelCallable)? {
    switch kernel {
    case .loop(let loop) where loop.reduction == nil: return LoopCallable(loop)
    case .loop(let loop):
      if Self.reducesRows(loop), let rows = RowReductionCallable(loop) { return rows }
      return ColumnReductionCallable(loop)
    case .staged(let staged): return StagedCallable(staged) { compile(.loop($0)) }
    case .contraction(let contraction): return ContractionCallable(contraction)
    case .convolution(let convolution): return Convolving.callable(convolution)
    case .named(let call): return NamedCallable.make(call)
    }
  }

  /// Whether the reduced elements are what lies contiguously in memory.
  private static func reducesRows(_ loop: LoopKernel) -> Bool {
    if loop.extents.isEmpty { return true }
    let rank = loop.extents.count
    return loop.loads.contains { load in
      guard let last = load.access.strides.last, load.access.strides.count > rank else {
        return false
      }
      return last == 1
    }
  }
}
