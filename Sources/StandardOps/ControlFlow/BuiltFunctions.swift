import GraphCore
import TensorCore

extension Function {
  /// A function built like a graph, added to `graph` under a name of its own.
  ///
  /// - Parameter shapes: what is known of the arguments' shapes; by default nothing.
  package static func built(
    _ name: String, _ types: [DType], shapes: [PartialShape]? = nil, in graph: Graph,
    _ outputs: (Graph, [Tensor]) -> [Tensor]
  ) -> Function {
    let function = making(
      graph.uniqueFunctionName(name), types, shapes: shapes, in: graph, outputs)
    graph.add(function)
    return function
  }

  /// A function built like a graph, to be put in place: only the functions that it calls are added to
  /// `graph`.
  static func making(
    _ name: String, _ types: [DType], shapes: [PartialShape]? = nil, in graph: Graph,
    _ outputs: (Graph, [Tensor]) -> [Tensor]
  ) -> Function {
    let body = Graph(ops: graph.ops)
    for function in graph.functions { body.add(function) }
    let inputs = types.enumerated().map { index, dtype in
      var attributes: [String: Attribute] = ["T": .type(dtype), "index": .int(index)]
      if let shapes { attributes["_output_shapes"] = .list([.shape(shapes[index])]) }
      return body.add(Ops._Arg.self, name: "argument_\(index)", attributes).output(0)
    }
    let results = outputs(body, inputs)
    for error in body.errors { graph.record(error) }
    // Functions that its nodes call belong to the graph.
    for function in body.functions where graph.function(named: function.name) == nil {
      graph.add(function)
    }
    return Function(name: name, body: body, inputs: inputs, outputs: results)
  }

  /// The nodes that the outputs are computed from.
  var neededNodes: Set<Int> {
    var needed: Set<Int> = []
    var open = outputs.map(\.node.index)
    while let index = open.popLast() {
      guard needed.insert(index).inserted else { continue }
      let record = body.node(at: index).record
      open += record.inputs.map(\.node) + record.controlInputs
    }
    return needed
  }

  /// The positions of the arguments that the outputs are computed from.
  var neededInputs: Set<Int> {
    let needed = neededNodes
    return Set(inputs.indices.filter { needed.contains(inputs[$0].node.index) })
  }
}

extension Graph {
  /// Copies of a function's nodes with their outputs, on the given inputs.
  package func inlined(_ function: Function, _ inputs: [Tensor]) -> [Tensor] {
    inlined(function, inputs.map { $0 }, only: nil)
  }

  /// Copies of the nodes that a function's outputs are computed from, on the given inputs; those that
  /// no output needs may be nil.
  func inlined(neededOf function: Function, _ inputs: [Tensor?]) -> [Tensor] {
    inlined(function, inputs, only: function.neededNodes)
  }

  private func inlined(_ function: Function, _ inputs: [Tensor?], only needed: Set<Int>?)
    -> [Tensor]
  {
    let arguments = Dictionary(
      zip(function.inputs.map(\.node.index), inputs), uniquingKeysWith: { first, _ in first })
    let nodes = function.body.operations.filter {
      arguments[$0.index] == nil && needed?.contains($0.index) != false
    }
    if let unknown = nodes.first(where: { $0.definition == nil }) {
      return mistakes(function, "a node of the function \(function.name) is not known", unknown)
    }
    return nameScope(function.name.hasPrefix("_") ? "inlined" : function.name) {
      nodes.contains(where: \.isExit)
        ? described(nodes, arguments, of: function) : copied(nodes, arguments, of: function)
    }
  }

  private func copied(_ nodes: [Node], _ arguments: [Int: Tensor?], of function: Function)
    -> [Tensor]
  {
    var copies = arguments.mapValues { $0.map { [$0] } ?? [] }
    var indices: [Int: Int] = [:]
    func copy(_ endpoint: Endpoint) -> Tensor {
      guard let outputs = copies[endpoint.node], endpoint.output < outputs.count else {
        return poison
      }
      return outputs[endpoint.output]
    }
    for node in nodes {
      guard let definition = node.definition else { continue }
      let controls = node.record.controlInputs.compactMap { indices[$0] }
      var attributes = node.attributes
      if let name = attributes[WhileGradient.recorded].flatMap({ String($0) }) {
        // The copy of that loop has another name.
        let recorded = function.body.operation(named: name).flatMap { indices[$0.index] }
        attributes[WhileGradient.recorded] = recorded.map { self.node(at: $0).name.attribute }
      }
      let made = add(
        definition, node.record.inputs.map(copy), name: node.name, attributes,
        controlInputs: controls.map { self.node(at: $0) })
      if made.isPoison { continue }
      indices[node.index] = made.index
      copies[node.index] = made.outputs
    }
    return function.outputs.map { copy($0.endpoint) }
  }

  /// Copies of nodes among which are TensorFlow 1's loops, whose nodes take what comes after them: as a
  /// file describes them.
  private func described(_ nodes: [Node], _ arguments: [Int: Tensor?], of function: Function)
    -> [Tensor]
  {
    let prefix = scope.names
    func name(_ node: Node) -> String {
      if let argument = arguments[node.index] { return argument?.node.name ?? "" }
      return prefix + node.name
    }
    func output(_ tensor: Tensor) -> Int {
      if let argument = arguments[tensor.node.index] { return argument?.index ?? 0 }
      return tensor.index
    }
    let descriptions = nodes.map { node in
      var description = NodeDescription(node)
      description.name = name(node)
      description.inputs =
        node.inputs.map { .data(name($0.node), output($0)) }
        + node.controlInputs.filter { arguments[$0.index] == nil }.map { .control(name($0)) }
      // Loops are told apart by their names.
      if node.isEnter {
        description.attributes["frame_name"] = (prefix + node[Ops.Enter.frameName]).attribute
      }
      return description
    }
    do throws(GraphError) {
      try append(descriptions)
    } catch {
      return mistakes(function, "\(error)", nodes[0])
    }
    return function.outputs.map {
      tensor(named: "\(name($0.node)):\(output($0))") ?? poison
    }
  }

  private func mistakes(_ function: Function, _ reason: String, _ node: Node) -> [Tensor] {
    record(GraphError("cannot be put in place: \(reason)", node: node.name, op: node.op))
    return function.outputs.map { _ in poison }
  }
}
