import GraphCore
import StandardOps

/// Variables that the graph's savers leave out of checkpoints.
enum SavingCheck: LintCheck {
  static func findings(in context: LintContext) -> [LintFinding] {
    let savers = context.nodes.filter { $0.op == Ops.SaveV2.name }
    if savers.isEmpty { return [] }
    var names: Set<String> = []
    var saved: Set<Int> = []
    for saver in savers {
      for input in saver.record.inputs.dropFirst(3) {
        if let variable = context.variableRead(by: input) { saved.insert(variable) }
      }
      // Names that are computed may be any.
      guard let constant = saver.constantValue(1), let strings = try? constant.strings() else {
        return []
      }
      names.formUnion(strings.map { String(decoding: $0, as: UTF8.self) })
    }
    var seen: Set<Int> = []
    let lost = (context.graph.variables() + context.graph.variables(in: .trainableVariables))
      .filter { variable in
        let declaration = context.accesses.canonical(variable.handle.node.index)
        return !saved.contains(declaration) && !names.contains(variable.name)
          && seen.insert(declaration).inserted
      }
    if lost.isEmpty { return [] }
    let nodes = lost.map(\.handle.node)
    return [
      LintFinding(
        kind: .notSaved, nodes: nodes,
        message: "the saver \(named(savers)) leaves out \(named(nodes)): a restored graph starts "
          + "\(nodes.count == 1 ? "it" : "them") anew",
        cure: "make the saver after the last variable, or list the variables for it")
    ]
  }
}
