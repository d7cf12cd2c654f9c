import GraphCore

/// Under which decided predicates a node runs, so that two branches of one conditional are never taken
/// for two effects of one run.
struct BranchGuards {
  /// A predicate and the side on which a node lies.
  struct Guard: Hashable {
    let predicate: Endpoint
    let side: Int
  }

  private var guards: [Int: Set<Guard>] = [:]

  init(_ context: LintContext) {
    guard context.nodes.contains(where: { Self.isSwitch($0.op) }) else { return }
    for node in context.nodes {
      let record = node.record
      var own: [Set<Guard>] = []
      // A loop's way back is not there yet and decides nothing.
      for input in record.inputs where input.node < node.index {
        var inherited = guards[input.node] ?? []
        let source = context.nodes[input.node]
        if Self.isSwitch(source.op) {
          let predicate = context.source(of: source.record.inputs[1])
          if context.nodes[predicate.node].op != "LoopCond" {
            inherited.insert(Guard(predicate: predicate, side: input.output))
          }
        }
        own.append(inherited)
      }
      let controls = record.controlInputs.map { guards[$0] ?? [] }
      let isMerge = node.op == "Merge" || node.op == "RefMerge"
      let all: Set<Guard>
      if isMerge, let first = own.first {
        // A value comes from whichever branch ran.
        all = own.dropFirst().reduce(first) { $0.intersection($1) }
      } else {
        all = own.reduce([]) { $0.union($1) }
      }
      let total = controls.reduce(all) { $0.union($1) }
      if !total.isEmpty { guards[node.index] = total }
    }
  }

  /// Whether some runs take the node and others do not: a predicate that its branch hangs on is decided
  /// when the graph runs, or keeps the branch from ever being taken.
  func isConditional(_ node: Int, _ context: LintContext) -> Bool {
    (guards[node] ?? []).contains { one in
      context.constantPredicate(one.predicate).map { $0 != (one.side == 1) } ?? true
    }
  }

  /// Whether no run takes both nodes.
  func exclude(_ a: Int, _ b: Int) -> Bool {
    guard let mine = guards[a], let others = guards[b] else { return false }
    return mine.contains { one in
      others.contains { $0.predicate == one.predicate && $0.side != one.side }
    }
  }

  private static func isSwitch(_ op: String) -> Bool { op == "Switch" || op == "RefSwitch" }
}
