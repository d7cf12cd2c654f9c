#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// One row times a matrix on the way to code.
  struct RowProductRecipe: Recipe {
    let kernel: ContractionKernel
    /// Ranges of columns.
    let tiles: [Range<Int>]
    let epilogue: EpilogueRecipe?

    /// Few enough for some tiles of a usual layer.
    private static let tileWork = 60_000

    /// Nil unless the left factor is one row and the right one lies row by row.
    init?(_ kernel: ContractionKernel, _ machine: HostMachine) {
      guard kernel.m == 1, !kernel.b.isTransposed, kernel.batch.allSatisfy({ $0 == 1 }),
        kernel.n > 0, kernel.k > 0, [.float32, .float64, .int32, .int64].contains(kernel.dtype)
      else { return nil }
      self.kernel = kernel
      let pieces = min(16, max(1, kernel.n * kernel.k / Self.tileWork))
      let wide = (kernel.n + pieces - 1) / pieces
      let least = RowProductForm.columnCount(kernel.dtype, machine)
      let step = (wide + least - 1) / least * least
      let tiles = stride(from: 0, to: kernel.n, by: step).map { $0..<min($0 + step, kernel.n) }
      self.tiles = tiles
      epilogue = kernel.epilogue.map { loop in
        EpilogueRecipe(
          loop, dtype: kernel.dtype,
          boxes: tiles.map { columns in
            kernel.batch.map { _ in StridedRange(count: 1) }
              + [StridedRange(count: 1), StridedRange(columns)]
          }, keeping: 2
        ) { box in [box[box.endIndex - 1].count, 1] }
      }
    }

    var forms: [any CodeForm] {
      [RowProductForm(dtype: kernel.dtype)] + (epilogue.map { [$0.form] } ?? [])
    }

    func callable(_ code: [Code]) -> any KernelCallable {
      RowProductCallable(
        self, unsafeBitCast(code[0].address, to: RowProduct.self),
        epilogue.map { EpilogueCallable($0, code[1]) })
    }
  }

  /// One row times a matrix as it lies.
  final class RowProductCallable: KernelCallable, @unchecked Sendable {
    private let kernel: ContractionKernel
    private let tiles: [Range<Int>]
    private let product: RowProduct
    private let epilogue: EpilogueCallable?
    private let size: Int

    init(_ recipe: RowProductRecipe, _ product: @escaping RowProduct, _ epilogue: EpilogueCallable?)
    {
      kernel = recipe.kernel
      tiles = recipe.tiles
      self.product = product
      self.epilogue = epilogue
      size = kernel.dtype.byteCount ?? 4
    }

    var tileCount: Int { tiles.count }
    var scratchByteCount: Int { epilogue == nil ? 64 : (tiles.map(\.count).max() ?? 0) * size }
    var estimatedNanoseconds: Int { kernel.n * kernel.k / 16 }

    func run(
      tiles range: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
      scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      let (a, b) = (kernel.a, kernel.b)
      let row = operands[a.buffer] + a.offset * size
      let matrix = operands[b.buffer] + b.offset * size
      for tile in range {
        let columns = tiles[tile]
        let first = columns.lowerBound * size
        let target = epilogue == nil ? operands[kernel.product] + first : scratch
        _ = product(
          row, (a.isTransposed ? a.leadingDimension : 1) * size, kernel.k, matrix + first,
          b.leadingDimension * size, columns.count, target)
        let status =
          epilogue?.run(box: tile, operands: operands, product: scratch) ?? .success
        if status != .success { return status }
      }
      return .success
    }
  }
#endif
