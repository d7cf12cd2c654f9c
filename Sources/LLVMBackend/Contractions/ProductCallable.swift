#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// A matrix product in panels: the right factor is packed, once for all runs if it does not change in
  /// them, and each block of rows meets each panel in registers.
  final class ProductCallable: PackingCallable, @unchecked Sendable {
    private let recipe: ProductRecipe
    /// Whether the right factor comes in panels.
    private let isPacked: Bool
    private let kernel: ContractionKernel
    private let tiling: ProductTiling
    private let micro: MicroKernelTable
    private let packingFunction: PackingFunction
    private let epilogue: EpilogueCallable?
    /// The distances of a block's rows in the left factor, and where its only segment begins.
    private let tables: UnsafeMutablePointer<Int>
    /// The first box of each tile's epilogue.
    private let firstBox: [Int]
    private let boxesPerBatch: Int
    private let size: Int
    private let aRow: Int, aStep: Int
    private let panelBytes: Int

    init(
      _ recipe: ProductRecipe, micro: MicroKernelTable, packing: @escaping PackingFunction,
      epilogue: EpilogueCallable?, isPacked: Bool = false
    ) {
      self.recipe = recipe
      self.isPacked = isPacked
      kernel = recipe.kernel
      tiling = recipe.tiling
      self.micro = micro
      packingFunction = packing
      self.epilogue = epilogue
      size = kernel.dtype.byteCount ?? 4
      let a = kernel.a
      aRow = (a.isTransposed ? 1 : a.leadingDimension) * size
      aStep = (a.isTransposed ? a.leadingDimension : 1) * size
      panelBytes = kernel.k * tiling.width * size
      tables = .allocate(capacity: MicroKernelForm.mostRows + 2)
      for row in 0..<MicroKernelForm.mostRows { tables[row] = row * aRow }
      (tables + MicroKernelForm.mostRows).initialize(repeating: 0, count: 2)
      var first: [Int] = []
      var count = 0
      for tile in tiling.tiles {
        first.append(count)
        count += tile.chunks.count
      }
      firstBox = first
      boxesPerBatch = count
      batchCount = kernel.batch.reduce(1, *)
      chunkByteCount =
        (tiling.mostRows * tiling.mostPanels * tiling.width * size + 63) / 64 * 64
      scratchByteCount = chunkByteCount + (isPacked ? 64 : tiling.mostPanels * panelBytes)
    }

    deinit { tables.deallocate() }

    private let batchCount: Int
    var tileCount: Int { batchCount * tiling.tiles.count }
    /// A chunk of the product, or a block's ragged columns, in scratch; a tile's panels follow.
    private let chunkByteCount: Int
    let scratchByteCount: Int
    var estimatedNanoseconds: Int { batchCount * kernel.m * kernel.n * kernel.k / 32 }

    /// The right factor in panels, all of them one after the other.
    var packing: OperandPacking? {
      let b = kernel.b
      guard !isPacked, b.batchStrides.allSatisfy({ $0 == 0 }) || batchCount == 1,
        kernel.a.buffer != b.buffer, kernel.epilogue?.touches(b.buffer) != true
      else { return nil }
      return OperandPacking(
        operand: b.buffer, byteCount: tiling.panelCount * panelBytes,
        layout: "\(kernel.k) terms of \(kernel.n) columns\(b.isTransposed ? ", transposed" : ""), "
          + "from \(b.offset), \(b.leadingDimension) apart, in panels of \(tiling.width)")
    }

    func pack(from source: UnsafeRawPointer, into memory: UnsafeMutableRawPointer) {
      pack(0..<tiling.panelCount, of: source + offset(kernel.b, 0) * size, into: memory)
    }

    func takingPacked() -> any KernelCallable {
      ProductCallable(
        recipe, micro: micro, packing: packingFunction, epilogue: epilogue, isPacked: true)
    }

    private func pack(
      _ panels: Range<Int>, of matrix: UnsafeRawPointer, into memory: UnsafeMutableRawPointer
    ) {
      let b = kernel.b
      let pitch = b.leadingDimension * size
      for panel in panels {
        let column = panel * tiling.width
        _ = packingFunction(
          matrix + (b.isTransposed ? column * pitch : column * size), pitch, kernel.k,
          min(tiling.width, kernel.n - column),
          memory + (panel - panels.lowerBound) * panelBytes)
      }
    }

    func run(
      tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
      scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      for number in tiles {
        let (batch, index) = number.quotientAndRemainder(dividingBy: tiling.tiles.count)
        let status = run(tiling.tiles[index], index, batch, operands, scratch)
        if status != .success { return status }
      }
      return .success
    }

    private func run(
      _ tile: ProductTiling.Tile, _ index: Int, _ batch: Int,
      _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      let a = UnsafeRawPointer(operands[kernel.a.buffer]) + offset(kernel.a, batch) * size
      let panels = panels(of: tile, batch, operands, scratch + chunkByteCount)
      let columns = tile.columns(tiling.width, of: kernel.n)
      if epilogue == nil {
        let pitch = kernel.n * size
        let product =
          operands[kernel.product] + (batch * kernel.m * kernel.n + columns.lowerBound) * size
        for chunk in tile.chunks {
          multiply(
            chunk, tile.panels.count, a, panels,
            to: product + chunk[0].lowerBound * pitch, pitch, columns.count, scratch)
        }
        return .success
      }
      let pitch = tile.panels.count * tiling.width * size
      var box = batch * boxesPerBatch + firstBox[index]
      for chunk in tile.chunks {
        multiply(chunk, tile.panels.count, a, panels, to: scratch, pitch, Int.max, scratch)
        let status = epilogue?.run(box: box, operands: operands, product: scratch) ?? .success
        if status != .success { return status }
        box += 1
      }
      return .success
    }

    /// The packed panels of a tile: those of all runs, or packed now.
    private func panels(
      of tile: ProductTiling.Tile, _ batch: Int,
      _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ memory: UnsafeMutableRawPointer
    ) -> UnsafeRawPointer {
      if isPacked {
        return UnsafeRawPointer(operands[kernel.b.buffer]) + tile.panels.lowerBound * panelBytes
      }
      let b = UnsafeRawPointer(operands[kernel.b.buffer]) + offset(kernel.b, batch) * size
      pack(tile.panels, of: b, into: memory)
      return UnsafeRawPointer(memory)
    }

    /// A chunk of rows times some panels.
    ///
    /// - Parameters:
    ///   - columns: how many columns there are at `target`; beyond, nothing is written.
    ///   - spare: room for a panel's block of which only some columns are.
    private func multiply(
      _ chunk: [Range<Int>], _ panelCount: Int, _ a: UnsafeRawPointer, _ panels: UnsafeRawPointer,
      to target: UnsafeMutableRawPointer, _ pitch: Int, _ columns: Int,
      _ spare: UnsafeMutableRawPointer
    ) {
      let segment = tables + MicroKernelForm.mostRows
      let width = tiling.width * size
      var line = target
      for block in chunk {
        let micro = micro[block.count]
        let rows = a + block.lowerBound * aRow
        for panel in 0..<panelCount {
          let b = panels + panel * panelBytes
          let place = line + panel * width
          let left = columns - panel * tiling.width
          if left >= tiling.width {
            _ = micro(rows, tables, aStep, kernel.k, segment, 1, b, place, pitch, 0)
            continue
          }
          _ = micro(rows, tables, aStep, kernel.k, segment, 1, b, spare, width, 0)
          for row in 0..<block.count {
            (place + row * pitch).copyMemory(from: spare + row * width, byteCount: left * size)
          }
        }
        line += block.count * pitch
      }
    }

    /// The element offset of a batch's matrix.
    private func offset(_ operand: MatrixOperand, _ batch: Int) -> Int {
      var (offset, rest) = (operand.offset, batch)
      for dimension in kernel.batch.indices.reversed() {
        offset += rest % kernel.batch[dimension] * operand.batchStrides[dimension]
        rest /= kernel.batch[dimension]
      }
      return offset
    }
  }

  extension LoopKernel {
    /// Whether the loop reads or writes a buffer.
    func touches(_ buffer: Int) -> Bool {
      (loads + finishLoads + stores).contains { $0.buffer == buffer }
    }
  }
#endif
