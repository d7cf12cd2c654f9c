#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// How the gradient of a convolution's filter is cut: by its sizes alone.
  ///
  /// It is a product: its rows are the taps' input channels, its columns the output channels, and its terms
  /// the places of the output. Terms come in chunks of output rows, whose inputs and packed gradients
  /// stay in cache while all rows of a tile pass over them.
  struct FilterGradientPlan {
    /// Where a tap meets the input: the output rows and columns at which it is inside, and the input's at
    /// the first of these.
    struct Tap {
      let rows: Range<Int>, columns: Range<Int>
      let inputRow: Int, inputColumn: Int
    }

    /// Input channels of one tap.
    struct Piece {
      let tap: Int
      let channels: Range<Int>
      let blocks: [Range<Int>]
    }

    /// What one thread computes: some pieces, for some of the panels.
    struct Tile {
      let pieces: [Piece]
      let panels: Range<Int>
      let firstBox: Int
      /// The rows of all its pieces.
      let rowCount: Int
    }

    let kernel: ConvolutionKernel
    let taps: [Tap]
    let tiles: [Tile]
    let boxes: [[StridedRange]]
    /// The columns of a panel.
    let width: Int
    let panelCount: Int
    /// The output rows of a chunk of terms.
    let chunkRows: Int

    private static let tileWork = 1_000_000
    private static let tileLimit = 64
    private static let chunkBytes = 128 << 10

    /// Nil for what has no code: groups of channels, depthwise ones, and channels first.
    init?(_ kernel: ConvolutionKernel, width: Int) {
      let geometry = kernel.geometry
      guard kernel.part == .filterGradient, !kernel.isDepthwise, geometry.groups == 1,
        !geometry.isChannelsFirst, kernel.dtype == .float32 || kernel.dtype == .float64,
        kernel.output.shape.count > 0
      else { return nil }
      self.kernel = kernel
      self.width = width
      panelCount = (geometry.outputChannels + width - 1) / width
      let size = kernel.dtype.byteCount ?? 4
      let rowBytes =
        max(
          geometry.inputWidth * geometry.inputChannels * geometry.strideHeight,
          geometry.outputWidth * panelCount * width) * size
      chunkRows = max(1, min(geometry.outputHeight, Self.chunkBytes / max(1, rowBytes)))
      let rows = (0..<geometry.windowHeight).map {
        Self.line(
          $0 * geometry.dilationHeight - geometry.padTop, geometry.strideHeight,
          geometry.inputHeight, geometry.outputHeight)
      }
      let columns = (0..<geometry.windowWidth).map {
        Self.line(
          $0 * geometry.dilationWidth - geometry.padLeft, geometry.strideWidth,
          geometry.inputWidth, geometry.outputWidth)
      }
      taps = rows.flatMap { row in
        columns.map { column in
          Tap(
            rows: row.places, columns: column.places, inputRow: row.first,
            inputColumn: column.first)
        }
      }
      (tiles, boxes) = Self.cut(kernel, panelCount, width)
    }

    /// The output places at which a tap is inside the input, and the input's place at the first.
    private static func line(_ start: Int, _ stride: Int, _ input: Int, _ output: Int) -> (
      places: Range<Int>, first: Int
    ) {
      let first = start >= 0 ? 0 : (-start + stride - 1) / stride
      let end = start >= input ? 0 : min(output, (input - start + stride - 1) / stride)
      return first < end ? (first..<end, start + first * stride) : (0..<0, 0)
    }

    private static func cut(_ kernel: ConvolutionKernel, _ panelCount: Int, _ width: Int) -> (
      tiles: [Tile], boxes: [[StridedRange]]
    ) {
      let geometry = kernel.geometry
      let channels = geometry.inputChannels
      let tapCount = geometry.windowHeight * geometry.windowWidth
      let rowCount = tapCount * channels
      let wanted = min(tileLimit, max(1, kernel.work / tileWork))
      let rowCuts = max(1, min(wanted, rowCount / (4 * MicroKernelForm.mostRows)))
      let panelCuts = max(1, min(panelCount, (wanted + rowCuts - 1) / rowCuts))
      var tiles: [Tile] = []
      var boxes: [[StridedRange]] = []
      for panels in ProductTiling.parts(panelCount, panelCuts) {
        for rows in ProductTiling.parts(rowCount, rowCuts) where !rows.isEmpty {
          var pieces: [Piece] = []
          for tap in (rows.lowerBound / channels)...((rows.upperBound - 1) / channels) {
            let all = rows.clamped(to: (tap * channels)..<((tap + 1) * channels))
            let range = (all.lowerBound - tap * channels)..<(all.upperBound - tap * channels)
            pieces.append(
              Piece(
                tap: tap, channels: range,
                blocks: ProductTiling.blocks(range)))
          }
          tiles.append(
            Tile(pieces: pieces, panels: panels, firstBox: boxes.count, rowCount: rows.count))
          let columns =
            (panels.lowerBound * width)..<min(panels.upperBound * width, geometry.outputChannels)
          for piece in pieces {
            boxes.append([
              StridedRange(start: piece.tap / geometry.windowWidth, count: 1),
              StridedRange(start: piece.tap % geometry.windowWidth, count: 1),
              StridedRange(piece.channels), StridedRange(columns),
            ])
          }
        }
      }
      return (tiles, boxes)
    }

    /// The row counts of all blocks.
    var rowCounts: [Int] {
      Set(tiles.flatMap { $0.pieces.flatMap { $0.blocks.map(\.count) } }).sorted()
    }
  }
#endif
