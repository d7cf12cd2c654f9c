#if LLVM
  import StandardOps

  /// Places of a result whose sums take the same taps of the window, at the same distances in the source.
  ///
  /// A convolution has one phase. Its input's gradient has one for each place within the window's steps:
  /// a place meets only those taps whose distance is a whole number of steps, and those of one phase
  /// move over the output's gradient one by one.
  struct WindowPhase {
    /// One element of the window: its place in the filter, and where the source is that it meets at the
    /// phase's first place.
    struct Tap {
      let height: Int, width: Int
      let row: Int, column: Int
    }

    /// The rows and columns of the result.
    let rows: StridedRange, columns: StridedRange
    /// The steps in the source from place to place.
    let rowStep: Int, columnStep: Int
    /// In the order of their places in the source.
    let taps: [Tap]

    /// The phases of a convolution or of the gradient of its input, empty ones left out.
    static func phases(_ geometry: ConvolutionGeometry, _ part: ConvolutionPart) -> [WindowPhase] {
      if part == .output {
        let rows = line(
          geometry.windowHeight, geometry.dilationHeight, start: -geometry.padTop)
        let columns = line(
          geometry.windowWidth, geometry.dilationWidth, start: -geometry.padLeft)
        return [
          WindowPhase(
            rows: StridedRange(count: geometry.outputHeight),
            columns: StridedRange(count: geometry.outputWidth), rowStep: geometry.strideHeight,
            columnStep: geometry.strideWidth, taps: Self.taps(rows, columns))
        ]
      }
      let rows = backwards(
        geometry.windowHeight, geometry.dilationHeight, geometry.strideHeight, geometry.padTop,
        geometry.inputHeight)
      let columns = backwards(
        geometry.windowWidth, geometry.dilationWidth, geometry.strideWidth, geometry.padLeft,
        geometry.inputWidth)
      return rows.flatMap { row in
        columns.map { column in
          WindowPhase(
            rows: row.places, columns: column.places, rowStep: 1, columnStep: 1,
            taps: Self.taps(row.taps, column.taps))
        }
      }
    }

    private typealias Line = [(tap: Int, place: Int)]

    private static func line(_ window: Int, _ dilation: Int, start: Int) -> Line {
      (0..<window).map { ($0, start + $0 * dilation) }
    }

    private static func taps(_ rows: Line, _ columns: Line) -> [Tap] {
      rows.flatMap { row in
        columns.map { column in
          Tap(height: row.tap, width: column.tap, row: row.place, column: column.place)
        }
      }
    }

    /// One dimension of the input's gradient: index `i` meets tap `t` at the output's
    /// `(i + pad − t · dilation) / stride`, where that is whole.
    private static func backwards(
      _ window: Int, _ dilation: Int, _ stride: Int, _ pad: Int, _ size: Int
    ) -> [(places: StridedRange, taps: Line)] {
      (0..<min(stride, size)).map { start in
        let taps: Line = (0..<window).reversed().compactMap { tap in
          let distance = start + pad - tap * dilation
          // Below zero too, a whole number of steps.
          return distance % stride == 0 ? (tap, distance / stride) : nil
        }
        let count = (size - start + stride - 1) / stride
        return (StridedRange(start: start, step: stride, count: count), taps)
      }
    }

    /// The runs of taps that are neighbours in a row of the source, if all are of one length.
    var runs: [[Tap]] {
      var runs: [[Tap]] = []
      for tap in taps {
        if let last = runs.last?.last, last.row == tap.row, last.column + 1 == tap.column {
          runs[runs.count - 1].append(tap)
        } else {
          runs.append([tap])
        }
      }
      return Set(runs.map(\.count)).count > 1 ? taps.map { [$0] } : runs
    }

    /// The rows of the source that some rows of the phase meet.
    func sourceRows(_ rows: Range<Int>) -> Range<Int> {
      let places = taps.map(\.row)
      guard let least = places.min(), let most = places.max(), !rows.isEmpty else { return 0..<0 }
      return (rows.lowerBound * rowStep + least)..<((rows.upperBound - 1) * rowStep + most + 1)
    }

    /// The columns of the source that the phase meets.
    var sourceColumns: Range<Int> {
      let places = taps.map(\.column)
      guard let least = places.min(), let most = places.max(), columns.count > 0 else {
        return 0..<0
      }
      return least..<((columns.count - 1) * columnStep + most + 1)
    }
  }
#endif
