import GraphCore
import GraphRuntime
import StandardOps

/// Variables that are read but that no initializer gives a first value.
enum InitializationCheck: LintCheck {
  static func findings(in context: LintContext) -> [LintFinding] {
    let groups = initializerGroups(context)
    let reached = context.ancestors(of: groups.map(\.index))
    var (without, unreached): ([Node], [Node]) = ([], [])
    for (variable, accesses) in context.accesses.byVariable.sorted(by: { $0.key < $1.key }) {
      let node = context.nodes[variable]
      if context.restored.contains(node.sessionName) || context.restored.contains(node.name) {
        continue
      }
      let uses = accesses.filter {
        $0.effects.contains(.reads) && !isSaving(context.nodes[$0.node], context)
      }
      if uses.isEmpty { continue }
      let setters = accesses.filter {
        $0.sets && context.initializers.contains($0.node)
          && !isRestoring(context.nodes[$0.node], context)
      }
      if setters.isEmpty {
        without.append(node)
      } else if !groups.isEmpty, !setters.contains(where: { reached.contains($0.node) }) {
        unreached.append(node)
      }
    }
    var findings: [LintFinding] = []
    if !without.isEmpty {
      findings.append(
        LintFinding(
          kind: .neverInitialized, nodes: without,
          message: "nothing initializes \(counted(without))",
          cure: "give each an initializer, or restore a checkpoint before it is used"))
    }
    if !unreached.isEmpty {
      findings.append(
        LintFinding(
          kind: .neverInitialized, nodes: unreached,
          message: "\(named(groups)) \(groups.count == 1 ? "does" : "do") not initialize "
            + "\(counted(unreached)), which only \(unreached.count == 1 ? "its" : "their") own "
            + "initializer\(unreached.count == 1 ? " does" : "s do")",
          cure: "make the initializing op after the last variable (slots of optimizers are "
            + "variables), put the variable into its collection, or restore a checkpoint"))
    }
    return findings
  }

  private static func counted(_ variables: [Node]) -> String {
    variables.count == 1
      ? "the variable \(named(variables))" : "\(variables.count) variables: \(named(variables))"
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
