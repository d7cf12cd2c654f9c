import GraphCore

/// A write to a variable beside another access of the same run with no path of edges between them:
/// which comes first is then an accident of the order in which the nodes were made.
enum UnorderedAccessCheck: LintCheck {
  static func findings(in context: LintContext) -> [LintFinding] {
    let updates = context.graph.collection(.updateOps).map(\.target.index)
    let runs =
      context.requested.isEmpty
      ? context.training.map { [$0.index] + updates } : [context.requested.map(\.index)]
    let guards = BranchGuards(context)
    var reported: Set<[Int]> = []
    var findings: [LintFinding] = []
    for run in runs {
      let members = context.ancestors(of: run)
      let accesses = context.accesses.all.filter { members.contains($0.node) }
      for (_, own) in Dictionary(grouping: accesses, by: \.variable).sorted(by: { $0.key < $1.key })
      {
        for (write, others) in conflicts(own, members, guards, context)
        where reported.insert([write.node] + others.map(\.node)).inserted {
          findings.append(finding(write, others, context))
        }
      }
    }
    return findings
  }

  /// Each write with the accesses that nothing puts before or after it.
  private static func conflicts(
    _ accesses: [VariableAccess], _ members: Set<Int>, _ guards: BranchGuards,
    _ context: LintContext
  ) -> [(VariableAccess, [VariableAccess])] {
    var found: [(VariableAccess, [VariableAccess])] = []
    var done: Set<Int> = []
    if accesses.count < 2 { return [] }
    for write in accesses where write.effects.contains(.writes) {
      done.insert(write.node)
      let before = context.ancestors(of: [write.node])
      var rest = accesses.filter { !done.contains($0.node) && !before.contains($0.node) }
      if rest.isEmpty { continue }
      let after = descendants(of: write.node, in: members, context)
      rest.removeAll { after.contains($0.node) || guards.exclude($0.node, write.node) }
      if !rest.isEmpty { found.append((write, rest)) }
    }
    return found
  }

  private static func descendants(
    of start: Int, in members: Set<Int>, _ context: LintContext
  ) -> Set<Int> {
    var found: Set<Int> = [start]
    var open = [start]
    while let index = open.popLast() {
      for consumer in context.consumers[index]
      where members.contains(consumer) && found.insert(consumer).inserted { open.append(consumer) }
    }
    return found
  }

  private static func finding(
    _ write: VariableAccess, _ others: [VariableAccess], _ context: LintContext
  ) -> LintFinding {
    let variable = context.nodes[write.variable]
    let writes = others.count { $0.effects.contains(.writes) }
    let verb = writes == 0 ? "read" : writes == others.count ? "written" : "read or written"
    return LintFinding(
      kind: .unorderedAccess,
      nodes: [context.nodes[write.node]] + others.map { context.nodes[$0.node] },
      message:
        "the variable \"\(variable.name)\" is written by \"\(context.nodes[write.node].name)\" "
        + "and \(verb) by "
        + "\(named(others.map { context.nodes[$0.node] })) in one run, and no path orders them",
      cure: "build the later one within controlDependencies on the earlier one, or run them "
        + "one after the other")
  }
}
