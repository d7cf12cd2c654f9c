import GraphCore
import StandardOps

/// The copies of the functions that a copy's loops and branches call.
extension Workspace {
  /// The functions that needed nodes call, by name.
  private var calledFunctions: [Function] {
    var names = Set<String>()
    return neededNodes().flatMap(\.regionFunctions).filter { names.insert($0.name).inserted }
  }

  /// Rewrites the bodies of the functions that loops and branches call, and those of what is in them.
  mutating func rewriteFunctions(_ rewrite: (inout Workspace) throws -> Void) throws {
    let functions = calledFunctions
    if functions.isEmpty { return }
    // The graph before the pass may still be looked at.
    try rebuild(addsNodes: { _ in false }) { _, _, _ in nil }
    for function in functions {
      var copy = Workspace(function)
      copy.log = log
      try rewrite(&copy)
      log = copy.log
      graph.add(
        Function(
          name: function.name, body: copy.graph, inputs: copy.arguments, outputs: copy.fetches))
    }
  }

  /// Visits the needed nodes in order, those of loops and branches after their own.
  func eachNode(_ visit: (Node) -> Void) {
    for node in neededNodes() {
      visit(node)
      node.eachInnerNode(visit)
    }
  }

  /// The number of needed nodes, those of loops and branches included.
  var nodeCount: Int {
    var count = 0
    eachNode { _ in count += 1 }
    return count
  }
}

extension Node {
  /// Whether the node is a loop on functions.
  var isLoop: Bool { op == Ops.While.name || op == Ops.StatelessWhile.name }

  /// Whether the node calls one of two functions.
  var isBranch: Bool { op == Ops.If.name || op == Ops.StatelessIf.name }

  /// Whether what the node does is what functions do.
  var isRegion: Bool { isLoop || isBranch }

  /// The functions whose kernels take the node's place in a plan.
  var regionFunctions: [Function] {
    let attributes = isLoop ? ["cond", "body"] : isBranch ? ["then_branch", "else_branch"] : []
    return attributes.compactMap { function($0) }
  }

  /// Visits the nodes of a loop's or branch's functions in order.
  func eachInnerNode(_ visit: (Node) -> Void) {
    for function in regionFunctions { Workspace(function).eachNode(visit) }
  }
}
