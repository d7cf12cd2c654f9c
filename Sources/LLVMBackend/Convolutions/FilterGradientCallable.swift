#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// The gradient of a convolution's filter on the way to code.
  struct FilterGradientRecipe: Recipe {
    let plan: FilterGradientPlan
    let epilogue: EpilogueRecipe

    init?(_ kernel: ConvolutionKernel, _ machine: HostMachine) {
      let width = MicroKernelForm.columnCount(kernel.dtype, machine)
      guard let plan = FilterGradientPlan(kernel, width: width), !plan.boxes.isEmpty else {
        return nil
      }
      self.plan = plan
      epilogue = EpilogueRecipe(
        kernel.epilogue ?? kernel.storing, dtype: kernel.dtype, boxes: plan.boxes, keeping: 2
      ) { box in [(box[box.endIndex - 1].count + width - 1) / width * width, 1] }
    }

    var forms: [any CodeForm] {
      let dtype = plan.kernel.dtype
      let kernels = plan.rowCounts.map {
        MicroKernelForm(dtype: dtype, rowCount: $0, isStrided: true)
      }
      return kernels + [PackingForm(dtype: dtype, isTransposed: false), epilogue.form]
    }

    func callable(_ code: [Code]) -> any KernelCallable {
      let counts = plan.rowCounts
      return FilterGradientCallable(
        plan, micro: MicroKernelTable(counts, code),
        packing: unsafeBitCast(code[counts.count].address, to: PackingFunction.self),
        epilogue: EpilogueCallable(epilogue, code[counts.count + 1]))
    }
  }

  /// The gradient of a convolution's filter: sums over all places of the output, in the order of images
  /// and rows, that go on from chunk to chunk.
  final class FilterGradientCallable: KernelCallable, @unchecked Sendable {
    private let plan: FilterGradientPlan
    private let micro: MicroKernelTable
    private let packing: PackingFunction
    private let epilogue: EpilogueCallable
    private let size: Int
    /// The distances of a block's rows: neighbouring channels.
    private let rows: UnsafeMutablePointer<Int>
    /// The most bytes of a tile's sums, and of a chunk's packed panels.
    private let sumByteCount: Int, panelByteCount: Int
    let scratchByteCount: Int

    init(
      _ plan: FilterGradientPlan, micro: MicroKernelTable, packing: @escaping PackingFunction,
      epilogue: EpilogueCallable
    ) {
      self.plan = plan
      self.micro = micro
      self.packing = packing
      self.epilogue = epilogue
      size = plan.kernel.dtype.byteCount ?? 4
      rows = .allocate(capacity: MicroKernelForm.mostRows)
      for row in 0..<MicroKernelForm.mostRows { rows[row] = row * size }
      panelByteCount = plan.chunkRows * plan.kernel.geometry.outputWidth * plan.width * size
      let size = size
      let panels = plan.tiles.map(\.panels.count).max() ?? 0
      sumByteCount =
        ((plan.tiles.map { $0.rowCount * $0.panels.count }.max() ?? 0) * plan.width * size + 63)
        / 64 * 64
      // The segments of a chunk, in the input and in a panel.
      let segmentBytes = (2 * plan.chunkRows * MemoryLayout<Int>.stride + 63) / 64 * 64
      scratchByteCount = segmentBytes + sumByteCount + panels * panelByteCount
      self.segmentBytes = segmentBytes
    }

    private let segmentBytes: Int

    deinit { rows.deallocate() }

    var tileCount: Int { plan.tiles.count }
    var estimatedNanoseconds: Int { plan.kernel.work / 40 }

    func run(
      tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
      scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      for tile in tiles {
        let status = run(plan.tiles[tile], operands, scratch)
        if status != .success { return status }
      }
      return .success
    }

    private func run(
      _ tile: FilterGradientPlan.Tile, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
      _ scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      let geometry = plan.kernel.geometry
      let sums = scratch + segmentBytes
      let panels = sums + sumByteCount
      let pitch = tile.panels.count * plan.width * size
      sums.initializeMemory(as: UInt8.self, repeating: 0, count: tile.rowCount * pitch)
      for image in 0..<geometry.batch {
        var row = 0
        while row < geometry.outputHeight {
          let chunk = row..<min(row + plan.chunkRows, geometry.outputHeight)
          pack(tile.panels, image, chunk, operands, panels)
          accumulate(tile, image, chunk, operands, scratch, sums, panels, pitch)
          row = chunk.upperBound
        }
      }
      var first = sums
      for (number, piece) in tile.pieces.enumerated() {
        let status = epilogue.run(box: tile.firstBox + number, operands: operands, product: first)
        if status != .success { return status }
        first += piece.channels.count * pitch
      }
      return .success
    }

    /// Lays out the output's gradient at some rows.
    private func pack(
      _ range: Range<Int>, _ image: Int, _ chunk: Range<Int>,
      _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ panels: UnsafeMutableRawPointer
    ) {
      let geometry = plan.kernel.geometry
      let channels = geometry.outputChannels
      let first = (image * geometry.outputHeight + chunk.lowerBound) * geometry.outputWidth
      let gradient = UnsafeRawPointer(operands[plan.kernel.inputs[1].buffer])
      for panel in range {
        let column = panel * plan.width
        _ = packing(
          gradient + (first * channels + column) * size, channels * size,
          chunk.count * geometry.outputWidth, min(plan.width, channels - column),
          panels + (panel - range.lowerBound) * panelByteCount)
      }
    }

    private func accumulate(
      _ tile: FilterGradientPlan.Tile, _ image: Int, _ chunk: Range<Int>,
      _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ scratch: UnsafeMutableRawPointer,
      _ sums: UnsafeMutableRawPointer, _ panels: UnsafeMutableRawPointer, _ pitch: Int
    ) {
      let geometry = plan.kernel.geometry
      let pixel = geometry.inputChannels * size
      let input =
        UnsafeRawPointer(operands[plan.kernel.inputs[0].buffer])
        + image * geometry.inputHeight * geometry.inputWidth * pixel
      let segments = scratch.assumingMemoryBound(to: Int.self)
      var target = sums
      for piece in tile.pieces {
        let tap = plan.taps[piece.tap]
        let rows = tap.rows.clamped(to: chunk)
        let count = tap.columns.count
        let segmentCount = count == 0 ? 0 : rows.count
        for (number, row) in rows.enumerated() where segmentCount > 0 {
          let inputRow = tap.inputRow + (row - tap.rows.lowerBound) * geometry.strideHeight
          segments[number] = (inputRow * geometry.inputWidth + tap.inputColumn) * pixel
          segments[segmentCount + number] =
            ((row - chunk.lowerBound) * geometry.outputWidth + tap.columns.lowerBound)
            * plan.width * size
        }
        for block in piece.blocks {
          for panel in 0..<tile.panels.count where segmentCount > 0 {
            _ = micro[block.count](
              input + block.lowerBound * size, self.rows, geometry.strideWidth * pixel, count,
              segments, segmentCount, panels + panel * panelByteCount,
              target + panel * plan.width * size, pitch, 1)
          }
          target += block.count * pitch
        }
      }
    }
  }
#endif
