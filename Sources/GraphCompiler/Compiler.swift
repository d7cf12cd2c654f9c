import GraphCore
import StandardOps
import TensorCore

/// The whole compiler, from the graph as it was written to the plan that a session runs.
///
/// A graph is flattened once for all of its runs; everything else is done for one request. The lists
/// below are in the order in which the phases run, each with the reason for its place. After every pass
/// over nodes or kernels the verifier looks at what it left; the log notes how long each took.
public enum Compiler {
  /// First: calls are put in place and older variables become resources, so that nothing after it
  /// knows of functions that are called or of edges that carry variables.
  package static func flatten(_ graph: Graph, library: Graph) throws(GraphError) -> FlatGraph {
    try FlatGraph.make(graph, library: library)
  }

  /// From nodes to better nodes, on a copy that holds what the request needs with every shape known.
  package static let graphPasses: [any Pass.Type] = [
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
    // Of expressions that are as small as they get, those that no round changes leave their loop.
    HoistInvariants.self,
    // Last, so that equal parts of different expansions are found too.
    EliminateCommonSubexpressions.self,
  ]

  /// From nodes to kernels, whose operands still are tensors and variables.
  package static let kernelPasses: [any KernelPass.Type] = [
    // Decides which nodes one kernel computes: all later passes see kernels.
    GroupNodes.self,
    // Copies of old values are kernels, which those below may join to others.
    KeepReadValues.self,
    // So are those from one round to the next.
    CarryValues.self,
    // The condition sees what the round has carried, and its kernels may join those of the body.
    RotateLoops.self,
    // A kernel that writes its variable at once has one stage less to merge.
    StoreThrough.self,
    // Loops still have all of their dimensions, by which they find one another.
    MergeLoops.self,
    // Only now may dimensions be joined: merging asks for each of them.
    CollapseDimensions.self,
  ]

  /// From kernels on numbered buffers to a plan whose every byte has its place.
  package static let planPasses: [any PlanPass.Type] = [
    // Before any backend sees a kernel, and before memory is counted on.
    ProveAccesses.self,
    // Results that take the memory of an operand need no place of their own.
    ReuseInPlace.self,
    PlaceBuffers.self,
  ]

  /// Every phase with what it does, in order.
  package static var phases: [(name: String, summary: String)] {
    [(FlatGraph.name, FlatGraph.summary), (Specialize.name, Specialize.summary)]
      + graphPasses.map { ($0.name, $0.summary) } + kernelPasses.map { ($0.name, $0.summary) }
      + [(PlanBuilder.name, PlanBuilder.summary)] + planPasses.map { ($0.name, $0.summary) }
  }

  /// Compiles a request.
  ///
  /// - Returns: the plan; or the first segment of the run, whose results decide what comes after it; or
  ///   which of the fed values the plan depends on.
  /// - Throws: `CompilationError` for mistakes in the graph or in the request.
  public static func compile(_ request: CompilationRequest, _ options: CompilerOptions) throws
    -> CompilationOutcome
  {
    do {
      switch try Specialize.run(request, options) {
      case .whole(let workspace, _): return .plan(try plan(of: workspace, options))
      case .halted(.needsValues(let positions)): return .needsValues(positions)
      case .halted(.endOfSegment(let end)):
        return .segment(
          Segment(
            plan: try plan(of: end.workspace, options), fetched: end.fetched,
            completed: end.completed, action: end.action))
      }
    } catch let error as GraphError {
      throw CompilationError.invalid(error)
    }
  }

  /// Rewrites a specialised copy and turns it into a plan.
  private static func plan(of copy: Workspace, _ options: CompilerOptions) throws -> Plan {
    var workspace = copy
    workspace.log.finish(Specialize.name, left: workspace.nodeCount, "node")
    try Verifier.check(workspace, after: Specialize.name)
    try rewrite(&workspace, options) { options.rewrites || $0.isNeeded }
    return try lowered(workspace, options)
  }

  /// Runs the passes over nodes that are wanted.
  static func rewrite(
    _ workspace: inout Workspace, _ options: CompilerOptions,
    _ isWanted: (any Pass.Type) -> Bool
  ) throws {
    for pass in graphPasses where isWanted(pass) {
      let before = options.observer == nil ? nil : workspace
      try run(pass, &workspace, options)
      workspace.log.finish(pass.name, left: workspace.nodeCount, "node")
      if let before { options.observer?.passFinished(pass, before: before, after: workspace) }
    }
  }

  /// Runs a pass over a copy, and over what its loops do.
  private static func run(
    _ pass: any Pass.Type, _ workspace: inout Workspace, _ options: CompilerOptions
  ) throws {
    // Inner loops first, so that what leaves one of them may leave the loop around it too.
    try workspace.rewriteFunctions { try run(pass, &$0, options) }
    try pass.run(&workspace, options)
    try Verifier.check(workspace, after: pass.name, hasOpenSizes: !options.standIns.isEmpty)
  }

  /// Groups nodes into kernels, and writes the plan that runs them.
  private static func lowered(_ workspace: Workspace, _ options: CompilerOptions)
    throws(GraphError) -> Plan
  {
    var list = KernelList(workspace, options, results: workspace.fetches)
    for pass in kernelPasses where options.fuses || pass.isNeeded {
      try run(pass, &list)
      list.log.finish(pass.name, left: list.kernelCount, "kernel")
    }
    var plan = PlanBuilder.plan(of: list)
    plan.log.finish(PlanBuilder.name, left: plan.steps.count, "kernel")
    for pass in planPasses where options.fuses || pass.isNeeded {
      try pass.run(&plan)
      plan.log.finish(pass.name, left: plan.steps.count, "kernel")
    }
    return plan
  }

  /// Runs a pass over a list of kernels, and over those of its loops.
  private static func run(_ pass: any KernelPass.Type, _ list: inout KernelList)
    throws(GraphError)
  {
    pass.run(&list)
    try list.rewriteRegions { nested throws(GraphError) in try run(pass, &nested) }
    try Verifier.check(list, after: pass.name)
  }

  /// The one door to constants: the values of tensors that depend on nothing else, as a run computes
  /// them.
  static func evaluate(_ tensors: [Tensor], _ options: CompilerOptions) throws -> [TensorValue] {
    guard let graph = tensors.first?.graph else { return [] }
    var workspace = Workspace(graph: graph, fetches: tensors, feeds: [])
    try workspace.keepOnlyFetches()
    try ExpandComposites.run(&workspace, options)
    return try options.evaluate(lowered(workspace, options))
  }
}
