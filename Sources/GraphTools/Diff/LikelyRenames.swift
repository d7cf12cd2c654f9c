import TensorCore

/// Guesses which names mean one tensor: of one type and shape, and nearer to one another by far than to
/// any other name.
enum LikelyRenames {
  /// Below this two names have nothing in common but chance.
  private static let leastScore = 0.4
  /// A best match that is hardly better than the next is no match: `dense` and `dense_1` both look like
  /// `hidden1`.
  private static let margin = 0.15
  /// Beyond this many candidates of one shape, letters are not compared, only parts of paths.
  private static let letterLimit = 200

  static func find(
    _ missing: [String], _ old: [String: WeightTable.Entry], _ extra: [String],
    _ new: [String: WeightTable.Entry]
  ) -> [(String, String)] {
    // Grouped by what is always known, so that the squares stay small.
    func key(_ entry: WeightTable.Entry?) -> String {
      "\(entry?.dtype.name ?? "") \(entry?.shape.rank ?? -1)"
    }
    let groups = Dictionary(grouping: extra) { key(new[$0]) }
    var found: [(String, String)] = []
    for (group, names) in Dictionary(grouping: missing, by: { key(old[$0]) }) {
      var candidates = groups[group] ?? []
      if group.hasSuffix("-1") { candidates = extra }
      let scores = names.map { name in
        candidates.map { other -> Double in
          guard let a = old[name], let b = new[other], a.isCompatible(with: b) else { return 0 }
          return score(name, other, byLetters: names.count <= letterLimit)
        }
      }
      found += mutualBests(scores).map { (names[$0], candidates[$1]) }
    }
    return found.sorted { $0.0 < $1.0 }
  }

  /// The pairs that are each other's best by the margin.
  private static func mutualBests(_ scores: [[Double]]) -> [(Int, Int)] {
    guard let width = scores.first?.count, width > 0 else { return [] }
    func best(_ row: [Double]) -> Int? {
      guard let most = row.max(), most >= leastScore, let place = row.firstIndex(of: most) else {
        return nil
      }
      let next = row.indices.filter { $0 != place }.map { row[$0] }.max() ?? 0
      return most - next >= margin ? place : nil
    }
    let columns = (0..<width).map { column in scores.map { $0[column] } }
    let bests = columns.map(best)
    return scores.indices.compactMap { row in
      guard let column = best(scores[row]), bests[column] == row else { return nil }
      return (row, column)
    }
  }

  /// From 0 to 1: parts of the paths that agree at their ends, then letters of those that do not.
  private static func score(_ a: String, _ b: String, byLetters: Bool) -> Double {
    var left = a.split(separator: "/").map { Array($0.utf8) }
    var right = b.split(separator: "/").map { Array($0.utf8) }
    let longest = Double(max(left.count, right.count))
    var agreed = 0.0
    while let x = left.last, x == right.last {
      agreed += 1
      left.removeLast()
      right.removeLast()
    }
    var fromStart = 0
    while fromStart < min(left.count, right.count), left[fromStart] == right[fromStart] {
      fromStart += 1
    }
    agreed += Double(fromStart)
    if byLetters {
      // What only one of them has is compared with nothing.
      let (x, y) = (left.dropFirst(fromStart), right.dropFirst(fromStart))
      for (one, other) in zip(x.reversed(), y.reversed()) { agreed += likeness(one, other) }
    }
    return agreed / longest
  }

  private static func likeness(_ a: [UInt8], _ b: [UInt8]) -> Double {
    let likeness = 1 - Double(distance(a, b)) / Double(max(a.count, b.count, 1))
    // `hidden1` and `hidden2` are two layers, however near the names.
    return stem(a) == stem(b) ? likeness / 3 : likeness
  }

  private static func stem(_ part: [UInt8]) -> [UInt8] {
    part.filter { $0 != UInt8(ascii: "_") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// Levenshtein's distance.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substituted = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, min(row[j], row[j + 1]) + 1)
      }
    }
    return row[b.count]
  }
}
