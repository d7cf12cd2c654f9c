import GraphCore
import TensorFlowFormats

extension Graph {
  /// A graph of its own with the same nodes under the same names, the same collections and functions;
  /// what is added to one is not in the other.
  ///
  /// A session's values are copied by `Session.copyVariables(from:)`.
  public func copy() -> Graph {
    let copy = Graph(ops: ops)
    let source = state.withLock { $0 }
    let places = { (index: Int) in index }
    copy.state.withLock { state in
      state = source
      state.collections = source.collections.mapValues { items in
        items.compactMap { copy.counterpart(of: $0, source.nodes, places) }
      }
      state.variables = source.variables.compactMapValues {
        copy.counterpart(of: $0, source.nodes, places)
      }
    }
    return copy
  }

  /// A graph of its own that ends at the given tensors: their ancestors, and the variables among these
  /// with their initializers. The head that followed, its loss and its training op are left out, so
  /// that another can take their place and their names.
  ///
  /// What `update_ops`, `regularization_losses` and `weight_constraints` hold stays where it needs
  /// nothing that was left out.
  public func copy(upTo tensors: [Tensor]) -> Graph {
    let target = Graph(ops: ops)
    for tensor in tensors where tensor.graph !== self || tensor.isPoison {
      target.record(GraphError("\(tensor) is not a tensor of the graph that is cut"))
    }
    let source = state.withLock { $0 }
    var kept = GraphPart(source.nodes)
    kept.add(tensors.filter { $0.graph === self && !$0.isPoison }.map(\.node.index))
    kept.add(variables: Array(source.variables.values))
    for key in CollectionKey.ofParts {
      for item in source.collections[key] ?? [] {
        if let index = item.element?.target.index { kept.addIfSelfContained(index) }
      }
    }
    kept.add(variables: Array(source.variables.values))
    let order = kept.indices.sorted()
    let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    let records = order.map { source.nodes[$0].moved { places[$0] ?? 0 } }
    target.state.withLock { state in
      state.nodes = records
      for record in records {
        state.indexOfName[record.name] = record.index
        state.nameCounts[record.name.lowercased()] = 1
      }
      (state.seed, state.seedMode) = (source.seed, source.seedMode)
      (state.functions, state.unreadFunctions) = (source.functions, source.unreadFunctions)
      state.details = source.details
      for (key, items) in source.collections {
        let own = items.compactMap { target.counterpart(of: $0, records) { places[$0] } }
        if !own.isEmpty { state.collections[key] = own }
      }
      state.variables = source.variables.compactMapValues {
        target.counterpart(of: $0, records) { places[$0] }
      }
    }
    target.forgetSaver()
    return target
  }

  /// An item of another graph's collection in terms of this graph's records; nil if its node is not
  /// among them.
  private func counterpart(
    of item: CollectionItem, _ records: [NodeRecord], _ place: (Int) -> Int?
  ) -> CollectionItem? {
    switch item {
    case .operation(let node): counterpart(of: node, records, place).map { .operation($0) }
    case .tensor(let tensor):
      counterpart(of: tensor.node, records, place).map { .tensor(Tensor($0, tensor.index)) }
    case .variable(let variable):
      counterpart(of: variable, records, place).map { .variable($0) }
    case .bytes, .int, .float, .message: item
    }
  }

  private func counterpart(of node: Node, _ records: [NodeRecord], _ place: (Int) -> Int?) -> Node?
  {
    place(node.index).map { Node(graph: self, record: records[$0]) }
  }

  private func counterpart(
    of variable: Variable, _ records: [NodeRecord], _ place: (Int) -> Int?
  ) -> Variable? {
    func own(_ tensor: Tensor) -> Tensor? {
      counterpart(of: tensor.node, records, place).map { Tensor($0, tensor.index) }
    }
    guard let handle = own(variable.handle), let value = own(variable.value),
      let initializer = counterpart(of: variable.initializer, records, place)
    else { return nil }
    return variable.placed(
      handle: handle, value: value, initializer: initializer,
      initialValue: variable.initialValue.flatMap { own($0) })
  }
}

extension CollectionKey {
  /// What belongs to a part of a graph although nothing follows from it.
  fileprivate static let ofParts: [CollectionKey] = [
    .updateOps, .regularizationLosses, "weight_constraints",
  ]
}

/// Nodes of a graph, with all that they need.
private struct GraphPart {
  private let nodes: [NodeRecord]
  private(set) var indices: Set<Int> = []

  init(_ nodes: [NodeRecord]) { self.nodes = nodes }

  /// Adds nodes with their ancestors.
  mutating func add(_ starts: [Int]) { indices.formUnion(ancestors(of: starts)) }

  /// Adds how the variables among the nodes start and are read.
  mutating func add(variables: [Variable]) {
    for variable in variables where indices.contains(variable.handle.node.index) {
      let others = [variable.initializer, variable.value.node] + [variable.initialValue?.node]
      add(others.compactMap { $0?.index })
    }
  }

  /// Adds a node unless it needs a variable or a feed that is not among the nodes.
  mutating func addIfSelfContained(_ index: Int) {
    let needed = ancestors(of: [index])
    let isSelfContained = needed.allSatisfy {
      !["VarHandleOp", "VariableV2", "Variable", "Placeholder"].contains(nodes[$0].op)
    }
    if isSelfContained { indices.formUnion(needed) }
  }

  /// The ancestors that are not among the nodes yet, the starts included.
  private func ancestors(of starts: [Int]) -> Set<Int> {
    var found: Set<Int> = []
    var pending = starts
    while let index = pending.popLast() {
      guard nodes.indices.contains(index), !indices.contains(index), found.insert(index).inserted
      else { continue }
      pending += nodes[index].inputs.map(\.node) + nodes[index].controlInputs
    }
    return found
  }
}
