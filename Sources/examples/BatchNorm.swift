import Dataflow

/// Batch normalization after the activations, before them, and none: 784-300-100-10.
enum BatchNorm: Example {
  static let name = "batchnorm"
  static let abstract = "Batch normalization before and after the activations"

  static func run(_ experiment: Experiment) throws {
    let nets: [(String, [Layer])] = [
      ("none", [.dense(300, activation: .elu), .dense(100, activation: .elu), .dense(10)]),
      (
        "after",
        [
          .batchNormalization(), .dense(300, activation: .elu), .batchNormalization(),
          .dense(100, activation: .elu), .batchNormalization(), .dense(10),
        ]
      ),
      // The normalization has an offset of its own, so that a bias before it would do nothing.
      (
        "before",
        [
          .batchNormalization(), .dense(300, useBias: false), .batchNormalization(),
          .activation(.elu), .dense(100, useBias: false), .batchNormalization(), .activation(.elu),
          .dense(10),
        ]
      ),
    ]
    experiment.row("normalization", "not trained", "loss", "test loss", "test accuracy")
    for (name, layers) in nets {
      let model = try Sequential(layers, inputShape: [784], seed: experiment.seed, name: name)
      print(model.summary())
      try model.compile(
        optimizer: GradientDescentOptimizer(learningRate: 0.01), loss: .sparseSoftmaxCrossEntropy,
        metrics: [.accuracy])
      let history = try experiment.fit(name, model)
      experiment.row(
        name, "\(model.nonTrainableParameterCount)", history.last("loss").decimals(4),
        history.last("val_loss").decimals(4), history.last("val_accuracy").decimals(4))
    }
  }
}
