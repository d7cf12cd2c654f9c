import GraphCore
import GraphRuntime
import TensorCore

extension Model {
  /// The values of `variables`, in their order.
  public func weights() throws -> [TensorValue] {
    try variables.map { try session.value(of: $0) }
  }

  /// Sets `variables` to values in their order, all at once or none.
  ///
  /// - Throws: `SessionError` if their number, a type or a shape does not fit.
  public func setWeights(_ weights: [TensorValue]) throws(SessionError) {
    guard weights.count == variables.count else {
      throw SessionError(
        "the model \"\(name)\" has \(variables.count) weights, found \(weights.count)")
    }
    for (variable, value) in zip(variables, weights)
    where value.dtype != variable.dtype || !variable.shape.matches(value.shape) {
      throw SessionError(
        "the variable \"\(variable.name)\" is \(variable.dtype) \(variable.shape), "
          + "found \(value.dtype)\(value.shape)")
    }
    session.set(zip(variables, weights).map { ($0.handle.node.sessionName, $1) })
  }

  /// The number of the weights' elements.
  public var parameterCount: Int { Self.count(variables) }

  /// The number of the elements that are trained.
  public var trainableParameterCount: Int {
    let trained = Set(graph.variables(in: .trainableVariables))
    return Self.count(variables.filter(trained.contains))
  }

  /// The number of the elements that are not, such as moving averages and frozen weights.
  public var nonTrainableParameterCount: Int { parameterCount - trainableParameterCount }

  static func count(_ variables: [Variable]) -> Int {
    variables.reduce(0) { $0 + ($1.shape.count ?? 0) }
  }

  /// The variables of a layer.
  public func variables(of layer: BuiltLayer) -> [Variable] {
    variables.filter { variable in
      if layer.output != nil { return variable.name.hasPrefix(layer.name + "/") }
      return variable.name.split(separator: "/").dropLast().joined(separator: "/") == layer.name
    }
  }
}
