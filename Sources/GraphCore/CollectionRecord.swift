/// A variable as its graph keeps it: by the numbers of its nodes. A handle would hold the graph that
/// holds it, and neither would ever be freed.
package struct VariableRecord: Sendable {
  package let handle: Endpoint
  package let value: Endpoint
  package let initializer: Int
  package let initialValue: Endpoint?
  package var isTrainable: Bool
  private let distribution: (synchronization: Int, aggregation: Int)
  private let part: VariablePart?

  package init(_ variable: Variable) {
    handle = variable.handle.endpoint
    value = variable.value.endpoint
    initializer = variable.initializer.index
    initialValue = variable.initialValue?.endpoint
    isTrainable = variable.isTrainable
    distribution = variable.distribution
    part = variable.part
  }

  private init(
    _ other: VariableRecord, handle: Endpoint, value: Endpoint, initializer: Int,
    initialValue: Endpoint?
  ) {
    (self.handle, self.value, self.initializer) = (handle, value, initializer)
    self.initialValue = initialValue
    isTrainable = other.isTrainable
    distribution = other.distribution
    part = other.part
  }

  /// The same where each node is at another place; nil if one that it needs has none.
  package func moved(_ place: (Int) -> Int?) -> VariableRecord? {
    guard let handle = handle.moved(place), let value = value.moved(place),
      let initializer = place(initializer)
    else { return nil }
    return VariableRecord(
      self, handle: handle, value: value, initializer: initializer,
      initialValue: initialValue.flatMap { $0.moved(place) })
  }

  /// The variable of the graph whose nodes these are.
  package func variable(in graph: Graph, _ nodes: [NodeRecord]) -> Variable {
    Variable(
      handle: handle.tensor(in: graph, nodes), value: value.tensor(in: graph, nodes),
      initializer: Node(graph: graph, record: nodes[initializer]),
      initialValue: initialValue?.tensor(in: graph, nodes), isTrainable: isTrainable,
      distribution: distribution, part: part)
  }
}

/// An item of a collection as its graph keeps it, by the numbers of nodes.
package enum CollectionRecord: Sendable {
  case operation(Int)
  case tensor(Endpoint)
  case variable(VariableRecord)
  /// An item that is no element of the graph.
  case data(CollectionItem)

  package init(_ item: CollectionItem) {
    switch item {
    case .operation(let node): self = .operation(node.index)
    case .tensor(let tensor): self = .tensor(tensor.endpoint)
    case .variable(let variable): self = .variable(VariableRecord(variable))
    case .bytes, .int, .float, .message: self = .data(item)
    }
  }

  /// The node that running the item runs.
  package var target: Int? {
    switch self {
    case .operation(let node): node
    case .tensor(let tensor): tensor.node
    case .variable(let variable): variable.value.node
    case .data: nil
    }
  }

  /// The same where each node is at another place; nil if one that it needs has none.
  package func moved(_ place: (Int) -> Int?) -> CollectionRecord? {
    switch self {
    case .operation(let node): place(node).map { .operation($0) }
    case .tensor(let tensor): tensor.moved(place).map { .tensor($0) }
    case .variable(let variable): variable.moved(place).map { .variable($0) }
    case .data: self
    }
  }

  /// The item of the graph whose nodes these are.
  package func item(in graph: Graph, _ nodes: [NodeRecord]) -> CollectionItem {
    switch self {
    case .operation(let node): .operation(Node(graph: graph, record: nodes[node]))
    case .tensor(let tensor): .tensor(tensor.tensor(in: graph, nodes))
    case .variable(let variable): .variable(variable.variable(in: graph, nodes))
    case .data(let item): item
    }
  }
}

extension Endpoint {
  fileprivate func moved(_ place: (Int) -> Int?) -> Endpoint? {
    place(node).map { Endpoint(node: $0, output: output) }
  }

  fileprivate func tensor(in graph: Graph, _ nodes: [NodeRecord]) -> Tensor {
    Tensor(Node(graph: graph, record: nodes[node]), output)
  }
}
