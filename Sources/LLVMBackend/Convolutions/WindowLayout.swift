#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// Where a phase finds its terms: the tables that micro-kernels read, and the padded copy of the source
  /// where windows reach beyond it.
  final class WindowLayout: @unchecked Sendable {
    /// The bytes from row to row of what windows are read from, and from column to column.
    let rowBytes: Int
    private let columnBytes: Int
    /// The bytes before the first column, where the source itself is read.
    let firstColumn: Int
    /// Where each place of a chunk begins, in bytes from its first.
    let places: UnsafeMutablePointer<Int>
    /// Where each segment begins, in the source and in a panel.
    let segments: UnsafeMutablePointer<Int>
    let segmentCount: Int
    /// The terms of a segment, and the bytes from one to the next.
    let count: Int, step: Int
    private let columns: Range<Int>
    private let leastRow: Int

    init(_ part: WindowPlan.Part, _ plan: WindowPlan) {
      let kernel = plan.kernel
      let size = kernel.dtype.byteCount ?? 4
      let phase = part.phase
      columns = phase.sourceColumns
      let channels =
        kernel.isDepthwise && !part.isInside
        ? (kernel.sourceChannels + plan.width - 1) / plan.width * plan.width
        : kernel.sourceChannels
      columnBytes = channels * size
      rowBytes = (part.isInside ? kernel.sourceWidth : columns.count) * columnBytes
      firstColumn = columns.lowerBound * columnBytes
      let rowCount = part.chunkRows
      places = .allocate(capacity: max(1, rowCount * phase.columns.count))
      for row in 0..<rowCount {
        for column in 0..<phase.columns.count {
          places[row * phase.columns.count + column] =
            row * phase.rowStep * rowBytes + column * phase.columnStep * columnBytes
        }
      }
      let terms = kernel.isDepthwise ? 1 : kernel.sourceChannels / kernel.groupCount
      let run = part.runs.first?.count ?? 0
      count = run * terms
      step = kernel.isDepthwise ? columnBytes : size
      segmentCount = part.runs.count
      segments = .allocate(capacity: max(1, 2 * segmentCount))
      leastRow = phase.taps.map(\.row).min() ?? 0
      for (number, taps) in part.runs.enumerated() {
        segments[number] = offset(of: taps[0])
        segments[segmentCount + number] = number * count * plan.width * size
      }
    }

    deinit {
      places.deallocate()
      segments.deallocate()
    }

    /// Where a tap's terms begin, in bytes from a place.
    func offset(of tap: WindowPhase.Tap) -> Int {
      (tap.row - leastRow) * rowBytes + (tap.column - columns.lowerBound) * columnBytes
    }

    /// Copies rows of an image with zeros around it.
    func copyBand(
      _ rows: Range<Int>, of image: UnsafeRawPointer, into band: UnsafeMutableRawPointer,
      _ plan: WindowPlan
    ) {
      let kernel = plan.kernel
      let pixel = kernel.sourceChannels * (kernel.dtype.byteCount ?? 4)
      let inside = columns.clamped(to: 0..<kernel.sourceWidth)
      for row in rows {
        let target = band + (row - rows.lowerBound) * rowBytes
        guard (0..<kernel.sourceHeight).contains(row), !inside.isEmpty else {
          target.initializeMemory(as: UInt8.self, repeating: 0, count: rowBytes)
          continue
        }
        let before = (inside.lowerBound - columns.lowerBound) * columnBytes
        let after = (columns.upperBound - inside.upperBound) * columnBytes
        target.initializeMemory(as: UInt8.self, repeating: 0, count: before)
        (target + rowBytes - after).initializeMemory(as: UInt8.self, repeating: 0, count: after)
        let source = image + (row * kernel.sourceWidth + inside.lowerBound) * pixel
        if pixel == columnBytes {
          (target + before).copyMemory(from: source, byteCount: inside.count * pixel)
          continue
        }
        for column in 0..<inside.count {
          let place = target + before + column * columnBytes
          place.copyMemory(from: source + column * pixel, byteCount: pixel)
          (place + pixel).initializeMemory(
            as: UInt8.self, repeating: 0, count: columnBytes - pixel)
        }
      }
    }
  }
#endif
