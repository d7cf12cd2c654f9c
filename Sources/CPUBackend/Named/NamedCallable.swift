import GraphCompiler
import StandardOps
import TensorCore

/// A named kernel as a function of its tiles.
final class NamedCallable: KernelCallable {
  /// Computes some tiles; operands are in the order of the step's buffers.
  typealias Body =
    @Sendable (
      _ tiles: Range<Int>, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
      _ scratch: UnsafeMutableRawPointer
    ) -> KernelStatus

  let tileCount: Int
  let scratchByteCount: Int
  let estimatedNanoseconds: Int
  private let body: Body

  init(tiles: Int = 1, scratch: Int = 64, nanoseconds: Int, _ body: @escaping Body) {
    tileCount = tiles
    scratchByteCount = max(scratch, 64)
    estimatedNanoseconds = nanoseconds
    self.body = body
  }

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus { body(tiles, operands, scratch) }

  /// The function of a kernel; nil where an element type has none.
  static func make(_ call: NamedKernelCall) -> (any KernelCallable)? {
    switch call.kernel {
    case .random: RandomCallable(call)
    case .gather(let axis, let batch): Gathering.gather(call, axis: axis, batch: batch)
    case .gatherND: Gathering.gatherND(call)
    case .scatter(let combination): Scattering.scatter(call, combination)
    case .segment(let combination, let isSorted):
      Scattering.segment(call, combination, isSorted: isSorted)
    case .topK: Selecting.topK(call)
    case .cumulate(let axis, let exclusive, let reverse, let isProduct):
      Selecting.cumulate(
        call, axis: axis, exclusive: exclusive, reverse: reverse, isProduct: isProduct)
    case .pool(let kind, let geometry, let isGradient):
      Pooling.pool(call, kind, geometry, isGradient: isGradient)
    case .resize(let kind, let alignCorners, let halfPixels, let isGradient):
      Resizing.resize(
        call, kind, alignCorners: alignCorners, halfPixelCenters: halfPixels,
        isGradient: isGradient)
    case .stack(let action): Stacking.stack(call, action)
    case .lstm(let steps, let isGradient):
      LSTMRows.callable(call, steps, isGradient: isGradient)
    case .assertion:
      NamedCallable(nanoseconds: 1) { _, operands, _ in
        operands[0].load(as: UInt8.self) == 0 ? .assertionFailed : .success
      }
    }
  }
}

/// Indices of either width.
struct IndexReader: Sendable {
  private let isWide: Bool

  init(_ dtype: DType) { isWide = dtype == .int64 }

  @inline(__always)
  func load(_ base: UnsafeMutableRawPointer, _ position: Int) -> Int {
    isWide
      ? Int(base.load(fromByteOffset: position * 8, as: Int64.self))
      : Int(base.load(fromByteOffset: position * 4, as: Int32.self))
  }
}
