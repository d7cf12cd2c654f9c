import GraphCompiler
import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// What a run makes of one node of the user's graph, and why.
package enum Explanation {
  /// What the node is, what the compiler did to it, which kernels compute it or why none does, and why
  /// its result is in memory if it is.
  package static func lines(of node: Node, in run: PlannedRun) -> [String] {
    var lines = [
      node.site.map { "\(GraphText.line(of: node))  # made at \($0)" }
        ?? GraphText.line(of: node)
    ]
    let places = places(of: node, in: run.flat)
    let entries = run.plan.log.entries.filter { places.contains($0.origin) }
    for entry in entries where entry.pass != Pipeline.fusion { lines.append(describe(entry)) }
    let steps = run.plan.steps.indices.filter {
      run.plan.steps[$0].origins.contains { places.contains($0) }
    }
    let sources = run.sources
    for step in steps { lines += kernel(step, node, run.plan, sources) }
    for entry in entries where entry.pass == Pipeline.fusion {
      lines.append("\"\(entry.node)\" \(entry.effect)")
    }
    if steps.isEmpty { lines += absence(of: node, places, entries, run, sources) }
    if let stage = run.stage {
      lines.append("this is the first of several stages of the run:")
      lines += StageListing.lines(after: stage, run)
    }
    return lines
  }

  /// The indices of the flat nodes that do what the node does.
  private static func places(of node: Node, in flat: FlatGraph) -> Set<Int> {
    var places = Set(flat.nodes[node.index])
    for case .tensor(let endpoint) in flat.images[node.index] { places.insert(endpoint.node) }
    return places
  }

  private static func describe(_ entry: RewriteLog.Entry) -> String {
    let rule = entry.rule.flatMap { name in ApplyRules.rules.first { $0.name == name } }
    let by = rule.map { " by \($0.name) (\($0.contract.rawValue), \($0.identity))" } ?? ""
    return "\(entry.pass): \"\(entry.node)\" \(entry.effect)\(by)"
  }

  private static func kernel(
    _ number: Int, _ node: Node, _ plan: Plan, _ sources: [Int: Node]
  ) -> [String] {
    let step = plan.steps[number]
    let others = KernelListing.names(step, sources).filter { $0 != node.name }
    var line = "kernel \(number + 1) of \(plan.steps.count), \(step.kernel.form), computes it"
    if !others.isEmpty { line += " with \(others.joined(separator: ", "))" }
    var lines = [line]
    let rules = Set(
      plan.log.entries.filter { $0.rule != nil && step.origins.contains($0.origin) }
        .compactMap(\.rule))
    if !rules.isEmpty { lines.append("  rules: \(rules.sorted().joined(separator: ", "))") }
    if step.isLive {
      let variables = Set(
        step.buffers.compactMap { buffer -> String? in
          guard case .variable(let index) = plan.buffers[buffer].location else { return nil }
          return plan.variables[index].name
        })
      lines.append(
        "  once, and again only after a change of "
          + (variables.isEmpty
            ? "the variables above it" : variables.sorted().joined(separator: ", ")))
    }
    return lines
  }

  /// Why no kernel computes the node.
  private static func absence(
    of node: Node, _ places: Set<Int>, _ entries: [RewriteLog.Entry], _ run: PlannedRun,
    _ sources: [Int: Node]
  ) -> [String] {
    if node.definition == nil { return ["no kernel: the op \(node.op) is not known here"] }
    if let last = entries.last {
      guard let (heir, step) = heir(of: last, run.plan) else { return ["no kernel is left for it"] }
      return ["no kernel of its own; kernel \(step + 1) computes \"\(heir)\" in its place"]
    }
    let needed = run.needed
    guard !places.isDisjoint(with: needed) else {
      return ["no kernel: nothing that is fetched or run needs it"]
    }
    switch node.op {
    case Ops.Const.name: return ["no kernel: a constant, which kernels read in place"]
    case Ops.ReadVariableOp.name, Ops.VarHandleOp.name, "VariableV2", "Variable":
      return ["no kernel: kernels read and write the variable in place"]
    case Ops.Placeholder.name where !node.output(0).dtype.isFloatingPoint:
      return [
        "no kernel: fed; where its value decides what is computed, this plan is for that value"
      ]
    case Ops.Placeholder.name: return ["no kernel: fed, and read in place"]
    default: break
    }
    if let stage = run.stage, places.isDisjoint(with: stage.completed) {
      return ["a later stage of the run computes it"]
    }
    if let (taker, effect) = absorption(of: places, needed, run) {
      return ["no kernel: only \"\(taker)\" needs it, which \(effect)"]
    }
    if node.definition is any ViewOp.Type {
      return ["no kernel: a view, which what takes it reads in place"]
    }
    return ["no kernel is left for it"]
  }

  /// The first node after some others that a value was found for before the run.
  private static func absorption(of places: Set<Int>, _ needed: Set<Int>, _ run: PlannedRun)
    -> (taker: String, effect: String)?
  {
    var consumers: [Int: [Int]] = [:]
    for index in needed {
      for input in run.flat.graph.node(at: index).record.inputs {
        consumers[input.node, default: []].append(index)
      }
    }
    let effects = Dictionary(
      run.plan.log.entries.filter { [Specialize.name, FoldConstants.name].contains($0.pass) }
        .map { ($0.origin, $0) },
      uniquingKeysWith: { _, last in last })
    var seen = places
    var pending = places.sorted()
    var next = 0
    while next < pending.count {
      for consumer in (consumers[pending[next]] ?? []).sorted()
      where seen.insert(consumer).inserted {
        if let entry = effects[consumer] { return (entry.node, entry.effect) }
        pending.append(consumer)
      }
      next += 1
    }
    return nil
  }

  /// The node that a kernel computes where a chain of rewrites that begins with this one ends.
  private static func heir(of entry: RewriteLog.Entry, _ plan: Plan) -> (name: String, step: Int)? {
    var becameOf: [String: String] = [:]
    for entry in plan.log.entries where entry.pass != Pipeline.fusion {
      if let heir = entry.heir, heir != entry.node { becameOf[entry.node] = heir }
    }
    var (name, seen) = (entry.heir, Set<String>())
    while let current = name, seen.insert(current).inserted {
      if let step = plan.steps.firstIndex(where: { $0.nodes.contains(current) }) {
        return (current, step)
      }
      name = becameOf[current]
    }
    return nil
  }
}

extension Session {
  /// What a run makes of a node and why: the kernel that computes it with what else and by which
  /// rules, or why none does, back to the line where the node was made.
  ///
  /// - Throws: whatever compiling the run throws.
  public func explain(
    _ node: Node, fetching fetches: [Tensor], targets: [any GraphElement] = [],
    feeding feeds: Feeds = [:]
  ) throws -> String {
    let run = try planned(fetching: fetches, targets: targets, feeding: feeds)
    return Explanation.lines(of: node, in: run).joined(separator: "\n")
  }
}
