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
    copy.state.withLock { $0 = source }
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
        if let index = item.target { kept.addIfSelfContained(index) }
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
        let own = items.compactMap { $0.moved { places[$0] } }
        if !own.isEmpty { state.collections[key] = own }
      }
      state.variables = source.variables.compactMapValues { $0.moved { places[$0] } }
    }
    target.forgetSaver()
    return target
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
  mutating func add(variables: [VariableRecord]) {
    for variable in variables where indices.contains(variable.handle.node) {
      add(
        [variable.initializer, variable.value.node]
          + (variable.initialValue.map { [$0.node] } ?? []))
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
