import GraphCompiler

/// Several loops over one piece of their shared dimensions after the other, each piece through all of
/// the loops while its data is in cache.
final class StagedCallable: KernelCallable {
  /// The stages of each piece.
  private let pieces: [[any KernelCallable]]

  /// The elements of one piece: enough work to be worth a thread's while.
  private static let pieceElements = 16_384
  /// Narrower pieces of rows cost more to gather than they save.
  private static let leastRun = 64
  /// More pieces give no more balance.
  private static let pieceLimit = 16

  /// - Parameter compile: makes the callable of a loop.
  init?(_ kernel: StagedKernel, _ compile: (LoopKernel) -> (any KernelCallable)?) {
    var pieces: [[any KernelCallable]] = []
    for stages in Self.cut(kernel) {
      var callables: [any KernelCallable] = []
      for stage in stages {
        guard let callable = compile(stage) else { return nil }
        callables.append(callable)
      }
      pieces.append(callables)
    }
    self.pieces = pieces
    estimatedNanoseconds = pieces.joined().reduce(0) { $0 + $1.estimatedNanoseconds }
  }

  /// The stages of each piece of the longest shared dimension.
  private static func cut(_ kernel: StagedKernel) -> [[LoopKernel]] {
    guard let extent = kernel.extents.max(), let dimension = kernel.extents.firstIndex(of: extent)
    else { return [kernel.stages.map(\.loop)] }
    let count = min(pieceLimit, max(1, kernel.work / pieceElements))
    var step = max(1, (extent + count - 1) / count)
    if kernel.isContiguous(along: dimension) {
      step = max(
        leastRun, (step + StagedKernel.granule - 1) / StagedKernel.granule * StagedKernel.granule)
    }
    return stride(from: 0, to: extent, by: step).map {
      kernel.stages(within: $0..<min($0 + step, extent), of: dimension)
    }
  }

  var tileCount: Int { pieces.count }
  var scratchByteCount: Int { pieces.joined().map(\.scratchByteCount).max() ?? 64 }
  let estimatedNanoseconds: Int

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    for tile in tiles {
      for stage in pieces[tile] {
        let status = stage.run(tiles: 0..<stage.tileCount, operands: operands, scratch: scratch)
        if status != .success { return status }
      }
    }
    return .success
  }
}

extension StagedKernel {
  /// Whether some stage writes neighbours along a shared dimension to neighbouring memory.
  fileprivate func isContiguous(along dimension: Int) -> Bool {
    stages.contains { stage in
      stage.loop.stores.contains { $0.access.strides[stage.shared[dimension]] == 1 }
    }
  }
}
