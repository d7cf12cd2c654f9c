import GraphCore
import StandardOps
import TensorCore

/// The compiler's copy of a graph between passes.
///
/// Node order is execution order wherever it matters: effects happen in the order of the nodes, and
/// no control edges are left. Every node is needed: for a fetched tensor, or for its effect.
package struct Workspace {
  package var graph: Graph
  package var fetches: [Tensor]
  /// The fed tensors that became placeholders, by their position in the request.
  package var feeds: [(position: Int, tensor: Tensor)]
  /// What stands for the values that a function is given, if the copy is a function's.
  package var arguments: [Tensor] = []
  package var log = RewriteLog()

  package init(graph: Graph, fetches: [Tensor], feeds: [(position: Int, tensor: Tensor)]) {
    self.graph = graph
    self.fetches = fetches
    self.feeds = feeds
  }

  /// A copy of a function's body.
  init(_ function: Function) {
    self.init(graph: function.body, fetches: function.outputs, feeds: [])
    arguments = function.inputs
  }

  /// The nodes that something fetched or some effect needs, in order.
  package func neededNodes() -> [Node] {
    let nodes = graph.operations
    var needed = [Bool](repeating: false, count: nodes.count)
    for tensor in fetches + arguments { needed[tensor.node.index] = true }
    for node in nodes.reversed() {
      if !needed[node.index], node.mustRun { needed[node.index] = true }
      guard needed[node.index] else { continue }
      for input in node.record.inputs { needed[input.node] = true }
    }
    return nodes.filter { needed[$0.index] }
  }

  /// Copies the needed nodes into a new graph, each as it is or as `transform` makes it.
  ///
  /// - Parameters:
  ///   - addsNodes: whether the transform may add nodes for a node: they take its names and its origin,
  ///     which costs as much as copying it.
  ///   - transform: given a node and its inputs in the new graph, adds what replaces it and returns the
  ///     outputs, or returns nil to have the node copied.
  /// - Throws: what the transform throws, and `GraphError` where a node does not fit its new inputs.
  package mutating func rebuild(
    addsNodes: (_ node: Node) -> Bool = { _ in true },
    _ transform: (_ node: Node, _ inputs: [Tensor], _ target: Graph) throws -> [Tensor]?
  ) throws {
    let target = graph.emptyCopy()
    var map: [Int: [Tensor]] = [:]
    for node in neededNodes() {
      let inputs = node.record.inputs.map { (map[$0.node] ?? [])[$0.output] }
      let replacement =
        try addsNodes(node)
        ? target.withScope({
          $0.names = node.name + "/"
          $0.origin = node.record.origin
          $0.site = node.site
        }) { try transform(node, inputs, target) } : transform(node, inputs, target)
      map[node.index] = try replacement ?? target.copy(node, inputs: inputs).outputs
      if let error = target.errors.first { throw error }
    }
    fetches = fetches.map { (map[$0.node.index] ?? [])[$0.index] }
    feeds = feeds.compactMap { feed in
      map[feed.tensor.node.index].map { (feed.position, $0[feed.tensor.index]) }
    }
    arguments = arguments.map { (map[$0.node.index] ?? [])[$0.index] }
    graph = target
  }
}

extension Workspace {
  /// Drops effects, leaving what the fetches need.
  mutating func keepOnlyFetches() throws(GraphError) {
    var needed = Set<Int>()
    var pending = (fetches + arguments).map(\.node)
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
    let target = graph.emptyCopy()
    var map: [Int: [Tensor]] = [:]
    for node in graph.operations where isKept(node) {
      let inputs = node.record.inputs.map { (map[$0.node] ?? [])[$0.output] }
      map[node.index] = try target.copy(node, inputs: inputs).outputs
    }
    fetches = fetches.map { (map[$0.node.index] ?? [])[$0.index] }
    feeds = feeds.compactMap { feed in
      map[feed.tensor.node.index].map { (feed.position, $0[feed.tensor.index]) }
    }
    arguments = arguments.map { (map[$0.node.index] ?? [])[$0.index] }
    graph = target
  }
}

extension Node {
  /// Whether the node does something besides computing its outputs.
  var mustRun: Bool {
    guard let definition else { return false }
    return !definition.effects.isDisjoint(with: [.writes, .host])
  }

  /// Whether two nodes with the same op, attributes and inputs give the same values.
  var isPure: Bool { definition?.effects == Effects.none }
}

extension Graph {
  /// A graph of no nodes with the same functions.
  func emptyCopy() -> Graph {
    let copy = Graph(ops: ops)
    for function in functions { copy.add(function) }
    return copy
  }

  /// A copy of another graph's node on inputs of this one, its shapes inferred anew if what is known of
  /// the inputs differs.
  ///
  /// - Throws: `GraphError` if the node does not fit the inputs.
  package func copy(_ node: Node, inputs: [Tensor]) throws(GraphError) -> Node {
    let record = node.record
    let unchanged = zip(record.inputs, inputs).allSatisfy { old, new in
      let before = node.graph.node(at: old.node).record
      let after = new.node.record
      return before.outputs[old.output] == after.outputs[new.index]
        && before.definition is Ops.Const.Type == (after.definition is Ops.Const.Type)
    }
    let draft = NodeRecord(
      index: -2, name: freeName(record.name), op: record.op, definition: record.definition,
      inputs: inputs.map(\.endpoint), controlInputs: [], attributes: record.attributes,
      site: record.site, outputs: record.outputs, partialValues: record.partialValues,
      origin: record.origin)
    do throws(GraphError) {
      return try append(unchanged ? draft : inferred(draft))
    } catch {
      throw Graph.located(error, node: node.name, op: node.op, site: node.site, inputs: inputs)
    }
  }

  /// The name itself, or one like it if a rewrite has taken it already.
  func freeName(_ name: String) -> String {
    guard operation(named: name) != nil else { return name }
    return withScope({ $0.names = "" }) { uniqueName(name) }
  }
}
