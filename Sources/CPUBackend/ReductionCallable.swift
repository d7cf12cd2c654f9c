import GraphCompiler
import StandardOps
import TensorCore

/// A loop that combines elements, column by column: the kept elements of a tile lie beside one
/// another, each with 16 lanes, and rows of reduced elements are added to them.
///
/// Every form of reduction runs this way: where the reduced elements are contiguous and the
/// combination is one step, `RowReductionCallable` gives the same bits faster.
final class ColumnReductionCallable: KernelCallable, @unchecked Sendable {
  private let kernel: LoopKernel
  private let reduction: LoopReduction
  private let body: BlockProgram
  private let combine: BlockProgram
  /// The combination, if it is one step on states of one part.
  private let combineStep: BlockFunction?
  private let finish: BlockProgram
  private let kept: Int
  private let reduced: Int
  private let tileWidth: Int
  private let parts: Int
  private let chunks: Int

  init?(_ kernel: LoopKernel) {
    guard let reduction = kernel.reduction, let finishExpression = kernel.finish else {
      return nil
    }
    // Reduced dimensions outermost, so that a row is all kept elements for one reduced index.
    let rank = kernel.extents.count
    func rowsFirst(_ strides: [Int]) -> [Int] { Array(strides[rank...] + strides[..<rank]) }
    let loads = kernel.loads.map { load in
      Operand(
        buffer: load.buffer, dtype: load.dtype,
        access: Access(offset: load.access.offset, strides: rowsFirst(load.access.strides)))
    }
    let parts = reduction.types.count
    guard
      let body = BlockProgram(
        kernel.body.mapCoordinates(rowsFirst), loads: loads,
        extents: kernel.reducedExtents + kernel.extents),
      let combine = BlockProgram(
        reduction.combine, loads: [], extents: [BlockProgram.blockCount], provided: 2 * parts),
      let finish = BlockProgram(
        finishExpression, loads: kernel.finishLoads, extents: kernel.extents, provided: parts)
    else { return nil }
    self.kernel = kernel
    self.reduction = reduction
    self.body = body
    self.combine = combine
    combineStep = Self.step(reduction)
    self.finish = finish
    self.parts = parts
    kept = kernel.count
    reduced = kernel.reducedCount
    chunks = max(1, (reduced + LoopReduction.chunkCount - 1) / LoopReduction.chunkCount)
    // Wide enough for short loops over a row, narrow enough to share large work between threads.
    tileWidth =
      kept * reduced > 1 << 16
      ? min(512, max(64, (kept / 4 + 15) / 16 * 16)) : min(512, max(kept, 1))
  }

  private static func step(_ reduction: LoopReduction) -> BlockFunction? {
    guard reduction.types.count == 1, reduction.combine.instructions.count == 3,
      case .binary(let operation, 0, 1)? = reduction.combine.instructions.last
    else { return nil }
    return BlockFunctions.binary(operation, reduction.types[0])
  }

  var tileCount: Int { max(1, (kept + tileWidth - 1) / tileWidth) }

  private var vectorByteCount: Int { (tileWidth * 8 + 63) / 64 * 64 }
  /// Lanes and a spare, chunk results, and a repeated element, for each part of the state.
  private var vectorCount: Int { (LoopReduction.laneCount + 1 + chunks + 1) * parts }
  private var programByteCount: Int {
    max(body.scratchByteCount, combine.scratchByteCount, finish.scratchByteCount)
  }
  /// The addresses of all vectors, of the two states that are combined, and of an element's state.
  private var tableByteCount: Int { ((vectorCount + 3 * parts) * 8 + 63) / 64 * 64 }
  var scratchByteCount: Int {
    128 + tableByteCount + vectorCount * vectorByteCount + 2 * programByteCount
  }
  var estimatedNanoseconds: Int {
    Int((body.nanosecondsPerElement + 0.5) * Double(kept * reduced))
  }

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    scratch.storeBytes(of: 0, as: Int32.self)
    for tile in tiles {
      let start = tile * tileWidth
      runTile(start..<min(start + tileWidth, kept), operands, scratch)
    }
    return KernelStatus(rawValue: scratch.load(as: Int32.self)) ?? .success
  }

  private func runTile(
    _ columns: Range<Int>, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    _ scratch: UnsafeMutableRawPointer
  ) {
    if columns.isEmpty { return }
    let table = (scratch + 128).assumingMemoryBound(to: UnsafeMutableRawPointer.self)
    let vectors = scratch + 128 + tableByteCount
    let evaluation = vectors + vectorCount * vectorByteCount
    let combination = evaluation + programByteCount
    let laneCount = LoopReduction.laneCount
    // A slot is one vector for each part; slots are exchanged by their addresses.
    for vector in 0..<vectorCount { table[vector] = vectors + vector * vectorByteCount }
    func slot(_ number: Int) -> UnsafeMutablePointer<UnsafeMutableRawPointer> {
      table + number * parts
    }
    func swap(_ a: Int, _ b: Int) {
      for part in 0..<parts {
        let address = slot(a)[part]
        slot(a)[part] = slot(b)[part]
        slot(b)[part] = address
      }
    }
    let spare = laneCount
    let chunkBase = laneCount + 1
    let repeated = chunkBase + chunks
    let pair = table + vectorCount
    /// Combines state `b` into slot `a` by way of the spare one.
    func merge(_ a: Int, _ b: UnsafePointer<UnsafeMutableRawPointer>) {
      if let combineStep {
        combineStep(slot(spare)[0], slot(a)[0], b[0], scratch, columns.count, [])
        swap(a, spare)
        return
      }
      pair.update(from: slot(a), count: parts)
      (pair + parts).update(from: b, count: parts)
      let registers = combine.evaluate(
        0..<columns.count, operands: operands, provided: pair, scratch: combination,
        status: scratch)
      for part in 0..<parts {
        store(
          registers[combine.results[part]], to: slot(spare)[part],
          uniform: combine.isUniform(result: part), reduction.types[part], columns.count)
      }
      swap(a, spare)
    }
    for chunk in 0..<chunks {
      let first = chunk * LoopReduction.chunkCount
      let rows = first..<min(first + LoopReduction.chunkCount, reduced)
      for lane in 0..<laneCount { reset(slot(lane), columns.count) }
      accumulate(
        rows, columns, operands, repeated: slot(repeated), values: pair + 2 * parts, evaluation,
        scratch
      ) { row, values in
        merge((row - first) % laneCount, values)
      }
      for distance in [8, 4, 2, 1] {
        for lane in 0..<distance where lane + distance < max(rows.count, 1) {
          merge(lane, slot(lane + distance))
        }
      }
      for part in 0..<parts {
        slot(chunkBase + chunk)[part].copyMemory(from: slot(0)[part], byteCount: vectorByteCount)
      }
    }
    var alive = chunks
    while alive > 1 {
      for pair in 0..<(alive / 2) {
        let target = chunkBase + pair
        if pair > 0 { swap(target, chunkBase + 2 * pair) }
        merge(target, slot(chunkBase + 2 * pair + 1))
      }
      if alive % 2 == 1 { swap(chunkBase + alive / 2, chunkBase + alive - 1) }
      alive = (alive + 1) / 2
    }
    complete(slot(chunkBase), columns, operands, evaluation, scratch)
  }

  /// Evaluates the states of the elements in `rows` and hands them over row by row.
  private func accumulate(
    _ rows: Range<Int>, _ columns: Range<Int>,
    _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    repeated: UnsafeMutablePointer<UnsafeMutableRawPointer>,
    values: UnsafeMutablePointer<UnsafeMutableRawPointer>,
    _ scratch: UnsafeMutableRawPointer, _ status: UnsafeMutableRawPointer,
    _ add: (_ row: Int, _ values: UnsafePointer<UnsafeMutableRawPointer>) -> Void
  ) {
    values.update(from: repeated, count: parts)
    let isWhole = columns.count == kept
    let batch = isWhole ? max(1, BlockProgram.blockCount / max(kept, 1)) : 1
    var row = rows.lowerBound
    while row < rows.upperBound {
      let count = min(batch, rows.upperBound - row)
      let start = row * kept + columns.lowerBound
      let length = isWhole ? count * kept : columns.count
      let registers = body.evaluate(
        start..<(start + length), operands: operands, scratch: scratch, status: status)
      for line in 0..<count {
        for part in 0..<parts {
          let size = reduction.types[part].byteCount ?? 8
          let base = registers[body.results[part]]
          if body.isUniform(result: part) {
            store(base, to: repeated[part], uniform: true, reduction.types[part], columns.count)
          } else {
            values[part] = base + line * columns.count * size
          }
        }
        add(row + line, values)
      }
      row += count
    }
  }

  private func complete(
    _ state: UnsafeMutablePointer<UnsafeMutableRawPointer>, _ columns: Range<Int>,
    _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ scratch: UnsafeMutableRawPointer,
    _ status: UnsafeMutableRawPointer
  ) {
    let target = kernel.stores[0]
    let size = target.dtype.byteCount ?? 8
    let registers = finish.evaluate(
      columns, operands: operands, provided: state, scratch: scratch, status: status)
    var result = registers[finish.results[0]]
    if finish.isUniform(result: 0) {
      store(result, to: state[0], uniform: true, target.dtype, columns.count)
      result = state[0]
    }
    StridedCopy.scatter(
      result, to: operands[target.buffer], size: size, offset: target.access.offset,
      strides: target.access.strides, extents: kernel.extents, range: columns)
  }

  private func reset(_ slot: UnsafeMutablePointer<UnsafeMutableRawPointer>, _ count: Int) {
    for part in 0..<parts {
      withUnsafeBytes(of: reduction.initial[part]) {
        store(
          $0.baseAddress ?? UnsafeRawPointer(slot[part]), to: slot[part], uniform: true,
          reduction.types[part], count)
      }
    }
  }

  private func store(
    _ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, uniform: Bool,
    _ dtype: DType, _ count: Int
  ) {
    let size = dtype.byteCount ?? 8
    if uniform {
      StridedCopy.fill(destination, with: source, size: size, count: count)
    } else {
      destination.copyMemory(from: source, byteCount: count * size)
    }
  }
}
