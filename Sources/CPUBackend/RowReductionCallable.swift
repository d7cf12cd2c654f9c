import GraphCompiler
import StandardOps
import TensorCore

/// A loop that combines contiguous elements by one step, such as a sum along the last axis.
final class RowReductionCallable: KernelCallable, @unchecked Sendable {
  private let kernel: LoopKernel
  private let initial: UInt64
  private let dtype: DType
  private let body: BlockProgram
  private let finish: BlockProgram
  private let accumulate: LaneFunctions.Accumulate
  private let kept: Int
  private let reduced: Int
  private let chunks: Int

  /// The rows of one tile: one block of results.
  private let tileRows: Int

  /// - Returns: nil unless the state has one part that one step combines.
  init?(_ kernel: LoopKernel) {
    guard let reduction = kernel.reduction, reduction.types.count == 1,
      let finishExpression = kernel.finish,
      let last = reduction.combine.instructions.last,
      case .binary(let operation, 0, 1) = last, reduction.combine.instructions.count == 3,
      let accumulate = LaneFunctions.accumulate(operation, reduction.types[0]),
      let body = BlockProgram(
        kernel.body, loads: kernel.loads, extents: kernel.extents + kernel.reducedExtents),
      !body.isUniform(result: 0),
      let finish = BlockProgram(
        finishExpression, loads: kernel.finishLoads, extents: kernel.extents, provided: 1)
    else { return nil }
    self.kernel = kernel
    self.body = body
    self.finish = finish
    self.accumulate = accumulate
    initial = reduction.initial[0]
    dtype = reduction.types[0]
    kept = kernel.count
    reduced = kernel.reducedCount
    chunks = max(1, (reduced + LoopReduction.chunkCount - 1) / LoopReduction.chunkCount)
    tileRows = min(max(kept, 1), max(1, min(512, (1 << 14) / max(reduced, 1))))
  }

  var tileCount: Int { max(1, (kept + tileRows - 1) / tileRows) }
  private var resultByteCount: Int { (tileRows * 8 + 63) / 64 * 64 }
  private var chunkByteCount: Int { (chunks * 8 + 63) / 64 * 64 }
  var scratchByteCount: Int {
    128 + 256 + resultByteCount + chunkByteCount
      + max(body.scratchByteCount, finish.scratchByteCount)
  }
  var estimatedNanoseconds: Int {
    Int((body.nanosecondsPerElement + 0.3) * Double(kept * reduced))
  }

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    scratch.storeBytes(of: 0, as: Int32.self)
    for tile in tiles {
      let start = tile * tileRows
      runTile(start..<min(start + tileRows, kept), operands, scratch)
    }
    return KernelStatus(rawValue: scratch.load(as: Int32.self)) ?? .success
  }

  private func runTile(
    _ rows: Range<Int>, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    _ scratch: UnsafeMutableRawPointer
  ) {
    if rows.isEmpty { return }
    let lanes = scratch + 128
    let results = lanes + 256
    let partial = results + resultByteCount
    let program = partial + chunkByteCount
    let size = dtype.byteCount ?? 8
    // Short rows share a block; long ones take several.
    let batch = reduced == 0 ? rows.count : max(1, BlockProgram.blockCount / reduced)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let count = min(batch, rows.upperBound - row)
      if reduced <= BlockProgram.blockCount {
        let start = row * reduced
        let registers = body.evaluate(
          start..<(start + count * reduced), operands: operands, scratch: program,
          status: scratch)
        let elements = registers[body.results[0]]
        for line in 0..<count {
          reset(lanes)
          accumulate(lanes, elements + line * reduced * size, reduced, 0)
          combineLanes(lanes, min(reduced, LoopReduction.laneCount))
          (results + (row - rows.lowerBound + line) * size).copyMemory(
            from: lanes, byteCount: size)
        }
      } else {
        longRow(row, lanes, partial, program, operands, scratch)
        (results + (row - rows.lowerBound) * size).copyMemory(from: partial, byteCount: size)
      }
      row += count
    }
    complete(results, rows, program, operands, scratch)
  }

  private func longRow(
    _ row: Int, _ lanes: UnsafeMutableRawPointer, _ partial: UnsafeMutableRawPointer,
    _ program: UnsafeMutableRawPointer, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    _ status: UnsafeMutableRawPointer
  ) {
    let size = dtype.byteCount ?? 8
    for chunk in 0..<chunks {
      let first = chunk * LoopReduction.chunkCount
      let end = min(first + LoopReduction.chunkCount, reduced)
      reset(lanes)
      var position = first
      while position < end {
        let next = min(position + BlockProgram.blockCount, end)
        let registers = body.evaluate(
          (row * reduced + position)..<(row * reduced + next), operands: operands,
          scratch: program, status: status)
        accumulate(lanes, registers[body.results[0]], next - position, 0)
        position = next
      }
      combineLanes(lanes, min(end - first, LoopReduction.laneCount))
      (partial + chunk * size).copyMemory(from: lanes, byteCount: size)
    }
    var alive = chunks
    while alive > 1 {
      for pair in 0..<(alive / 2) {
        let target = partial + pair * size
        target.copyMemory(from: partial + 2 * pair * size, byteCount: size)
        merge(target, partial + (2 * pair + 1) * size)
      }
      if alive % 2 == 1 {
        (partial + alive / 2 * size).copyMemory(
          from: partial + (alive - 1) * size, byteCount: size)
      }
      alive = (alive + 1) / 2
    }
  }

  /// Combines one element into another: the last step of 16 that lanes take.
  private func merge(_ target: UnsafeMutableRawPointer, _ other: UnsafeRawPointer) {
    // Lane 15 takes one element before the lanes wrap.
    let size = dtype.byteCount ?? 8
    accumulate(target - 15 * size, other, 1, 15)
  }

  private func reset(_ lanes: UnsafeMutableRawPointer) {
    let size = dtype.byteCount ?? 8
    withUnsafeBytes(of: initial) {
      StridedCopy.fill(
        lanes, with: $0.baseAddress ?? UnsafeRawPointer(lanes), size: size,
        count: LoopReduction.laneCount)
    }
  }

  private func combineLanes(_ lanes: UnsafeMutableRawPointer, _ used: Int) {
    let size = dtype.byteCount ?? 8
    for distance in [8, 4, 2, 1] {
      for lane in 0..<distance where lane + distance < used {
        merge(lanes + lane * size, lanes + (lane + distance) * size)
      }
    }
  }

  private func complete(
    _ results: UnsafeMutableRawPointer, _ rows: Range<Int>, _ program: UnsafeMutableRawPointer,
    _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ status: UnsafeMutableRawPointer
  ) {
    let target = kernel.stores[0]
    let state = results
    let registers = withUnsafePointer(to: state) {
      finish.evaluate(
        rows, operands: operands, provided: $0, scratch: program, status: status)
    }
    let isUniform = finish.isUniform(result: 0)
    for row in isUniform ? rows : rows.lowerBound..<(rows.lowerBound + 1) {
      StridedCopy.scatter(
        registers[finish.results[0]], to: operands[target.buffer],
        size: target.dtype.byteCount ?? 8, offset: target.access.offset,
        strides: target.access.strides, extents: kernel.extents,
        range: isUniform ? row..<(row + 1) : rows)
    }
  }
}
