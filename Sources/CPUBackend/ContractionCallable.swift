import COpenBLAS
import GraphCompiler
import StandardOps
import TensorCore

/// A matrix product through OpenBLAS at one thread, cut into tiles by shape. With an epilogue each
/// tile's product goes to scratch, and from there through the epilogue while it is in cache.
final class ContractionCallable: KernelCallable {
  private let kernel: ContractionKernel
  private let boxes: [(rows: Range<Int>, columns: Range<Int>)]
  private let epilogues: [LoopCallable]
  private let batchCount: Int

  /// The multiplications of one tile: below, packing the operands again costs more than a thread
  /// gains.
  private static let tileWork = 3_000_000
  /// The elements of a tile's product that stay in cache until the epilogue reads them.
  private static let tileElements = 1 << 16

  init?(_ kernel: ContractionKernel) {
    guard [.float32, .float64, .int32, .int64].contains(kernel.dtype) else { return nil }
    self.kernel = kernel
    batchCount = kernel.batch.reduce(1, *)
    let work = kernel.m * kernel.n * kernel.k
    var pieces = batchCount > 1 ? 1 : min(16, max(1, work / Self.tileWork))
    if kernel.epilogue != nil { pieces = max(pieces, kernel.m * kernel.n / Self.tileElements) }
    boxes = Self.cut(kernel.m, kernel.n, pieces)
    var epilogues: [LoopCallable] = []
    if let epilogue = kernel.epilogue {
      for batch in 0..<batchCount {
        var rest = batch
        var place: [Range<Int>] = []
        for size in kernel.batch.reversed() {
          place.insert((rest % size)..<(rest % size + 1), at: 0)
          rest /= size
        }
        for box in boxes {
          let part = epilogue.restricted(to: place + [box.rows, box.columns])
          guard let callable = LoopCallable(part.collapsed(), provided: kernel.dtype) else {
            return nil
          }
          epilogues.append(callable)
        }
      }
    }
    self.epilogues = epilogues
    let elements = boxes.map { $0.rows.count * $0.columns.count }.max() ?? 0
    productByteCount =
      epilogues.isEmpty ? 0 : (elements * (kernel.dtype.byteCount ?? 8) + 63) / 64 * 64
    estimatedNanoseconds =
      batchCount * kernel.m * kernel.n * kernel.k / 40
      + epilogues.reduce(0) { $0 + $1.estimatedNanoseconds }
    openblas_set_num_threads(1)
  }

  /// Cuts the longer side, in multiples of what a micro-kernel takes.
  private static func cut(_ m: Int, _ n: Int, _ pieces: Int) -> [(
    rows: Range<Int>, columns: Range<Int>
  )] {
    let side = max(m, n)
    let step = max(8, ((side + pieces - 1) / pieces + 7) / 8 * 8)
    let ranges = stride(from: 0, to: max(side, 1), by: step).map { $0..<min($0 + step, side) }
    return ranges.map { m >= n ? ($0, 0..<n) : (0..<m, $0) }
  }

  var tileCount: Int { batchCount * boxes.count }
  /// The bytes of a tile's product, if it goes through an epilogue.
  private let productByteCount: Int
  var scratchByteCount: Int {
    productByteCount + (epilogues.map(\.scratchByteCount).max() ?? 64)
  }
  let estimatedNanoseconds: Int

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    for tile in tiles {
      let box = boxes[tile % boxes.count]
      let batch = tile / boxes.count
      let target = epilogues.isEmpty ? stored(batch, box, operands) : (scratch, box.columns.count)
      switch kernel.dtype {
      case .float32: product(batch, box, operands, to: target, Float.self)
      case .float64: product(batch, box, operands, to: target, Double.self)
      case .int32: integerProduct(batch, box, operands, to: target, Int32.self)
      default: integerProduct(batch, box, operands, to: target, Int64.self)
      }
      if !epilogues.isEmpty {
        let epilogue = epilogues[tile]
        let status = epilogue.run(
          tiles: 0..<epilogue.tileCount, operands: operands, provided: scratch,
          scratch: scratch + productByteCount)
        if status != .success { return status }
      }
    }
    return .success
  }

  /// Where a product that is kept goes, and the elements from row to row there.
  private func stored(
    _ batch: Int, _ box: (rows: Range<Int>, columns: Range<Int>),
    _ operands: UnsafePointer<UnsafeMutableRawPointer>
  ) -> (start: UnsafeMutableRawPointer, rowStep: Int) {
    let first =
      batch * kernel.m * kernel.n + box.rows.lowerBound * kernel.n + box.columns.lowerBound
    return (operands[kernel.product] + first * (kernel.dtype.byteCount ?? 8), kernel.n)
  }

  /// The element offsets of a batch's matrices.
  private func offset(_ operand: MatrixOperand, _ batch: Int) -> Int {
    var (offset, rest) = (operand.offset, batch)
    for dimension in kernel.batch.indices.reversed() {
      offset += rest % kernel.batch[dimension] * operand.batchStrides[dimension]
      rest /= kernel.batch[dimension]
    }
    return offset
  }

  private func product<T: RealElement>(
    _ batch: Int, _ box: (rows: Range<Int>, columns: Range<Int>),
    _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    to target: (start: UnsafeMutableRawPointer, rowStep: Int), _: T.Type
  ) {
    let (a, b) = (kernel.a, kernel.b)
    let (m, n, k) = (box.rows.count, box.columns.count, kernel.k)
    let c = target.start.assumingMemoryBound(to: T.self)
    if m == 0 || n == 0 { return }
    if k == 0 {
      for row in 0..<m { (c + row * target.rowStep).update(repeating: 0, count: n) }
      return
    }
    let x =
      operands[a.buffer].assumingMemoryBound(to: T.self) + offset(a, batch)
      + box.rows.lowerBound * (a.isTransposed ? 1 : a.leadingDimension)
    let y =
      operands[b.buffer].assumingMemoryBound(to: T.self) + offset(b, batch)
      + box.columns.lowerBound * (b.isTransposed ? b.leadingDimension : 1)
    let transA = a.isTransposed ? CblasTrans : CblasNoTrans
    let transB = b.isTransposed ? CblasTrans : CblasNoTrans
    let (lda, ldb) = (Int32(a.leadingDimension), Int32(b.leadingDimension))
    let ldc = Int32(target.rowStep)
    if let x = x as? UnsafeMutablePointer<Float>, let y = y as? UnsafeMutablePointer<Float>,
      let c = c as? UnsafeMutablePointer<Float>
    {
      if kernel.m == 1, !a.isTransposed {
        // A product with one row is four times as fast as a matrix times a vector.
        cblas_sgemv(
          CblasRowMajor, b.isTransposed ? CblasNoTrans : CblasTrans,
          Int32(b.isTransposed ? n : k), Int32(b.isTransposed ? k : n), 1, y, ldb, x, 1, 0,
          c, 1)
        return
      }
      cblas_sgemm(
        CblasRowMajor, transA, transB, Int32(m), Int32(n), Int32(k), 1, x, lda, y, ldb, 0,
        c, ldc)
    } else if let x = x as? UnsafeMutablePointer<Double>,
      let y = y as? UnsafeMutablePointer<Double>, let c = c as? UnsafeMutablePointer<Double>
    {
      cblas_dgemm(
        CblasRowMajor, transA, transB, Int32(m), Int32(n), Int32(k), 1, x, lda, y, ldb, 0,
        c, ldc)
    }
  }

  private func integerProduct<T: FixedWidthInteger & BitwiseCopyable>(
    _ batch: Int, _ box: (rows: Range<Int>, columns: Range<Int>),
    _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    to target: (start: UnsafeMutableRawPointer, rowStep: Int), _: T.Type
  ) {
    let (a, b) = (kernel.a, kernel.b)
    let x = operands[a.buffer].assumingMemoryBound(to: T.self) + offset(a, batch)
    let y = operands[b.buffer].assumingMemoryBound(to: T.self) + offset(b, batch)
    let c = target.start.assumingMemoryBound(to: T.self)
    let (xRow, xStep) = a.isTransposed ? (1, a.leadingDimension) : (a.leadingDimension, 1)
    let (yRow, yStep) = b.isTransposed ? (1, b.leadingDimension) : (b.leadingDimension, 1)
    for i in box.rows {
      for j in box.columns {
        var sum: T = 0
        for p in 0..<kernel.k { sum = sum &+ x[i * xRow + p * xStep] &* y[p * yRow + j * yStep] }
        c[(i - box.rows.lowerBound) * target.rowStep + j - box.columns.lowerBound] = sum
      }
    }
  }
}
