import GraphCore
import TensorCore

/// What differs between two nodes that stand for one another.
struct NodeComparison {
  let matching: NodeMatching
  /// For each variable of the old graph its name in the new one.
  let variableNames: [String: String]
  let tolerance: Double
  /// The names in checkpoints of what each saver's node takes or gives, by the node's index.
  private let names: [Int: [String]]
  private let newNames: [Int: SavedNames]

  /// Names in order, and the place of each.
  private struct SavedNames {
    let list: [String]
    let places: [String: Int]
  }

  init(matching: NodeMatching, variableNames: [String: String], tolerance: Double) {
    self.matching = matching
    self.variableNames = variableNames
    self.tolerance = tolerance
    names = Self.savedNames(matching.old)
    newNames = Self.savedNames(matching.new).mapValues { list in
      SavedNames(
        list: list,
        places: Dictionary(
          list.enumerated().map { ($0.element, $0.offset) },
          uniquingKeysWith: { first, _ in first }))
    }
  }

  private static func savedNames(_ side: DiffSide) -> [Int: [String]] {
    var found: [Int: [String]] = [:]
    for node in side.nodes where DiffSide.savers.contains(node.op) {
      guard let strings = try? node.constantValue(1)?.strings() else { continue }
      found[node.index] = strings.map { String(decoding: $0, as: UTF8.self) }
    }
    return found
  }

  func details(_ old: Node, _ new: Node) -> [String] {
    var details: [String] = []
    if old.op != new.op { details.append("op \(old.op) -> \(new.op)") }
    details += attributes(old, new)
    details += savedNames(old, new)
    details += inputs(old, new)
    details += controlInputs(old, new)
    return details
  }

  private func attributes(_ old: Node, _ new: Node) -> [String] {
    let meaning = matching.old.meanings[old.index]
    let newMeaning = matching.new.meanings[new.index]
    return Set(meaning.keys).union(newMeaning.keys).sorted().compactMap { key in
      let (a, b) = (meaning[key], newMeaning[key])
      if a == b { return nil }
      if case .tensor(let x)? = a, case .tensor(let y)? = b {
        return TensorComparison(x, y, tolerance: tolerance).map { "\(key) \($0)" }
      }
      func text(_ node: Node) -> String {
        node.attributes[key].map { GraphText.text($0) } ?? "not stated"
      }
      return "\(key) \(text(old)) -> \(text(new))"
    }
  }

  /// Names under which tensors are saved or restored in one graph only, the variables' own names apart.
  private func savedNames(_ old: Node, _ new: Node) -> [String] {
    guard let names = names[old.index], let others = newNames[new.index] else { return [] }
    let kept = Set(names.compactMap { place(of: $0, in: others) })
    let gone = names.filter { place(of: $0, in: others) == nil }
    let come = others.list.indices.filter { !kept.contains($0) }.map { others.list[$0] }
    return gone.map { "no longer holds the tensor \"\($0)\"" }
      + come.map { "now holds the tensor \"\($0)\"" }
  }

  /// Where a tensor of the old graph's checkpoints is in the new one's, under its own name or its
  /// variable's new one.
  private func place(of name: String, in others: SavedNames) -> Int? {
    variableNames[name].flatMap { others.places[$0] } ?? others.places[name]
  }

  private func inputs(_ old: Node, _ new: Node) -> [String] {
    let (a, b) = (old.record.inputs, new.record.inputs)
    // Where each position of the old node is found in the new one.
    var places = Array(0..<max(a.count, b.count))
    if let names = names[old.index], let others = newNames[new.index] {
      for position in a.indices where !DiffSide.hasOrder(old, position) {
        guard position - 3 < names.count else { continue }
        // A name that is gone has been told.
        places[position] = place(of: names[position - 3], in: others).map { $0 + 3 } ?? -1
      }
    }
    var details: [String] = []
    for (position, place) in places.enumerated() where place >= 0 {
      let before = position < a.count ? a[position] : nil
      let after = place < b.count ? b[place] : nil
      if let before, let after, isSame(before, after) { continue }
      if before == nil, !DiffSide.hasOrder(new, position) { continue }
      details.append(
        "input \(position) \(name(before, matching.old)) -> \(name(after, matching.new))")
    }
    return details
  }

  private func isSame(_ before: Endpoint, _ after: Endpoint) -> Bool {
    guard matching.partners[before.node] == after.node else { return false }
    guard !DiffSide.hasOrder(matching.old.nodes[before.node]), let names = names[before.node],
      let others = newNames[after.node], names.indices.contains(before.output)
    else { return before.output == after.output }
    return place(of: names[before.output], in: others) == after.output
  }

  private func name(_ endpoint: Endpoint?, _ side: DiffSide) -> String {
    endpoint.map { "\(side.nodes[$0.node].name):\($0.output)" } ?? "none"
  }

  private func controlInputs(_ old: Node, _ new: Node) -> [String] {
    let before = old.record.controlInputs
    let after = Set(new.record.controlInputs)
    let kept = Set(before.compactMap { matching.partners[$0] })
    let gone = before.filter { index in matching.partners[index].map { !after.contains($0) } ?? true
    }
    return gone.map { "no longer after \(matching.old.nodes[$0].name)" }
      + after.subtracting(kept).sorted().map { "now after \(matching.new.nodes[$0].name)" }
  }
}

/// How two values differ.
struct TensorComparison: CustomStringConvertible {
  let description: String

  /// Nil if they are equal, or nearer to one another than the tolerance.
  init?(_ old: TensorValue, _ new: TensorValue, tolerance: Double) {
    guard old.dtype == new.dtype, old.shape == new.shape else {
      description = "\(old.dtype)\(old.shape) -> \(new.dtype)\(new.shape)"
      return
    }
    if old == new { return nil }
    guard let a = old.doubles, let b = new.doubles else {
      description = "\(old.elementsDescription(limit: 8)) -> \(new.elementsDescription(limit: 8))"
      return
    }
    var (count, worst) = (0, 0.0)
    for (x, y) in zip(a, b) where x != y && !(x.isNaN && y.isNaN) {
      let difference = abs(x - y)
      if difference <= tolerance { continue }
      count += 1
      // A NaN against a number is as far away as can be.
      worst = max(worst, difference.isNaN ? .infinity : difference)
    }
    if count == 0 {
      // Zeros of two signs, or NaNs of other bits.
      if tolerance > 0 { return nil }
      description = "differs in bits only"
      return
    }
    let values = a.count == 1 ? " (\(a[0]) -> \(b[0]))" : ""
    description = "differs by at most \(worst) in \(count) of \(a.count) elements\(values)"
  }
}
