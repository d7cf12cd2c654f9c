import Glibc
import GraphCore
import TensorCore

/// The labels that one sequence spells.
struct CTCLabels {
  /// How many there are as they are given.
  let count: Int
  /// The blank's class.
  let blank: Int
  /// Those that are no blanks, and of equal ones the first if they collapse.
  let classes: [Int]

  /// - Throws: `GraphError` if there is none, one is negative, or one follows a blank.
  init(_ labels: [Int], _ node: Node, _ sequence: Int, classes count: Int) throws(GraphError) {
    guard !labels.isEmpty else { throw GraphError("sequence \(sequence) has no labels") }
    (self.count, blank) = (labels.count, count - 1)
    let collapses = node[Ops.CTCLoss.collapsesLabels]
    var (kept, isOver): ([Int], Bool) = ([], false)
    for (place, label) in labels.enumerated() {
      if collapses, place > 0, label == labels[place - 1] { continue }
      if label >= blank {
        isOver = true
        continue
      }
      guard !isOver, label >= 0 else {
        throw GraphError(
          "label \(label) of sequence \(sequence) \(isOver ? "follows a blank" : "is negative")")
      }
      kept.append(label)
    }
    classes = kept
  }

  /// The labels of each sequence, of a sparse matrix's indices and values.
  ///
  /// - Throws: `GraphError` unless the indices are in order, each once, within the matrix.
  static func sequences(
    _ indices: TensorValue, _ values: TensorValue, _ count: Int
  ) throws(GraphError) -> [[Int]] {
    let (places, labels) = (indices.integers ?? [], values.integers ?? [])
    guard indices.shape.rank == 2, places.count == 2 * labels.count else {
      throw GraphError(
        "a row and a column for each label are expected, found labels_indices of shape "
          + "\(indices.shape) for \(labels.count) labels")
    }
    var sequences = [[Int]](repeating: [], count: count)
    var last = (row: 0, column: -1)
    for (number, label) in labels.enumerated() {
      let next = (row: places[2 * number], column: places[2 * number + 1])
      guard next > last, next.column >= 0, next.row < count else {
        throw GraphError(
          "labels_indices must be in order, each once, in \(count) rows, found "
            + "[\(next.row), \(next.column)] at \(number)")
      }
      sequences[next.row].append(label)
      last = next
    }
    return sequences
  }
}

/// The paths through the steps of one sequence that spell its labels: at each step they stay, go on to
/// what is next of blanks and labels in turn, or pass over a blank between different labels.
///
/// Graves, *Supervised Sequence Labelling with Recurrent Neural Networks*, 7.4; in logarithms.
struct CTCPaths {
  /// Labels with blanks before, between and behind them.
  private let classes: [Int]
  private let blank: Int
  private let mergesRepeated: Bool

  init(_ labels: CTCLabels, mergesRepeated: Bool) {
    blank = labels.blank
    self.mergesRepeated = mergesRepeated
    classes = labels.classes.flatMap { [labels.blank, $0] } + [labels.blank]
  }

  /// Whether paths may stay at a place.
  private func stays(at place: Int) -> Bool { mergesRepeated || classes[place] == blank }

  /// Whether paths may come to a place from the last but one.
  private func skips(to place: Int) -> Bool {
    place > 1 && classes[place] != blank
      && !(mergesRepeated && classes[place] == classes[place - 2])
  }

  /// - Parameter logits: of each step.
  func loss(of logits: [ArraySlice<Double>]) -> (loss: Double, gradients: [[Double]]) {
    let (time, places) = (logits.count, classes.count)
    let logarithms = logits.map(Self.logSoftmax)
    /// The probability of the beginnings of paths, to each place at each step.
    var before: [[Double]] = []
    for step in 0..<time {
      var row = [Double](repeating: -.infinity, count: places)
      for place in reached(step, of: time) {
        var sum = step == 0 && place < 2 ? 0 : -Double.infinity
        if step > 0 {
          let last = before[step - 1]
          if stays(at: place) { sum = last[place] }
          if place > 0 { sum = Self.added(sum, last[place - 1]) }
          if skips(to: place) { sum = Self.added(sum, last[place - 2]) }
        }
        row[place] = sum + logarithms[step][classes[place]]
      }
      before.append(row)
    }
    let ends = max(places - 2, 0)..<places
    let total = ends.reduce(-.infinity) { Self.added($0, before[time - 1][$1]) }
    /// The probability of what is left of paths behind each place.
    var after = (0..<places).map { ends.contains($0) ? 0 : -Double.infinity }
    var gradients = logarithms.map { $0.map { exp($0) } }
    if total == -.infinity { return (.infinity, gradients) }
    for step in (0..<time).reversed() {
      if step < time - 1 {
        let next = zip(after, classes).map { $0 + logarithms[step + 1][$1] }
        after = [Double](repeating: -.infinity, count: places)
        for place in reached(step, of: time) {
          var sum = stays(at: place) ? next[place] : -.infinity
          if place + 1 < places { sum = Self.added(sum, next[place + 1]) }
          if place + 2 < places, skips(to: place + 2) { sum = Self.added(sum, next[place + 2]) }
          after[place] = sum
        }
      }
      var through = [Double](repeating: -.infinity, count: gradients[step].count)
      for place in 0..<places {
        let own = classes[place]
        through[own] = Self.added(through[own], before[step][place] + after[place])
      }
      for own in through.indices { gradients[step][own] -= exp(through[own] - total) }
    }
    return (-total, gradients)
  }

  /// The places that paths can have come to, and come to the end from.
  private func reached(_ step: Int, of time: Int) -> Range<Int> {
    let first = max(classes.count - 2 * (time - step), 0)
    return first..<max(min(classes.count, 2 * (step + 1)), first)
  }

  private static func logSoftmax(_ logits: ArraySlice<Double>) -> [Double] {
    let greatest = logits.reduce(-.infinity) { $0 > $1 ? $0 : $1 }
    let sum = logits.reduce(0) { $0 + exp($1 - greatest) }
    return logits.map { $0 - greatest - log(sum) }
  }

  /// log(eᵃ + eᵇ).
  private static func added(_ a: Double, _ b: Double) -> Double {
    if a == -.infinity { return b }
    if b == -.infinity { return a }
    let (low, high) = a > b ? (b, a) : (a, b)
    return high + log1p(exp(low - high))
  }
}
