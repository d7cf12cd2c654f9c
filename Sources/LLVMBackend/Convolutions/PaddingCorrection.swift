#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// Leaves padding out of the sums that it has made NaN: micro-kernels multiply its zeros by the
  /// filter, and zero times infinity is no number. TensorFlow's sums have no terms for padding.
  struct PaddingCorrection {
    /// A tap, where its terms begin in a panel, and where in what windows are read from.
    private struct Terms {
      let tap: WindowPhase.Tap
      let inPanel: Int, inSource: Int
    }

    private let plan: WindowPlan
    private let part: WindowPlan.Part
    private let layout: WindowLayout
    private let terms: [Terms]
    /// The terms of one tap.
    private let termCount: Int
    /// The rows and columns of the phase at which all taps are inside of the source.
    private let wholeRows: Range<Int>, wholeColumns: Range<Int>

    init(_ part: WindowPlan.Part, _ layout: WindowLayout, _ plan: WindowPlan) {
      self.plan = plan
      self.part = part
      self.layout = layout
      let kernel = plan.kernel
      let size = kernel.dtype.byteCount ?? 4
      termCount = kernel.isDepthwise ? 1 : kernel.sourceChannels / kernel.groupCount
      let panelStep = termCount * plan.width * size
      terms = part.phase.taps.enumerated().map { number, tap in
        Terms(tap: tap, inPanel: number * panelStep, inSource: layout.offset(of: tap))
      }
      let phase = part.phase
      wholeRows = Self.whole(
        phase.taps.map(\.row), phase.rowStep, phase.rows.count, kernel.sourceHeight)
      wholeColumns = Self.whole(
        phase.taps.map(\.column), phase.columnStep, phase.columns.count, kernel.sourceWidth)
    }

    /// The places of a line at which all taps are inside of a source of this size.
    private static func whole(_ taps: [Int], _ step: Int, _ count: Int, _ size: Int) -> Range<Int> {
      let (least, most) = (taps.min() ?? 0, taps.max() ?? 0)
      let inside = (0..<count).filter { least + $0 * step >= 0 && most + $0 * step < size }
      return (inside.first ?? 0)..<(inside.last.map { $0 + 1 } ?? 0)
    }

    /// Corrects the products of some rows of a phase with a group of panels.
    ///
    /// - Parameters:
    ///   - source: what the first row's windows are read from, as micro-kernels take it.
    ///   - panels: the group's first packed panel.
    func correct(
      _ rows: Range<Int>, _ source: UnsafeRawPointer, _ group: Range<Int>,
      _ panels: UnsafeRawPointer, _ product: UnsafeMutableRawPointer
    ) {
      if plan.kernel.dtype == .float64 {
        correct(rows, source, group, panels, product.assumingMemoryBound(to: Double.self))
      } else {
        correct(rows, source, group, panels, product.assumingMemoryBound(to: Float.self))
      }
    }

    private func correct<T: BinaryFloatingPoint>(
      _ rows: Range<Int>, _ source: UnsafeRawPointer, _ group: Range<Int>,
      _ panels: UnsafeRawPointer, _ product: UnsafeMutablePointer<T>
    ) {
      let columns = 0..<part.phase.columns.count
      for row in rows {
        let first = (row - rows.lowerBound) * columns.count
        let whole = wholeRows.contains(row) ? wholeColumns : 0..<0
        for column in columns where !whole.contains(column) {
          correct(row, column, place: first + column, source, group, panels, product)
        }
      }
    }

    @inline(__always)
    private func correct<T: BinaryFloatingPoint>(
      _ row: Int, _ column: Int, place: Int, _ source: UnsafeRawPointer, _ group: Range<Int>,
      _ panels: UnsafeRawPointer, _ product: UnsafeMutablePointer<T>
    ) {
      let size = MemoryLayout<T>.size
      for (number, panel) in group.enumerated() {
        let sums = product + (place * group.count + number) * plan.width
        let (columns, channel) = (plan.panels[panel].columns, plan.panels[panel].sourceChannel)
        for c in 0..<columns.count where sums[c].isNaN {
          let own = channel + (plan.kernel.isDepthwise ? c : 0)
          sums[c] = sum(
            row, column, source + (layout.places[place] + own * size),
            panels + (number * part.panelBytes + c * size))
        }
      }
    }

    private func isInside(_ tap: WindowPhase.Tap, _ row: Int, _ column: Int) -> Bool {
      let (y, x) = (
        tap.row + row * part.phase.rowStep, tap.column + column * part.phase.columnStep
      )
      return (0..<plan.kernel.sourceHeight).contains(y)
        && (0..<plan.kernel.sourceWidth).contains(x)
    }

    /// The sum of the terms inside, up to where it is NaN for good.
    private func sum<T: BinaryFloatingPoint>(
      _ row: Int, _ column: Int, _ window: UnsafeRawPointer, _ panel: UnsafeRawPointer
    ) -> T {
      var sum: T = 0
      for term in terms where isInside(term.tap, row, column) {
        let values = (window + term.inSource).assumingMemoryBound(to: T.self)
        let weights = (panel + term.inPanel).assumingMemoryBound(to: T.self)
        for i in 0..<termCount {
          sum += values[i] * weights[i * plan.width]
          if sum.isNaN { return sum }
        }
      }
      return sum
    }
  }
#endif
