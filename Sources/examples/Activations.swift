import Dataflow

/// Activations compared, each with the initializer that suits it: 784-300-100-10 on standardised
/// pixels.
enum Activations: Example {
  static let name = "activations"
  static let abstract = "Activations compared"

  static func run(_ experiment: Experiment) throws {
    let digits = try experiment.digits.standardized(.allFeatures)
    let all: [(Activation, Initializer)] = [
      (.sigmoid, .glorotUniform()), (.tanh, .glorotUniform()), (.softplus, .glorotUniform()),
      (.relu, .heNormal()), (.leakyRelu(alpha: 0.2), .heNormal()), (.elu, .heNormal()),
      (.selu, .lecunNormal()), (.gelu, .heNormal()), (.swish, .heNormal()),
    ]
    experiment.row("activation", "loss", "test loss", "test accuracy")
    for (activation, initializer) in all {
      let model = try Sequential(
        [
          .dense(300, activation: activation, kernelInitializer: initializer),
          .dense(100, activation: activation, kernelInitializer: initializer), .dense(10),
        ], inputShape: [784], seed: experiment.seed)
      try train(model, activation.name, digits, experiment)
    }
    // Its slopes below 0 are weights, so that it is a layer.
    let learned = try Sequential(
      [
        .dense(300, kernelInitializer: .heNormal()), .parametricRelu(),
        .dense(100, kernelInitializer: .heNormal()), .parametricRelu(), .dense(10),
      ], inputShape: [784], seed: experiment.seed)
    try train(learned, "p_relu", digits, experiment)
  }

  private static func train(
    _ model: Model, _ name: String, _ digits: DataSet, _ experiment: Experiment
  ) throws {
    try model.compile(
      optimizer: GradientDescentOptimizer(learningRate: 0.01), loss: .sparseSoftmaxCrossEntropy,
      metrics: [.accuracy])
    let history = try experiment.fit(name, model, on: digits.train, validation: digits.test)
    experiment.row(
      name, history.last("loss"), history.last("val_loss"), history.last("val_accuracy"))
  }
}
