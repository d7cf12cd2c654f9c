import Dataflow

/// Optimizers compared on one net with one start: 784-300-100-10 with ReLU.
enum Optimizers: Example {
  static let name = "optimizers"
  static let abstract = "Optimizers compared"

  static func run(_ experiment: Experiment) throws {
    let optimizers: [(String, any Optimizer)] = [
      ("sgd", GradientDescentOptimizer(learningRate: 0.01)),
      ("momentum", MomentumOptimizer(learningRate: 0.01, momentum: 0.9)),
      ("nesterov", MomentumOptimizer(learningRate: 0.01, momentum: 0.9, useNesterov: true)),
      ("adagrad", AdagradOptimizer(learningRate: 0.01)),
      ("rmsprop", RMSPropOptimizer(learningRate: 0.001)),
      ("adam", AdamOptimizer()),
      ("adamax", AdamaxOptimizer()),
      ("nadam", NadamOptimizer()),
      ("adamw", AdamWOptimizer()),
    ]
    experiment.plotted = "loss"
    experiment.row("optimizer", "loss", "test loss", "test accuracy", "best")
    for (name, optimizer) in optimizers {
      let model = try Sequential(
        [
          .dense(300, activation: .relu, kernelInitializer: .heNormal()),
          .dense(100, activation: .relu, kernelInitializer: .heNormal()), .dense(10),
        ], inputShape: [784], seed: experiment.seed)
      try model.compile(
        optimizer: optimizer, loss: .sparseSoftmaxCrossEntropy, metrics: [.accuracy])
      let history = try experiment.fit(name, model)
      experiment.row(
        name, history.last("loss"), history.last("val_loss"), history.last("val_accuracy"),
        history.best("val_accuracy"))
    }
  }
}
