import GraphCore
import GraphRuntime
import StandardOps

/// Variables that are read but that no initializer gives a first value.
enum InitializationCheck: LintCheck {
  static func findings(in context: LintContext) -> [LintFinding] {
    let groups = initializerGroups(context)
    let reached = context.ancestors(of: groups.map(\.index))
    var findings: [LintFinding] = []
    for (variable, accesses) in context.accesses.byVariable.sorted(by: { $0.key < $1.key }) {
      let node = context.nodes[variable]
      if context.restored.contains(node.sessionName) || context.restored.contains(node.name) {
        continue
      }
      let uses = accesses.filter {
        $0.effects.contains(.reads) && !isSaving(context.nodes[$0.node], context)
      }
      if uses.isEmpty { continue }
      let setters = accesses.filter { $0.sets && context.initializers.contains($0.node) }
      let own = setters.filter { !isRestoring(context.nodes[$0.node], context) }
      if own.isEmpty {
        // A variable that only updates write needs a first value all the same.
        findings.append(
          LintFinding(
            kind: .neverInitialized, nodes: [node],
            message: "the variable \"\(node.name)\" is used, and nothing initializes it",
            cure: "give it an initializer, or restore a checkpoint before it is used"))
      } else if !groups.isEmpty, !own.contains(where: { reached.contains($0.node) }) {
        findings.append(
          LintFinding(
            kind: .neverInitialized, nodes: [node, context.nodes[own[0].node]],
            message: "the variable \"\(node.name)\" is initialized by "
              + "\"\(context.nodes[own[0].node].name)\" alone, which \(named(groups)) "
              + "\(groups.count == 1 ? "does" : "do") not run",
            cure: "make the initializing op after the last variable (slots of optimizers are "
              + "variables), put the variable into its collection, or restore a checkpoint"))
      }
    }
    return findings
  }

  /// The ops that only run initializers, whatever they are called, and those of the collection.
  private static func initializerGroups(_ context: LintContext) -> [Node] {
    let collected = context.graph.collection(.initOp).map(\.target)
    var groups: Set<Int> = []
    for node in context.nodes where node.op == Ops.NoOp.name {
      let controls = node.record.controlInputs
      if controls.isEmpty { continue }
      let isGroup = controls.allSatisfy { index in
        groups.contains(index)
          || context.initializers.contains(index)
            && !isRestoring(context.nodes[index], context)
      }
      if isGroup { groups.insert(node.index) }
    }
    return collected + groups.sorted().map { context.nodes[$0] }
  }

  private static func isRestoring(_ node: Node, _ context: LintContext) -> Bool {
    guard node.record.inputs.count > 1 else { return false }
    let source = context.source(of: node.record.inputs[1])
    return context.nodes[source.node].op == Ops.RestoreV2.name
  }

  /// Whether the value goes nowhere but into a checkpoint, or nowhere at all.
  private static func isSaving(_ node: Node, _ context: LintContext) -> Bool {
    context.consumers[node.index].allSatisfy { context.nodes[$0].op == Ops.SaveV2.name }
      && !context.requested.contains(node)
      && (node.op == "Identity" || node.op == Ops.ReadVariableOp.name || node.op == Ops.SaveV2.name)
  }
}
