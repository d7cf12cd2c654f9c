import GraphCompiler
import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// What a run makes of each node of the user's graph, and why.
package struct Explanation {
  private let run: PlannedRun
  private let sources: [Int: Node]
  private let needed: Set<Int>
  /// The rewrites of each flat node, by its index.
  private let entries: [Int: [RewriteLog.Entry]]
  /// The steps that compute each flat node, in order.
  private let steps: [Int: [Int]]
  /// The step that computes what bears a name.
  private let stepOfName: [String: Int]
  /// The last node that stood for each, by name.
  private let heirs: [String: String]
  /// The flat nodes that take something of each.
  private let consumers: [Int: [Int]]

  /// Looks up what the explanations of all nodes share.
  package init(_ run: PlannedRun) {
    self.run = run
    sources = run.sources
    needed = run.needed
    var entries: [Int: [RewriteLog.Entry]] = [:]
    var heirs: [String: String] = [:]
    for entry in run.plan.log.entries {
      entries[entry.origin, default: []].append(entry)
      if entry.pass != GroupNodes.name, let heir = entry.heir, heir != entry.node {
        heirs[entry.node] = heir
      }
    }
    var steps: [Int: [Int]] = [:]
    var stepOfName: [String: Int] = [:]
    for (number, step) in run.plan.steps.enumerated() {
      for origin in step.origins where steps[origin]?.last != number {
        steps[origin, default: []].append(number)
      }
      for name in step.nodes where stepOfName[name] == nil { stepOfName[name] = number }
    }
    var consumers: [Int: [Int]] = [:]
    for index in needed.sorted() {
      for input in run.flat.graph.node(at: index).record.inputs {
        consumers[input.node, default: []].append(index)
      }
    }
    (self.entries, self.heirs, self.steps) = (entries, heirs, steps)
    (self.stepOfName, self.consumers) = (stepOfName, consumers)
  }

  /// The steps that compute a node, in order.
  package func steps(of node: Node) -> [Int] {
    Set(places(of: node).flatMap { steps[$0] ?? [] }).sorted()
  }

  /// Whether what is fetched and run needs the node.
  package func isNeeded(_ node: Node) -> Bool { !places(of: node).isDisjoint(with: needed) }

  /// What the node is, what the compiler did to it, which kernels compute it or why none does, and why
  /// its result is in memory if it is.
  package func lines(of node: Node) -> [String] {
    var lines = [
      node.site.map { "\(GraphText.line(of: node))  # made at \($0)" }
        ?? GraphText.line(of: node)
    ]
    let places = places(of: node)
    // In the order of the log: a node of several places is rewritten pass by pass.
    let entries =
      places.count == 1
      ? places.flatMap { self.entries[$0] ?? [] }
      : run.plan.log.entries.filter { places.contains($0.origin) }
    for entry in entries where entry.pass != GroupNodes.name {
      lines.append(Self.describe(entry))
    }
    let steps = steps(of: node)
    for step in steps { lines += kernel(step, node) }
    for entry in entries where entry.pass == GroupNodes.name {
      lines.append("\"\(entry.node)\" \(entry.effect)")
    }
    if steps.isEmpty { lines += absence(of: node, places, entries) }
    if let segment = run.segment {
      lines.append("this is the first of several segments of the run:")
      lines += SegmentListing.lines(after: segment, run)
    }
    return lines
  }

  /// The indices of the flat nodes that do what the node does.
  private func places(of node: Node) -> Set<Int> {
    var places = Set(run.flat.nodes[node.index])
    for case .tensor(let endpoint) in run.flat.images[node.index] { places.insert(endpoint.node) }
    return places
  }

  private static func describe(_ entry: RewriteLog.Entry) -> String {
    let rule = entry.rule.flatMap { name in ApplyRules.rules.first { $0.name == name } }
    let by = rule.map { " by \($0.name) (\($0.contract.rawValue), \($0.identity))" } ?? ""
    return "\(entry.pass): \"\(entry.node)\" \(entry.effect)\(by)"
  }

  private func kernel(_ number: Int, _ node: Node) -> [String] {
    let plan = run.plan
    let step = plan.steps[number]
    let others = KernelListing.names(step, sources).filter { $0 != node.name }
    var line = "kernel \(number + 1) of \(plan.steps.count), \(step.kernel.form), computes it"
    if !others.isEmpty { line += " with \(others.joined(separator: ", "))" }
    var lines = [line]
    let rules = rules(of: step)
    if !rules.isEmpty { lines.append("  rules: \(rules.joined(separator: ", "))") }
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

  /// The names of the rules that led to a step.
  package func rules(of step: Plan.Step) -> [String] {
    Set(Set(step.origins).flatMap { (entries[$0] ?? []).compactMap(\.rule) }).sorted()
  }

  /// Why no kernel computes the node.
  private func absence(
    of node: Node, _ places: Set<Int>, _ entries: [RewriteLog.Entry]
  ) -> [String] {
    if node.definition == nil { return ["no kernel: the op \(node.op) is not known here"] }
    if let last = entries.last {
      guard let (heir, step) = heir(of: last) else { return ["no kernel is left for it"] }
      return ["no kernel of its own; kernel \(step + 1) computes \"\(heir)\" in its place"]
    }
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
    if Segment.computesStrings(node) {
      return ["no kernel: it makes strings, from values that are fetched for it after the plan"]
    }
    if let segment = run.segment, places.isDisjoint(with: segment.completed) {
      return ["a later segment of the run computes it"]
    }
    if let (taker, effect) = absorption(of: places) {
      return ["no kernel: only \"\(taker)\" needs it, which \(effect)"]
    }
    if node.definition is any ViewOp.Type {
      return ["no kernel: a view, which what takes it reads in place"]
    }
    return ["no kernel is left for it"]
  }

  /// The first node after some others that a value was found for before the run.
  private func absorption(of places: Set<Int>) -> (taker: String, effect: String)? {
    var seen = places
    var pending = places.sorted()
    var next = 0
    while next < pending.count {
      for consumer in consumers[pending[next]] ?? [] where seen.insert(consumer).inserted {
        let effect = entries[consumer]?.last {
          $0.pass == Specialize.name || $0.pass == FoldConstants.name
        }
        if let effect { return (effect.node, effect.effect) }
        pending.append(consumer)
      }
      next += 1
    }
    return nil
  }

  /// The node that a kernel computes where a chain of rewrites that begins with this one ends.
  private func heir(of entry: RewriteLog.Entry) -> (name: String, step: Int)? {
    var (name, seen) = (entry.heir, Set<String>())
    while let current = name, seen.insert(current).inserted {
      if let step = stepOfName[current] { return (current, step) }
      name = heirs[current]
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
    return Explanation(run).lines(of: node).joined(separator: "\n")
  }
}
