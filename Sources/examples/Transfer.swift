import Dataflow

/// A net learns eight digits; its hidden layers then help to tell the two others, 7 and 9, from 200
/// samples: at first frozen under a new head, then trained on.
///
/// Where 200 samples are enough to begin with, as for 5 and 6, nothing is gained.
enum Transfer: Example {
  static let name = "transfer"
  static let abstract = "From eight digits to two others with 200 samples"

  static func run(_ experiment: Experiment) throws {
    let eight = experiment.digits.keeping(classes: [0, 1, 2, 3, 4, 5, 6, 8])
    let two = experiment.digits.keeping(classes: [7, 9])
    let few = two.train.prefix(200)
    let hidden: [Layer] = [300, 100, 50, 50, 50].map {
      .dense($0, activation: .selu, kernelInitializer: .lecunNormal())
    }

    let teacher = try Sequential(
      hidden + [.dense(8, name: "eight")], inputShape: [784], seed: experiment.seed)
    try compile(teacher, rate: 0.01)
    let taught = try experiment.fit(
      "eight digits", teacher, on: eight.train, validation: eight.test)

    let alone = try Sequential(
      hidden + [.dense(2, name: "two")], inputShape: [784], seed: experiment.seed)
    try compile(alone, rate: 0.01)
    let scratch = try experiment.fit("two from scratch", alone, on: few, validation: two.test)

    // The graph is cut below the old head and gets a new one.
    guard let features = teacher.layers[hidden.count - 1].output else { return }
    let graph = teacher.graph.copy(upTo: [features, teacher.inputs])
    guard let x = graph.tensor(named: teacher.inputs.name),
      let cut = graph.tensor(named: features.name)
    else { return }
    let lower = graph.variables()
    let student = try Model(inputs: x, outputs: Layers.dense(cut, units: 2, name: "two"))
    try student.session.copyVariables(from: teacher.session)
    graph.freeze(lower)
    // The new head alone may take larger steps.
    try compile(student, rate: 0.05)
    let frozenEpochs = max(1, experiment.epochs / 4)
    let frozen = try experiment.fit(
      "two, transferred", student, on: few, validation: two.test, epochs: frozenEpochs)
    graph.unfreeze(lower)
    try compile(student, rate: 0.01)
    let trained = try experiment.fit(
      "two, transferred", student, on: few, validation: two.test,
      epochs: max(1, experiment.epochs - frozenEpochs))

    experiment.row("net", "samples", "test loss", "test accuracy")
    for (name, samples, history) in [
      ("eight digits", eight.train.count, taught), ("two from scratch", few.count, scratch),
      ("two, lower layers frozen", few.count, frozen),
      ("two, then all trained", few.count, trained),
    ] {
      experiment.row(
        name, "\(samples)", history.last("val_loss").decimals(4),
        history.last("val_accuracy").decimals(4))
    }
  }

  private static func compile(_ model: Model, rate: Double) throws {
    try model.compile(
      optimizer: GradientDescentOptimizer(learningRate: rate), loss: .sparseSoftmaxCrossEntropy,
      metrics: [.accuracy])
  }
}
