import GraphCore
import StandardOps

/// The copies of the functions that a copy's loops call.
extension Workspace {
  /// The functions of the loops that are needed, by name.
  private var calledFunctions: [Function] {
    var names = Set<String>()
    return neededNodes().filter(\.isLoop).flatMap { node in
      ["cond", "body"].compactMap { node.function($0) }.filter { names.insert($0.name).inserted }
    }
  }

  /// Rewrites the bodies of the functions that loops call, and those of loops in them.
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

  /// Visits the needed nodes in order, those of loops in the place of their loop.
  func eachNode(_ visit: (Node) -> Void) {
    for node in neededNodes() {
      visit(node)
      if node.isLoop { node.eachInnerNode(visit) }
    }
  }

  /// The number of needed nodes, those of loops included.
  var nodeCount: Int {
    var count = 0
    eachNode { _ in count += 1 }
    return count
  }
}

extension Node {
  /// Visits the nodes of a loop's functions in order.
  func eachInnerNode(_ visit: (Node) -> Void) {
    for attribute in ["cond", "body"] {
      if let function = function(attribute) { Workspace(function).eachNode(visit) }
    }
  }
}
