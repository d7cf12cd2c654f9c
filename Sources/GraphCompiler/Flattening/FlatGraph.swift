import GraphCore
import StandardOps
import TensorCore

/// A graph without functions, variables on edges, and TensorFlow 1 loops: what the passes know.
///
/// Calls are put in place; conditionals, in whichever style, are `Switch` and `Merge`, whose predicates
/// are decided when a plan is made; loops are `While`; variables are resources that are read where
/// their value is taken.
package final class FlatGraph: Sendable {
  static let name = "flatten"
  static let summary =
    "puts calls in place, and makes variables resources and loops nodes"

  /// What became of a tensor of the source.
  package enum Image: Hashable, Sendable {
    case tensor(Endpoint)
    /// A variable itself; a fetch reads it last.
    case variable(handle: Endpoint)
    /// Lies inside of a loop, so that it has no value of its own.
    case insideLoop

    var isVariable: Bool {
      if case .variable = self { true } else { false }
    }
  }

  /// The flat graph.
  package let graph: Graph
  /// The source, whose functions are called.
  package let source: Graph
  /// What became of each node's outputs, by the node's index.
  package let images: [[Image]]
  /// The nodes that do what a node of the source does, by its index.
  package let nodes: [[Int]]
  /// The functions of each loop, by the index of its `While`.
  package let loops: [Int: Loop]

  /// A loop's functions.
  package struct Loop: Sendable {
    package let condition: Function
    package let body: Function
    /// The number of leading inputs that are variables; the rest are the same in every round.
    package let variableCount: Int
    /// The loop that this one repeats, if it does so to record the rounds for a gradient.
    package var recorded: Int?
  }

  private init(
    graph: Graph, source: Graph, images: [[Image]], nodes: [[Int]], loops: [Int: Loop]
  ) {
    self.graph = graph
    self.source = source
    self.images = images
    self.nodes = nodes
    self.loops = loops
  }

  /// The flat form of a graph; the graph itself if it is flat already.
  ///
  /// - Throws: `GraphError` for loops of unknown form and functions that are missing.
  package static func make(_ source: Graph, library: Graph) throws(GraphError) -> FlatGraph {
    let operations = source.operations
    guard operations.contains(where: { needsFlattening($0) }) else {
      let images = operations.map { node in
        node.record.outputs.indices.map { Image.tensor(Endpoint(node: node.index, output: $0)) }
      }
      return FlatGraph(
        graph: source, source: source, images: images, nodes: operations.map { [$0.index] },
        loops: [:])
    }
    var flattener = Flattener(source, library: library)
    let flat = try flattener.flatten(source, arguments: [:], prefix: "", pivot: [])
    return FlatGraph(
      graph: flattener.target, source: source, images: flat.images.map { $0.map(\.image) },
      nodes: flat.nodes, loops: flattener.loops)
  }

  /// Every value that is read from a variable.
  package func reads(of handle: Endpoint) -> [Tensor] {
    graph.operations.filter {
      $0.op == Ops.ReadVariableOp.name && $0.record.inputs[0] == handle
    }.map { $0.output(0) }
  }

  private static func needsFlattening(_ node: Node) -> Bool {
    guard let definition = node.definition else { return false }
    if Flattener.isOnLists(node) { return true }
    return definition is any CallOp.Type || definition is any LoopOp.Type
      || definition is any ReferenceOp.Type
      || definition.signature.outputs.contains(where: \.isReference)
  }
}
