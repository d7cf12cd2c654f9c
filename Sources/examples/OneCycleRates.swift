import Dataflow

/// Smith's 1cycle, whose rate climbs and falls once while the momentum does the opposite, against a
/// constant rate; before it, a search for the rates that are worth a try.
enum OneCycleRates: Example {
  static let name = "onecycle"
  static let abstract = "1cycle against a constant rate"
  private static let batchSize = 128

  static func run(_ experiment: Experiment) throws {
    let digits = try experiment.digits.standardized(.allFeatures)
    let steps = experiment.epochs * ((digits.train.count + batchSize - 1) / batchSize)
    let found = try findRate(digits.train, experiment)
    let cycle = OneCycle(maximumRate: 0.05, steps: steps)
    let optimizers: [(String, any Optimizer)] = [
      ("constant 0.01", MomentumOptimizer(learningRate: 0.01, momentum: 0.9, useNesterov: true)),
      ("constant 0.05", MomentumOptimizer(learningRate: 0.05, momentum: 0.9, useNesterov: true)),
      (
        "1cycle to 0.05",
        MomentumOptimizer(learningRate: cycle.rate, momentum: cycle.momentum, useNesterov: true)
      ),
    ]
    experiment.row("rate", "loss", "test loss", "test accuracy", "best")
    for (name, optimizer) in optimizers {
      let model = try net(experiment)
      try model.compile(
        optimizer: optimizer, loss: .sparseSoftmaxCrossEntropy, metrics: [.accuracy])
      let history = try experiment.fit(
        name, model, on: digits.train, validation: digits.test, batchSize: batchSize)
      experiment.row(
        name, history.last("loss"), history.last("val_loss"), history.last("val_accuracy"),
        history.best("val_accuracy"))
    }
    experiment.row("rate of least loss found", found)
  }

  private static func net(_ experiment: Experiment) throws -> Sequential {
    try Sequential(
      [
        .dense(300, activation: .selu, kernelInitializer: .lecunNormal()),
        .dense(100, activation: .selu, kernelInitializer: .lecunNormal()), .dense(10),
      ], inputShape: [784], seed: experiment.seed)
  }

  /// Tries rates from 0.00001 to 10, a batch each, and gives the one at which the loss was least: a
  /// good one is several times lower.
  private static func findRate(_ data: DataSet.Split, _ experiment: Experiment) throws -> Double {
    let model = try net(experiment)
    let rate = model.graph.variable(0.01, name: "learning_rate", trainable: false)
    try model.compile(
      optimizer: GradientDescentOptimizer(learningRate: rate), loss: .sparseSoftmaxCrossEntropy)
    guard let train = model.trainStep, let loss = model.loss, let labels = model.labels else {
      return .nan
    }
    let batches = try data.shuffled(seed: UInt64(experiment.seed)).batches(of: 32).map { batch in
      Feeds(dictionaryLiteral: (model.inputs, batch.images), (labels, batch.labels))
    }
    let finder = try LearningRateFinder(
      model.session, train: train, loss: loss, rate: rate.value, batches: batches)
    return finder.rateOfLeastLoss ?? .nan
  }
}
