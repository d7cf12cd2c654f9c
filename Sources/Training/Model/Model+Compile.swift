import GraphCore
import GraphRuntime
import StandardOps

/// What training and evaluating need besides the net.
struct CompiledParts {
  let labels: Tensor
  let loss: Tensor
  let trainStep: Node
  /// Each metric's value and the tensor whose run takes in a batch.
  let metrics: [(name: String, streaming: Metrics.Streaming)]
  /// Forgets what the metrics have seen.
  let reset: Node?
}

extension Model {
  /// Adds loss, metrics and a training step to the graph.
  ///
  /// It may be called again, for another loss, another optimizer, or after variables were frozen:
  /// the weights stay as they are. A rate that callbacks change is a variable:
  /// `let rate = model.graph.variable(0.01, name: "learning_rate", trainable: false)`.
  ///
  /// - Parameters:
  ///   - loss: to it the penalties on weights are added, the collection `regularization_losses`.
  ///   - metrics: what `fit` and `evaluate` tell besides the loss.
  ///   - labels: a placeholder of the graph; a new one by default, `int64` for classes and else as the
  ///     outputs are.
  ///   - variables: what to train; the collection `trainable_variables` by default.
  /// - Throws: `GraphErrors` with every mistake in the graph.
  public func compile(
    optimizer: any Optimizer, loss: Loss, metrics: [Metric] = [], labels: Tensor? = nil,
    variables: [Variable]? = nil
  ) throws {
    let labels = labels ?? loss.placeholder(for: outputs)
    let total = graph.nameScope("loss") {
      addN(
        [loss(labels: labels, outputs: outputs)] + graph.tensors(in: .regularizationLosses),
        name: "loss")
    }
    // Whoever runs the collection means the newest step alone.
    graph.clearCollection(.trainOp)
    let trainStep = graph.nameScope("train") { optimizer.minimize(total, variables: variables) }
    let built = graph.nameScope("metrics") {
      metrics.map { (name: $0.name, streaming: $0(labels: labels, outputs: outputs)) }
    }
    let reset = built.isEmpty ? nil : graph.localVariablesInitializer(name: "reset_metrics")
    try graph.throwNewErrors()
    compiled = CompiledParts(
      labels: labels, loss: total, trainStep: trainStep, metrics: built, reset: reset)
    try initializeNewVariables()
  }

  /// What `compile` added.
  func compiledParts() throws(SessionError) -> CompiledParts {
    guard let compiled else {
      throw SessionError(
        "the model \"\(name)\" has no loss and no training step; call compile first")
    }
    return compiled
  }
}
