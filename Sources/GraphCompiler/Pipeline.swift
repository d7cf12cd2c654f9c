import GraphCore
import StandardOps
import TensorCore

/// The whole compiler: a graph and a request in, a plan out.
public enum Pipeline {
  /// The passes in order, each with the reason for its place. `Specialize` comes before all, since it
  /// makes the copy that they rewrite; fusion and placement come after.
  package static let passes: [any Pass.Type] = [
    // Shapes are static now, so most of what follows from them is constant.
    FoldConstants.self,
    // Decided selections drop whole branches, and folded scales meet their linear ops, before
    // composites hide neither.
    ApplyRules.self,
    // What the rules joined may be constant.
    FoldConstants.self,
    // Composites are one node while rules look for them, and element steps when kernels are built.
    ExpandComposites.self,
    // Expansions hold identities and constants of their own.
    ApplyRules.self,
    FoldConstants.self,
    // Last, so that equal parts of different expansions are found too.
    EliminateCommonSubexpressions.self,
  ]

  /// Compiles a request.
  ///
  /// - Throws: `CompilationError` for mistakes in the request; `StageNeeded` if a part must run first.
  public static func compile(_ request: CompilationRequest, _ options: CompilerOptions) throws
    -> Plan
  {
    do {
      do {
        return try optimized(Specialize.workspace(for: request, options), options)
      } catch let barrier as StageBarrier {
        throw StageNeeded(
          stage: Stage(
            plan: try optimized(barrier.workspace, options), fetched: barrier.fetched,
            completed: barrier.completed, action: barrier.action))
      }
    } catch let error as GraphError {
      throw CompilationError.invalid(error)
    }
  }

  /// Rewrites a specialised copy and plans it.
  private static func optimized(_ copy: Workspace, _ options: CompilerOptions) throws -> Plan {
    var workspace = copy
    workspace.log.finish(Specialize.name, nodes: workspace.neededNodes().count)
    for pass in passes where options.rewrites || pass == ExpandComposites.self {
      let before = options.observer == nil ? nil : workspace
      try pass.run(&workspace, options)
      workspace.log.finish(pass.name, nodes: workspace.neededNodes().count)
      Verifier.check(workspace, after: pass.name)
      if let before { options.observer?.passFinished(pass, before: before, after: workspace) }
    }
    return try plan(workspace, options)
  }

  /// What joins nodes into kernels and places their buffers, in listings.
  package static let fusion = "fuse"

  /// Groups nodes into kernels and writes the plan.
  private static func plan(_ workspace: Workspace, _ options: CompilerOptions) throws(GraphError)
    -> Plan
  {
    let grouping = Grouping(workspace, fuses: options.fuses)
    let kernels = KernelBuilder(grouping).kernels()
    var builder = PlanBuilder(
      workspace, merges: options.fuses, guardByteCount: options.guardByteCount)
    var plan = try builder.build(kernels)
    for (node, reason) in grouping.reasons {
      plan.log.record(fusion, node: node.name, origin: node.record.origin, reason)
    }
    plan.log.finish(fusion, nodes: plan.steps.count)
    return plan
  }

  /// The values of tensors that depend on constants alone.
  static func evaluate(_ tensors: [Tensor], _ options: CompilerOptions) throws -> [TensorValue] {
    guard let graph = tensors.first?.graph else { return [] }
    var workspace = Workspace(graph: graph, fetches: tensors, feeds: [])
    try workspace.keepOnlyFetches()
    try ExpandComposites.run(&workspace, options)
    return try options.evaluate(plan(workspace, options))
  }
}

extension Workspace {
  /// Drops effects, leaving what the fetches need.
  mutating func keepOnlyFetches() throws(GraphError) {
    var needed = Set<Int>()
    var pending = fetches.map(\.node)
    while let node = pending.popLast() {
      if needed.insert(node.index).inserted { pending += node.inputs.map(\.node) }
    }
    try keep { needed.contains($0.index) }
  }

  /// Drops what neither fetches nor effects need, and copies the graph.
  mutating func dropUnneeded() throws(GraphError) {
    let needed = Set(neededNodes().map(\.index))
    try keep { needed.contains($0.index) }
  }

  private mutating func keep(_ isKept: (Node) -> Bool) throws(GraphError) {
    let target = Graph(ops: graph.ops)
    var map: [Int: [Tensor]] = [:]
    for node in graph.operations where isKept(node) {
      let inputs = node.record.inputs.map { (map[$0.node] ?? [])[$0.output] }
      map[node.index] = try target.copy(node, inputs: inputs).outputs
    }
    fetches = fetches.map { (map[$0.node.index] ?? [])[$0.index] }
    feeds = feeds.compactMap { feed in
      map[feed.tensor.node.index].map { (feed.position, $0[feed.tensor.index]) }
    }
    graph = target
  }
}
