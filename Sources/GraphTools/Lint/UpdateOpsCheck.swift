import GraphCore

/// Update ops, such as those that move a batch normalization's averages, which training does not run.
enum UpdateOpsCheck: LintCheck {
  static func findings(in context: LintContext) -> [LintFinding] {
    let updates = context.graph.collection(.updateOps).map(\.target)
    guard !context.training.isEmpty, !updates.isEmpty else { return [] }
    var seen: Set<Int> = []
    let missed = updates.filter {
      seen.insert($0.index).inserted && !isRun($0, context)
    }
    if missed.isEmpty { return [] }
    let names = context.training.map { "\"\($0.name)\"" }.joined(separator: ", ")
    let one = missed.count == 1
    return [
      LintFinding(
        kind: .updateOpsNotRun, nodes: missed,
        message: "\(missed.count) update op\(one ? " is" : "s are") not run by \(names), so that "
          + "moving averages stay as they are and inference uses their first values",
        cure:
          "make the training op within controlDependencies(graph.collection(.updateOps)), or run "
          + "the update ops beside it in every step (here: a --target for each)")
    ]
  }

  /// Whether training runs the op itself, or all that it would write.
  private static func isRun(_ node: Node, _ context: LintContext) -> Bool {
    if context.trained.contains(node.index) { return true }
    let writes = context.ancestors(of: [node.index]).filter { index in
      context.accesses.byNode[index, default: []].contains { $0.effects.contains(.writes) }
    }
    return !writes.isEmpty && writes.isSubset(of: context.trained)
  }
}
