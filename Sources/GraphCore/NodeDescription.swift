import TensorCore

/// A node as a file describes it: its inputs by name, before anything is known of them.
package struct NodeDescription: Sendable {
  /// What a node refers to.
  package enum Input: Hashable, Sendable {
    case data(String, Int)
    case control(String)

    /// The name of the node referred to.
    package var node: String {
      switch self {
      case .data(let name, _), .control(let name): name
      }
    }
  }

  package var name: String
  package var op: String
  package var inputs: [Input] = []
  package var attributes: [String: Attribute] = [:]
  package var device = ""
  package var details = ""
  /// What the file says of the outputs, if it does; the last word only where the op is not known.
  package var outputs: [NodeRecord.Output] = []
  /// The signature that the file states for an op that is not known.
  package var signature: Signature?
  package var site: SourceSite?

  package init(name: String, op: String) {
    self.name = name
    self.op = op
  }
}

extension Graph {
  /// Adds described nodes, each after what it takes and otherwise in the given order, which is the
  /// order of effects; they may take nodes that the graph has already.
  ///
  /// - Throws: `GraphError` for the first node that cannot be added; earlier ones stay.
  package func append(_ descriptions: [NodeDescription]) throws(GraphError) {
    let order = try DescriptionOrder(descriptions, in: self)
    let base = count
    for description in order.sequence.map({ descriptions[$0] }) {
      do throws(GraphError) {
        try append(description) { name in
          order.place(of: name).map { base + $0 } ?? operation(named: name)?.index
        }
      } catch {
        throw Self.located(
          error, node: description.name, op: description.op, site: description.site, inputs: [])
      }
    }
  }

  private func append(_ description: NodeDescription, place: (String) -> Int?) throws(GraphError) {
    guard Self.isValid(name: description.name) else {
      throw GraphError("\"\(description.name)\" is not a name that TensorFlow allows")
    }
    var endpoints: [Endpoint] = []
    var controls: [Int] = []
    for input in description.inputs {
      guard let index = place(input.node) else {
        throw GraphError("takes \"\(input.node)\", which is not there")
      }
      switch input {
      case .control:
        if !controls.contains(index) { controls.append(index) }
      case .data(let name, let output):
        if index < count, output >= node(at: index).record.outputs.count {
          throw GraphError("takes \"\(name):\(output)\", an output that is not there")
        }
        endpoints.append(Endpoint(node: index, output: output))
      }
    }
    // What a loop gives back is not there yet; it has the type of what enters the loop.
    let present = endpoints.filter { $0.node < count }.map { Tensor(node(at: $0.node), $0.output) }
    let tensors = endpoints.map { endpoint in
      endpoint.node < count ? Tensor(node(at: endpoint.node), endpoint.output) : present.first
    }
    var definition = ops[description.op]
    var attributes = description.attributes
    var outputs = description.outputs
    if let signature = definition?.signature ?? description.signature {
      let resolved: (attributes: [String: Attribute], outputs: [DType])
      do throws(GraphError) {
        resolved = try Self.resolve(signature, tensors.compactMap { $0 }, attributes)
      } catch {
        // Of types that are not known here a node is kept as one of an unknown op is.
        let any = try? Self.resolve(signature.ofAnyType, tensors.compactMap { $0 }, attributes)
        guard let any, !signature.admits(any.attributes) else {
          throw error.notes.isEmpty
            ? Self.located(
              error, node: description.name, op: description.op, site: description.site,
              inputs: present)
            : error
        }
        definition = nil
        resolved = any
      }
      attributes = resolved.attributes
      let stated = outputs
      outputs = resolved.outputs.enumerated().map { index, dtype in
        let shape = definition == nil && index < stated.count ? stated[index].shape : .unknown
        return .init(dtype: dtype, shape: shape)
      }
    }
    let draft = NodeRecord(
      index: -2, name: description.name, op: description.op, definition: definition,
      inputs: endpoints, controlInputs: controls, attributes: attributes,
      device: description.device, details: description.details, site: description.site,
      outputs: outputs)
    do throws(GraphError) {
      let inferred = try supported(draft)
      if inferred.definition != nil { try description.check(inferred.outputs) }
      _ = try append(inferred)
    } catch {
      throw Self.located(
        error, node: description.name, op: description.op, site: description.site, inputs: present)
    }
  }
}

extension Graph {
  /// The record with what its op infers, or as one of an unknown op where the op is not supported with
  /// these attributes: other parts of the file may not need it.
  private func supported(_ draft: NodeRecord) throws(GraphError) -> NodeRecord {
    do throws(GraphError) {
      return try inferred(draft)
    } catch {
      guard error.isLimitation else { throw error }
      return draft.ofUnknownOp
    }
  }
}

extension NodeDescription {
  /// Refuses outputs that contradict what the file states of them.
  fileprivate func check(_ found: [NodeRecord.Output]) throws(GraphError) {
    if outputs.isEmpty { return }
    guard outputs.count == found.count else {
      throw GraphError("the file states \(outputs.count) outputs, the op has \(found.count)")
    }
    for (stated, output) in zip(outputs, found)
    where stated.dtype != output.dtype || !stated.shape.isCompatible(with: output.shape) {
      throw GraphError(
        "the file states \(stated.dtype)\(stated.shape), "
          + "the op gives \(output.dtype)\(output.shape)")
    }
  }
}

/// The order in which described nodes can be added.
private struct DescriptionOrder {
  /// The descriptions' numbers in order.
  private(set) var sequence: [Int] = []
  private var positions: [String: Int] = [:]
  private var places: [Int]

  init(_ descriptions: [NodeDescription], in graph: Graph) throws(GraphError) {
    places = Array(repeating: 0, count: descriptions.count)
    for (index, node) in descriptions.enumerated() {
      guard positions.updateValue(index, forKey: node.name) == nil else {
        throw GraphError(
          "there are two nodes of this name", node: node.name, op: node.op, site: node.site)
      }
    }
    var waiting = [Int](repeating: 0, count: descriptions.count)
    var consumers = [[Int]](repeating: [], count: descriptions.count)
    for (index, node) in descriptions.enumerated() {
      let beginsRounds = graph.ops[node.op]?.beginsRounds == true
      for input in node.inputs {
        guard let source = positions[input.node] else {
          if graph.operation(named: input.node) != nil { continue }
          throw GraphError(
            "takes \"\(input.node)\", which is not there", node: node.name, op: node.op,
            site: node.site)
        }
        if beginsRounds, graph.ops[descriptions[source].op]?.closesLoops == true { continue }
        waiting[index] += 1
        consumers[source].append(index)
      }
    }
    var ready = Heap(descriptions.indices.filter { waiting[$0] == 0 })
    while let index = ready.popLeast() {
      places[index] = sequence.count
      sequence.append(index)
      for consumer in consumers[index] {
        waiting[consumer] -= 1
        if waiting[consumer] == 0 { ready.insert(consumer) }
      }
    }
    if let stuck = descriptions.indices.first(where: { waiting[$0] > 0 }) {
      let node = descriptions[stuck]
      throw GraphError(
        "is part of a cycle or follows from one", node: node.name, op: node.op, site: node.site)
    }
  }

  func place(of name: String) -> Int? { positions[name].map { places[$0] } }
}
