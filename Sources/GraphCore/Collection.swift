/// The name of a collection of graph elements, TensorFlow's `GraphKeys` among them.
public struct CollectionKey: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
  /// The name as files hold it.
  public let rawValue: String
  /// A key of that name.
  public init(rawValue: String) { self.rawValue = rawValue }
  /// A key written as its name.
  public init(stringLiteral value: String) { rawValue = value }

  /// Every variable that checkpoints hold.
  public static let globalVariables: CollectionKey = "variables"
  /// The variables that optimizers train.
  public static let trainableVariables: CollectionKey = "trainable_variables"
  /// Variables that checkpoints leave out.
  public static let localVariables: CollectionKey = "local_variables"
  /// Variables that make up a model for inference.
  public static let modelVariables: CollectionKey = "model_variables"
  /// Variables that hold streaming metrics.
  public static let metricVariables: CollectionKey = "metric_variables"
  /// Variables with moving averages.
  public static let movingAverageVariables: CollectionKey = "moving_average_variables"
  /// Ops to run beside a training step, such as batch normalization's moving averages.
  public static let updateOps: CollectionKey = "update_ops"
  /// The training ops.
  public static let trainOp: CollectionKey = "train_op"
  /// Loss terms.
  public static let losses: CollectionKey = "losses"
  /// Penalties on weights, to be added to a loss.
  public static let regularizationLosses: CollectionKey = "regularization_losses"
  /// The step counter.
  public static let globalStep: CollectionKey = "global_step"
  /// Summary tensors.
  public static let summaries: CollectionKey = "summaries"
  /// The savers of a MetaGraph.
  public static let savers: CollectionKey = "savers"
  /// Ops that initialise every variable.
  public static let initOp: CollectionKey = "init_op"

  /// The collections whose items are variables, which files hold as `VariableDef` messages.
  package static let ofVariables: [CollectionKey] = [
    .globalVariables, .trainableVariables, .localVariables, .modelVariables, .metricVariables,
    .movingAverageVariables, .globalStep,
  ]
}

/// One item of a collection.
public enum CollectionItem: Hashable, Sendable {
  case operation(Node)
  case tensor(Tensor)
  case variable(Variable)
  case bytes([UInt8])
  case int(Int)
  case float(Float)
  /// A message of a type given by URL, kept as it is.
  case message(typeURL: String, [UInt8])

  /// The graph element, unless the item is plain data.
  public var element: (any GraphElement)? {
    switch self {
    case .operation(let node): node
    case .tensor(let tensor): tensor
    case .variable(let variable): variable
    case .bytes, .int, .float, .message: nil
    }
  }
}

extension Graph {
  /// The graph elements of a collection in the order in which they were added.
  public func collection(_ key: CollectionKey) -> [any GraphElement] {
    items(in: key).compactMap(\.element)
  }

  /// The variables of a collection.
  public func variables(in key: CollectionKey = .globalVariables) -> [Variable] {
    items(in: key).compactMap {
      if case .variable(let variable) = $0 { variable } else { nil }
    }
  }

  /// All items of a collection, plain data included.
  public func items(in key: CollectionKey) -> [CollectionItem] {
    let (records, nodes) = state.withLock { ($0.collections[key] ?? [], $0.nodes) }
    return records.map { $0.item(in: self, nodes) }
  }

  /// The names of the collections that hold something, sorted.
  public var collectionKeys: [CollectionKey] {
    state.withLock { $0.collections.filter { !$0.value.isEmpty }.keys }
      .sorted { $0.rawValue < $1.rawValue }
  }

  /// Adds an item to a collection.
  public func add(_ item: CollectionItem, to key: CollectionKey) {
    if let element = item.element {
      if element.target.isPoison { return }
      guard element.target.graph == self else {
        return record(
          GraphError(
            "\(element.target) is part of another graph and cannot be in the collection "
              + "\"\(key.rawValue)\" of this one"))
      }
    }
    if case .variable(let variable) = item { register(variable) }
    state.withLock { $0.collections[key, default: []].append(CollectionRecord(item)) }
  }

  /// Lets `getVariable` find the variable by its name.
  package func register(_ variable: Variable) {
    let name = variable.name
    state.withLock { $0.variables[name] = VariableRecord(variable) }
  }

  /// The variable that was registered under that name, or nil.
  package func variable(named name: String) -> Variable? {
    let (record, nodes) = state.withLock { ($0.variables[name], $0.nodes) }
    return record?.variable(in: self, nodes)
  }

  /// Adds a node to a collection.
  public func add(_ node: Node, to key: CollectionKey) { add(.operation(node), to: key) }
  /// Adds a tensor to a collection.
  public func add(_ tensor: Tensor, to key: CollectionKey) { add(.tensor(tensor), to: key) }
  /// Adds a variable to a collection.
  public func add(_ variable: Variable, to key: CollectionKey) {
    add(.variable(variable), to: key)
  }
}
