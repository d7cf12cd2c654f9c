import COpenBLAS
import GraphCompiler
import StandardOps
import TensorCore

/// Convolutions as products of a matrix of windows with the filter: each row of that matrix holds the
/// elements that one output place sees.
enum Convolving {
  /// The bytes of a matrix of windows: it stays in the second-level cache beside the filter.
  private static let matrixBytes = 512 << 10

  static func convolution(
    _ call: NamedKernelCall, _ geometry: ConvolutionGeometry, _ part: ConvolutionPart
  ) -> NamedCallable? {
    switch call.outputs[0].dtype {
    case .float32: convolution(call, geometry, part, Float.self)
    case .float64: convolution(call, geometry, part, Double.self)
    default: nil
    }
  }

  private static func convolution<T: MatrixElement>(
    _ call: NamedKernelCall, _ geometry: ConvolutionGeometry, _ part: ConvolutionPart, _: T.Type
  ) -> NamedCallable {
    let windows = WindowMatrix<T>(geometry)
    let rows = max(
      1, min(windows.places, matrixBytes / max(windows.columns * MemoryLayout<T>.size, 1)))
    let work = geometry.batch * windows.places * windows.columns * geometry.outputChannels
    let scratch = rows * windows.columns * MemoryLayout<T>.size + 64
    let (a, b, c) = (call.inputs[0].buffer, call.inputs[1].buffer, call.outputs[0].buffer)
    openblas_set_num_threads(1)
    switch part {
    case .output:
      let blocks = (windows.places + rows - 1) / rows
      return NamedCallable(tiles: geometry.batch * blocks, scratch: scratch, nanoseconds: work / 20)
      { tiles, operands, scratch in
        let matrix = scratch.assumingMemoryBound(to: T.self)
        for tile in tiles {
          let (image, start) = (tile / blocks, tile % blocks * rows)
          let range = start..<min(start + rows, windows.places)
          windows.forward(
            image, range, operands[a].assumingMemoryBound(to: T.self),
            operands[b].assumingMemoryBound(to: T.self),
            operands[c].assumingMemoryBound(to: T.self), matrix)
        }
        return .success
      }
    case .inputGradient:
      // Windows overlap, so an image is one tile.
      return NamedCallable(tiles: geometry.batch, scratch: scratch, nanoseconds: work / 20) {
        tiles, operands, scratch in
        let matrix = scratch.assumingMemoryBound(to: T.self)
        for image in tiles {
          let target = operands[c].assumingMemoryBound(to: T.self)
          windows.clear(image, target)
          for start in stride(from: 0, to: windows.places, by: rows) {
            windows.backward(
              image, start..<min(start + rows, windows.places),
              operands[a].assumingMemoryBound(to: T.self),
              operands[b].assumingMemoryBound(to: T.self), target, matrix)
          }
        }
        return .success
      }
    case .filterGradient:
      // Every image adds to the whole filter: in order, so that every run gives the same bits.
      let count = call.outputs[0].shape.count
      return NamedCallable(scratch: scratch, nanoseconds: work / 20) { _, operands, scratch in
        let matrix = scratch.assumingMemoryBound(to: T.self)
        let target = operands[c].assumingMemoryBound(to: T.self)
        target.update(repeating: 0, count: count)
        for image in 0..<geometry.batch {
          for start in stride(from: 0, to: windows.places, by: rows) {
            windows.filterGradient(
              image, start..<min(start + rows, windows.places),
              operands[a].assumingMemoryBound(to: T.self),
              operands[b].assumingMemoryBound(to: T.self), target, matrix)
          }
        }
        return .success
      }
    }
  }
}

/// A type that OpenBLAS multiplies matrices of.
protocol MatrixElement: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// c ← a·b + β·c, row-major.
  static func multiply(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>,
    _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ beta: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
}

extension Float: MatrixElement {
  static func multiply(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
    _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ beta: Float,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(lda), b,
      Int32(ldb), beta, c, Int32(ldc))
  }
}

extension Double: MatrixElement {
  static func multiply(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
    _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int,
    _ beta: Double, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(lda), b,
      Int32(ldb), beta, c, Int32(ldc))
  }
}
