import GraphCore
import TensorCore

/// What differs between two nodes that stand for one another.
struct NodeComparison {
  let matching: NodeMatching
  /// For each variable of the old graph its name in the new one.
  let variableNames: [String: String]
  let tolerance: Double

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

  /// The names of tensors in checkpoints that differ otherwise than the variables' own names do.
  private func savedNames(_ old: Node, _ new: Node) -> [String] {
    guard DiffSide.savers.contains(old.op), old.op == new.op,
      let names = strings(old.constantValue(1)), let others = strings(new.constantValue(1))
    else { return [] }
    let expected = names.map { variableNames[$0] ?? $0 }
    return zip(names, zip(expected, others)).filter { $0.1.0 != $0.1.1 && $0.0 != $0.1.1 }.map {
      "the name of a tensor in checkpoints \"\($0.0)\" -> \"\($0.1.1)\""
    }
  }

  private func strings(_ value: TensorValue?) -> [String]? {
    (try? value?.strings())?.map { String(decoding: $0, as: UTF8.self) }
  }

  private func inputs(_ old: Node, _ new: Node) -> [String] {
    let (a, b) = (old.record.inputs, new.record.inputs)
    var details: [String] = []
    for position in 0..<max(a.count, b.count) {
      let before = position < a.count ? a[position] : nil
      let after = position < b.count ? b[position] : nil
      if let before, let after, before.output == after.output,
        matching.partners[before.node] == after.node
      {
        continue
      }
      details.append(
        "input \(position) \(name(before, matching.old)) -> \(name(after, matching.new))")
    }
    return details
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
