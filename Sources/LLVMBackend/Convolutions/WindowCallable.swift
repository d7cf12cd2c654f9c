#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// A convolution, or the gradient of its input, straight from the source: windows are rows of
  /// micro-kernels, each run of taps a segment of their sums.
  final class WindowCallable: PackingCallable, @unchecked Sendable {
    private let plan: WindowPlan
    private let micro: MicroKernelTable
    private let packingFunction: PackingFunction
    private let epilogue: EpilogueCallable
    private let isPacked: Bool
    private let layouts: [WindowLayout]
    /// Nil for a part without padding.
    private let corrections: [PaddingCorrection?]
    private let size: Int
    /// The most bytes of a padded source, of a chunk's product, and of a group's panels.
    private let bandByteCount: Int, chunkByteCount: Int
    let scratchByteCount: Int

    init(
      _ plan: WindowPlan, micro: MicroKernelTable, packing: @escaping PackingFunction,
      epilogue: EpilogueCallable, isPacked: Bool = false
    ) {
      self.plan = plan
      self.micro = micro
      packingFunction = packing
      self.epilogue = epilogue
      self.isPacked = isPacked
      let size = plan.kernel.dtype.byteCount ?? 4
      self.size = size
      let layouts = plan.parts.map { WindowLayout($0, plan) }
      self.layouts = layouts
      corrections = zip(plan.parts, layouts).map { part, layout in
        part.isInside ? nil : PaddingCorrection(part, layout, plan)
      }
      var (band, chunk, panels) = (0, 0, 0)
      for tile in plan.tiles {
        let (part, layout) = (plan.parts[tile.part], layouts[tile.part])
        let columns = (tile.groups.map(\.count).max() ?? 0) * plan.width
        if !part.isInside {
          band = max(band, part.phase.sourceRows(tile.rows).count * layout.rowBytes)
        }
        let rows = min(part.chunkRows, tile.rows.count)
        chunk = max(chunk, rows * part.phase.columns.count * columns * size)
        if !isPacked {
          panels = max(panels, (tile.groups.map(\.count).max() ?? 0) * part.panelBytes)
        }
      }
      bandByteCount = (band + 127) / 64 * 64
      chunkByteCount = (chunk + 127) / 64 * 64
      scratchByteCount = bandByteCount + chunkByteCount + panels + 64
    }

    var tileCount: Int { plan.tiles.count }
    var estimatedNanoseconds: Int { plan.kernel.work / 40 }

    var packing: OperandPacking? {
      let kernel = plan.kernel
      let filter = kernel.filter.buffer
      guard !isPacked, kernel.source.buffer != filter,
        kernel.epilogue?.touches(filter) != true
      else { return nil }
      return OperandPacking(
        operand: filter, byteCount: plan.packedByteCount,
        layout: "a window of \(kernel.geometry), \(kernel.part)"
          + "\(kernel.isDepthwise ? ", depthwise" : ""), in panels of \(plan.width)")
    }

    func pack(from source: UnsafeRawPointer, into memory: UnsafeMutableRawPointer) {
      for part in plan.parts {
        pack(0..<plan.panels.count, of: source, part, into: memory + part.firstByte)
      }
    }

    func takingPacked() -> any KernelCallable {
      WindowCallable(
        plan, micro: micro, packing: packingFunction, epilogue: epilogue, isPacked: true)
    }

    /// Lays out the taps of a phase, in its order, for some panels.
    private func pack(
      _ panels: Range<Int>, of filter: UnsafeRawPointer, _ part: WindowPlan.Part,
      into memory: UnsafeMutableRawPointer
    ) {
      let kernel = plan.kernel
      let geometry = kernel.geometry
      let outputs = geometry.outputChannels
      let inputs = kernel.isDepthwise ? 1 : geometry.groupChannels
      let tapElements = kernel.isDepthwise ? outputs : inputs * outputs
      let terms = kernel.isDepthwise ? 1 : kernel.sourceChannels / kernel.groupCount
      for panel in panels {
        let columns = plan.panels[panel].columns
        let target = memory + (panel - panels.lowerBound) * part.panelBytes
        // Of a transposed filter the columns are input channels, within their group.
        let first =
          plan.packsTransposed
          ? columns.lowerBound % inputs * outputs
            + columns.lowerBound / inputs * (outputs / kernel.groupCount)
          : columns.lowerBound
        for (number, tap) in part.phase.taps.enumerated() {
          let place = (tap.height * geometry.windowWidth + tap.width) * tapElements + first
          _ = packingFunction(
            filter + place * size, outputs * size, terms, columns.count,
            target + number * terms * plan.width * size)
        }
      }
    }

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
      _ tile: WindowPlan.Tile, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
      _ scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      let part = plan.parts[tile.part]
      let layout = layouts[tile.part]
      let kernel = plan.kernel
      let image =
        UnsafeRawPointer(operands[kernel.source.buffer])
        + tile.image * kernel.sourceHeight * kernel.sourceWidth * kernel.sourceChannels * size
      let needed = part.phase.sourceRows(tile.rows)
      let band: UnsafeRawPointer
      if part.isInside {
        band = image + (needed.lowerBound * layout.rowBytes + layout.firstColumn)
      } else {
        layout.copyBand(needed, of: image, into: scratch, plan)
        band = UnsafeRawPointer(scratch)
      }
      let product = scratch + bandByteCount
      var box = tile.firstBox
      for group in tile.groups {
        let panels = panels(group, part, operands, product + chunkByteCount)
        var row = tile.rows.lowerBound
        while row < tile.rows.upperBound {
          let count = min(part.chunkRows, tile.rows.upperBound - row)
          let first =
            band + (row - tile.rows.lowerBound) * part.phase.rowStep * layout.rowBytes
          multiply(count * part.phase.columns.count, first, group, panels, part, layout, product)
          corrections[tile.part]?.correct(row..<(row + count), first, group, panels, product)
          let status = epilogue.run(box: box, operands: operands, product: product)
          if status != .success { return status }
          box += 1
          row += count
        }
      }
      return .success
    }

    private func panels(
      _ group: Range<Int>, _ part: WindowPlan.Part,
      _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ memory: UnsafeMutableRawPointer
    ) -> UnsafeRawPointer {
      let filter = UnsafeRawPointer(operands[plan.kernel.filter.buffer])
      if isPacked { return filter + part.firstByte + group.lowerBound * part.panelBytes }
      pack(group, of: filter, part, into: memory)
      return UnsafeRawPointer(memory)
    }

    /// The products of a chunk's places with a group of panels.
    private func multiply(
      _ places: Int, _ first: UnsafeRawPointer, _ group: Range<Int>, _ panels: UnsafeRawPointer,
      _ part: WindowPlan.Part, _ layout: WindowLayout, _ product: UnsafeMutableRawPointer
    ) {
      let pitch = group.count * plan.width * size
      let blocks = (places + MicroKernelForm.mostRows - 1) / MicroKernelForm.mostRows
      for block in 0..<blocks {
        let (start, end) = (block * places / blocks, (block + 1) * places / blocks)
        let kernel = micro[end - start]
        for panel in group {
          let number = panel - group.lowerBound
          _ = kernel(
            first + plan.panels[panel].sourceChannel * size, layout.places + start, layout.step,
            layout.count, layout.segments, layout.segmentCount,
            panels + number * part.panelBytes,
            product + start * pitch + number * plan.width * size, pitch, 0)
        }
      }
    }
  }
#endif
