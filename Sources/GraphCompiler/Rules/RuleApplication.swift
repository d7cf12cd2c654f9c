import GraphCore
import StandardOps

/// One node rewritten by a rule.
package struct RuleApplication {
  /// The rule.
  package let rule: Rule
  /// The node in the graph before the pass.
  package let node: Node
  /// The node's inputs in the graph that is being written.
  package let inputs: [Tensor]
  /// What stands for its outputs there.
  package let replacement: [Tensor]
  /// The number of nodes of that graph before the rule added its own.
  package let firstNew: Int
}

extension RuleApplication {
  /// Writes down what became of the node, and of those that only it took and its replacement no longer
  /// does; these live on in new nodes of their op, which stand for them from now on.
  func note(in log: inout RewriteLog, isTakenOnce: (Tensor) -> Bool) {
    let result = replacement[0].node
    log.record(
      ApplyRules.name, rule: rule.name, node: node.name, origin: node.record.origin,
      "became \"\(result.name)\"", heir: result.name)
    guard result.index >= firstNew else { return }
    let target = result.graph
    var made = (firstNew..<target.count).map { target.node(at: $0) }
    for absorbed in absorbed(made, isTakenOnce) {
      var heir = result
      if let index = made.firstIndex(where: { $0.op == absorbed.op }) {
        heir = made.remove(at: index)
        target.setOrigin(of: heir.index, to: absorbed.record.origin)
      }
      log.record(
        ApplyRules.name, rule: rule.name, node: absorbed.name, origin: absorbed.record.origin,
        "became part of \"\(heir.name)\"", heir: heir.name)
    }
  }

  /// The nodes that the rule's pattern took in and its replacement does without.
  private func absorbed(_ made: [Node], _ isTakenOnce: (Tensor) -> Bool) -> [Node] {
    var kept = Set(replacement.map(\.endpoint))
    for node in made { kept.formUnion(node.record.inputs) }
    var absorbed: [Node] = []
    var pending = inputs
    while let tensor = pending.popLast() {
      let node = tensor.node
      guard node.index < firstNew, !kept.contains(tensor.endpoint), node.op != Ops.Const.name,
        isTakenOnce(tensor)
      else { continue }
      absorbed.append(node)
      pending += node.inputs
    }
    return absorbed
  }
}
