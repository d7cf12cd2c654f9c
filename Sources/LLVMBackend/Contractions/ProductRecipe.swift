#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// A matrix product on the way to code.
  struct ProductRecipe: Recipe {
    let kernel: ContractionKernel
    let tiling: ProductTiling
    let epilogue: EpilogueRecipe?

    /// Nil for a product without elements or terms.
    init?(_ kernel: ContractionKernel, _ machine: HostMachine) {
      let dtype = kernel.dtype
      let batchCount = kernel.batch.reduce(1, *)
      guard [.float32, .float64, .int32, .int64].contains(dtype),
        batchCount > 0, kernel.m > 0, kernel.n > 0, kernel.k > 0
      else { return nil }
      self.kernel = kernel
      tiling = ProductTiling(
        m: kernel.m, n: kernel.n, k: kernel.k, dtype: dtype,
        width: MicroKernelForm.columnCount(dtype, machine), batchCount: batchCount)
      guard let loop = kernel.epilogue else {
        epilogue = nil
        return
      }
      var boxes: [[StridedRange]] = []
      for batch in 0..<batchCount {
        let place = Self.indices(batch, of: kernel.batch).map { StridedRange(start: $0, count: 1) }
        for tile in tiling.tiles {
          for chunk in tile.chunks {
            boxes.append(
              place + [
                StridedRange(chunk[0].lowerBound..<chunk[chunk.count - 1].upperBound),
                StridedRange(tile.columns(tiling.width, of: kernel.n)),
              ])
          }
        }
      }
      let width = tiling.width
      epilogue = EpilogueRecipe(loop, dtype: dtype, boxes: boxes, keeping: 2) { box in
        // Rows of scratch are whole panels.
        [(box[box.endIndex - 1].count + width - 1) / width * width, 1]
      }
    }

    /// The indices of the `number`th element in row-major order.
    static func indices(_ number: Int, of extents: [Int]) -> [Int] {
      var (rest, result) = (number, extents)
      for dimension in extents.indices.reversed() {
        result[dimension] = rest % extents[dimension]
        rest /= extents[dimension]
      }
      return result
    }

    /// The micro-kernels by rows, then packing, then the epilogue.
    var forms: [any CodeForm] {
      let kernels = tiling.rowCounts.map {
        MicroKernelForm(
          dtype: kernel.dtype, rowCount: $0, isStrided: kernel.a.isTransposed)
      }
      let packing = PackingForm(dtype: kernel.dtype, isTransposed: kernel.b.isTransposed)
      return kernels + [packing] + (epilogue.map { [$0.form] } ?? [])
    }

    func callable(_ code: [Code]) -> any KernelCallable {
      let counts = tiling.rowCounts
      return ProductCallable(
        self, micro: MicroKernelTable(counts, code),
        packing: unsafeBitCast(code[counts.count].address, to: PackingFunction.self),
        epilogue: epilogue.map { EpilogueCallable($0, code[counts.count + 1]) })
    }
  }

  extension ProductTiling.Tile {
    func columns(_ width: Int, of n: Int) -> Range<Int> {
      (panels.lowerBound * width)..<min(panels.upperBound * width, n)
    }
  }
#endif
