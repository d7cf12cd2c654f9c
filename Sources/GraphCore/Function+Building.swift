import TensorCore

extension Function {
  /// A function whose body is described by `nodes` beside its arguments.
  ///
  /// - Parameters:
  ///   - arguments: names and types; the names must not be nodes' names.
  ///   - outputs: what a call gives, by name.
  ///   - targets: the nodes to run for their effects.
  /// - Throws: `GraphError` if the nodes do not make a graph.
  package convenience init(
    name: String, ops: OpSet, arguments: [(name: String, dtype: DType, shape: PartialShape)],
    nodes: [NodeDescription], outputs: [(node: String, output: Int)], targets: [String] = []
  ) throws(GraphError) {
    let body = Graph(ops: ops)
    var descriptions: [NodeDescription] = []
    for (index, argument) in arguments.enumerated() {
      var description = NodeDescription(name: argument.name, op: "_Arg")
      description.attributes = ["T": .type(argument.dtype), "index": .int(index)]
      if argument.shape.dimensions != nil {
        description.attributes["_output_shapes"] = .list([.shape(argument.shape)])
      }
      descriptions.append(description)
    }
    try body.append(descriptions + nodes)
    var results: [Tensor] = []
    for (node, output) in outputs {
      guard let tensor = body.tensor(named: "\(node):\(output)") else {
        throw GraphError("the function \(name) gives \"\(node):\(output)\", which is not there")
      }
      results.append(tensor)
    }
    self.init(
      name: name, body: body,
      inputs: arguments.compactMap { body.tensor(named: "\($0.name):0") }, outputs: results,
      targets: targets.compactMap { body.operation(named: $0) })
  }
}

extension NodeDescription {
  /// The node as a file would describe it.
  package init(_ node: Node) {
    self.init(name: node.name, op: node.op)
    inputs =
      node.record.inputs.map { .data(node.graph.node(at: $0.node).name, $0.output) }
      + node.controlInputs.map { .control($0.name) }
    attributes = node.attributes
    device = node.device
    details = node.record.details
    if node.definition == nil { outputs = node.record.outputs }
    site = node.site
  }
}
