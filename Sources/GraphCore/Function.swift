import TensorCore

/// A named sub-graph that nodes call: TensorFlow's `FunctionDef`.
public final class Function: Sendable {
  /// The name by which nodes refer to it.
  public let name: String
  /// The nodes, in a graph of their own.
  public let body: Graph
  /// What a call gives values to: outputs of `_Arg` nodes.
  public let inputs: [Tensor]
  /// What a call gives.
  public let outputs: [Tensor]
  /// The nodes that a call runs for their effects.
  public let targets: [Node]

  /// A function of the given body.
  public init(
    name: String, body: Graph, inputs: [Tensor], outputs: [Tensor], targets: [Node] = []
  ) {
    self.name = name
    self.body = body
    self.inputs = inputs
    self.outputs = outputs
    self.targets = targets
  }
}

extension Graph {
  /// The function of that name, or nil.
  public func function(named name: String) -> Function? {
    state.withLock { $0.functions[name] }
  }

  /// The functions, sorted by name.
  public var functions: [Function] {
    state.withLock { Array($0.functions.values) }.sorted { $0.name < $1.name }
  }

  /// Adds a function under its name.
  public func add(_ function: Function) {
    state.withLock { $0.functions[function.name] = function }
  }

  /// A name for a new function that none has yet.
  package func uniqueFunctionName(_ name: String) -> String {
    state.withLock { state in
      var (unique, suffix) = (name, 0)
      while state.functions[unique] != nil {
        suffix += 1
        unique = "\(name)_\(suffix)"
      }
      return unique
    }
  }
}
