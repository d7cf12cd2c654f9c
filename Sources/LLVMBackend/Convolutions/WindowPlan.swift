#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// How a convolution, or the gradient of its input, is cut and laid out: by its sizes alone.
  struct WindowPlan {
    /// Columns of the result that one micro-kernel computes.
    struct Panel {
      /// The channels of the result.
      let columns: Range<Int>
      /// The first channel of the source that they take.
      let sourceChannel: Int
    }

    /// A phase with its layout.
    struct Part {
      let phase: WindowPhase
      /// The rows of a chunk, whose product stays in cache until the epilogue has read it.
      let chunkRows: Int
      /// Whether windows see only what is in the source, so that no padded copy is needed.
      let isInside: Bool
      /// Runs of taps: each is one segment of terms.
      let runs: [[WindowPhase.Tap]]
      /// The bytes of one packed panel, and where the phase's first is.
      let panelBytes: Int, firstByte: Int
    }

    /// What one thread computes: some rows of a phase of an image, for some of the panels.
    struct Tile {
      let image: Int, part: Int
      let rows: Range<Int>
      /// Panels in groups that stay in the second cache.
      let groups: [Range<Int>]
      let firstBox: Int
    }

    let kernel: ConvolutionKernel
    let panels: [Panel]
    let parts: [Part]
    let tiles: [Tile]
    /// The columns of a panel.
    let width: Int
    /// The boxes of the epilogue in the order of tiles, groups and chunks.
    let boxes: [[StridedRange]]
    /// The bytes of all packed panels.
    let packedByteCount: Int

    private static let tileWork = 1_000_000
    private static let tileLimit = 64
    private static let groupBytes = 256 << 10
    private static let chunkBytes = 48 << 10

    /// Nil for what has no code: channels first, depthwise multipliers, and the filter's gradient.
    init?(_ kernel: ConvolutionKernel, width: Int) {
      let geometry = kernel.geometry
      guard kernel.part != .filterGradient, !geometry.isChannelsFirst,
        kernel.dtype == .float32 || kernel.dtype == .float64, kernel.output.shape.count > 0,
        !kernel.isDepthwise || geometry.outputChannels == geometry.inputChannels
      else { return nil }
      self.kernel = kernel
      self.width = width
      let size = kernel.dtype.byteCount ?? 4
      let panels = Self.panels(kernel, width)
      self.panels = panels
      let terms = kernel.isDepthwise ? 1 : kernel.sourceChannels / kernel.groupCount
      var parts: [Part] = []
      var firstByte = 0
      for phase in WindowPhase.phases(geometry, kernel.part)
      where phase.rows.count * phase.columns.count > 0 {
        let rows = phase.sourceRows(0..<phase.rows.count)
        let columns = phase.sourceColumns
        let isInside =
          rows.lowerBound >= 0 && rows.upperBound <= kernel.sourceHeight
          && columns.lowerBound >= 0 && columns.upperBound <= kernel.sourceWidth
          && (!kernel.isDepthwise || kernel.sourceChannels % width == 0)
        let panelBytes = phase.taps.count * terms * width * size
        let fitting = max(1, min(panels.count, Self.groupBytes / max(1, panelBytes)))
        let rowBytes = phase.columns.count * fitting * width * size
        parts.append(
          Part(
            phase: phase,
            chunkRows: max(1, min(phase.rows.count, Self.chunkBytes / max(1, rowBytes))),
            isInside: isInside,
            runs: kernel.groupCount > 1 ? phase.taps.map { [$0] } : phase.runs,
            panelBytes: panelBytes, firstByte: firstByte))
        firstByte += panelBytes * panels.count
      }
      self.parts = parts
      packedByteCount = firstByte
      (tiles, boxes) = Self.cut(kernel, panels, parts, width)
    }

    private static func panels(_ kernel: ConvolutionKernel, _ width: Int) -> [Panel] {
      let groups = kernel.groupCount
      let perGroup = kernel.output.shape[3] / groups
      return (0..<groups).flatMap { group in
        stride(from: 0, to: perGroup, by: width).map { first in
          let column = group * perGroup + first
          return Panel(
            columns: column..<min(column + width, (group + 1) * perGroup),
            sourceChannel: kernel.isDepthwise ? column : group * (kernel.sourceChannels / groups))
        }
      }
    }

    private static func cut(
      _ kernel: ConvolutionKernel, _ panels: [Panel], _ parts: [Part], _ width: Int
    ) -> (tiles: [Tile], boxes: [[StridedRange]]) {
      let images = kernel.geometry.batch
      let wanted = min(tileLimit, max(1, kernel.work / tileWork))
      let perImage = max(1, (wanted + images * parts.count - 1) / (images * parts.count))
      let sourceBytes =
        kernel.sourceHeight * kernel.sourceWidth * kernel.sourceChannels
        * (kernel.dtype.byteCount ?? 4)
      var tiles: [Tile] = []
      var boxes: [[StridedRange]] = []
      for image in 0..<images {
        for (number, part) in parts.enumerated() {
          let phase = part.phase
          // Each cut of the rows reads all of the filter, each cut of the panels all of the source.
          let cutsPanels =
            panels.count >= 2 * perImage && part.panelBytes * panels.count > sourceBytes
            || phase.rows.count < perImage && panels.count > 1
          let rowCuts = cutsPanels ? 1 : min(perImage, phase.rows.count)
          let panelCuts = cutsPanels ? min(perImage, panels.count) : 1
          for rows in ProductTiling.parts(phase.rows.count, rowCuts) {
            for range in ProductTiling.parts(panels.count, panelCuts) {
              let groups = Self.groups(range, panels, part, width)
              tiles.append(
                Tile(
                  image: image, part: number, rows: rows, groups: groups, firstBox: boxes.count))
              for group in groups {
                let channels =
                  panels[group.lowerBound].columns
                  .lowerBound..<panels[group.upperBound - 1]
                  .columns.upperBound
                for chunk in part.chunks(rows) {
                  boxes.append([
                    StridedRange(start: image, count: 1),
                    StridedRange(
                      start: phase.rows.start + chunk.lowerBound * phase.rows.step,
                      step: phase.rows.step, count: chunk.count),
                    phase.columns, StridedRange(channels),
                  ])
                }
              }
            }
          }
        }
      }
      return (tiles, boxes)
    }

    /// Panels that share a group of channels and fit in cache together.
    private static func groups(
      _ range: Range<Int>, _ panels: [Panel], _ part: Part, _ width: Int
    ) -> [Range<Int>] {
      let fitting = max(1, groupBytes / max(1, part.panelBytes))
      var groups: [Range<Int>] = []
      for panel in range {
        if let last = groups.last, last.count < fitting,
          panels[panel - 1].columns.count == width,
          panels[panel - 1].sourceChannel == panels[panel].sourceChannel
            || panels[panel].sourceChannel == panels[panel].columns.lowerBound
        {
          groups[groups.count - 1] = last.lowerBound..<(panel + 1)
        } else {
          groups.append(panel..<(panel + 1))
        }
      }
      return groups
    }

    /// The row counts of all micro-kernels' blocks.
    var rowCounts: [Int] {
      var counts = Set<Int>()
      for tile in tiles {
        let part = parts[tile.part]
        for chunk in part.chunks(tile.rows) {
          counts.formUnion(
            ProductTiling.blocks(0..<(chunk.count * part.phase.columns.count)).map(\.count))
        }
      }
      return counts.sorted()
    }
  }

  extension WindowPlan.Part {
    func chunks(_ rows: Range<Int>) -> [Range<Int>] {
      stride(from: rows.lowerBound, to: rows.upperBound, by: chunkRows).map {
        $0..<min($0 + chunkRows, rows.upperBound)
      }
    }
  }

  extension ConvolutionKernel {
    /// The groups of channels that do not meet; a depthwise convolution is computed by columns instead.
    var groupCount: Int { isDepthwise ? 1 : max(1, geometry.groups) }
    private var takesOutputGradient: Bool { part == .inputGradient }
    /// The sizes of the tensor that windows move over.
    var sourceHeight: Int { takesOutputGradient ? geometry.outputHeight : geometry.inputHeight }
    var sourceWidth: Int { takesOutputGradient ? geometry.outputWidth : geometry.inputWidth }
    var sourceChannels: Int {
      takesOutputGradient ? geometry.outputChannels : geometry.inputChannels
    }
    /// The operands: what windows move over, and the filter.
    var source: NamedKernelCall.Value { inputs[takesOutputGradient ? 1 : 0] }
    var filter: NamedKernelCall.Value { inputs[takesOutputGradient ? 0 : 1] }
  }
#endif
