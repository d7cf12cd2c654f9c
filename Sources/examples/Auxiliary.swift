import Dataflow

/// Pretraining on another task: of two digits, whether they are the same. The layers that both digits
/// pass through are then the lower ones of a classifier with few labels.
enum Auxiliary: Example {
  static let name = "auxiliary"
  static let abstract = "Pretraining on pairs, same digit or not, then few labels"

  static func run(_ experiment: Experiment) throws {
    let (train, test) = (experiment.digits.train, experiment.digits.test)
    let lower: [Layer] = [
      .dense(300, activation: .elu, kernelInitializer: .heNormal(), name: "hidden1"),
      .dense(100, activation: .elu, kernelInitializer: .heNormal(), name: "hidden2"),
    ]

    // A dense layer treats each row of [2, 784] alike, so that both digits pass the same weights.
    let comparer = try Sequential(
      lower + [
        .flatten(), .dense(50, activation: .elu, kernelInitializer: .heNormal(), name: "compare"),
        .dense(1, activation: .sigmoid, name: "same"),
      ], inputShape: [2, 784], seed: experiment.seed, name: "comparer")
    print(comparer.summary())
    try comparer.compile(
      optimizer: MomentumOptimizer(learningRate: 0.01, momentum: 0.9), loss: .binaryCrossEntropy,
      metrics: [.accuracy])
    let compared = try experiment.fit(
      "same digit or not", comparer, on: pairs(of: train, seed: UInt64(experiment.seed)),
      validation: pairs(of: test, seed: 1))

    let few = train.keeping(classes: Array(0..<10), limit: 10)
    experiment.row("net", "samples", "loss", "test loss", "test accuracy")
    row("same digit or not", train.count, compared, experiment)
    for name in ["from scratch", "lower layers frozen", "lower layers trained on"] {
      let model = try Sequential(
        lower + [.dense(10, name: "outputs")], inputShape: [784], seed: experiment.seed)
      if name != "from scratch" { try model.session.copyVariables(from: comparer.session) }
      if name == "lower layers frozen" {
        for layer in model.layers.dropLast() { model.graph.freeze(model.variables(of: layer)) }
      }
      try model.compile(
        optimizer: MomentumOptimizer(learningRate: 0.01, momentum: 0.9),
        loss: .sparseSoftmaxCrossEntropy, metrics: [.accuracy])
      row(
        name, few.count, try experiment.fit(name, model, on: few, validation: test), experiment)
    }
  }

  private static func row(
    _ name: String, _ samples: Int, _ history: History, _ experiment: Experiment
  ) {
    experiment.row(
      name, "\(samples)", history.last("loss").decimals(4), history.last("val_loss").decimals(4),
      history.last("val_accuracy").decimals(4))
  }

  /// As many pairs as there are digits, every other one of the same class: `[count, 2, 784]`.
  private static func pairs(of split: DataSet.Split, seed: UInt64) throws -> DataSet.Split {
    let mixed = split.shuffled(seed: seed)
    let labels = mixed.labels.integers ?? []
    let pixels = try mixed.images.scalars(as: Float.self)
    var places = [Int: [Int]]()
    for (place, label) in labels.enumerated() { places[label, default: []].append(place) }
    var elements: [Float] = []
    var same: [Float] = []
    for (place, label) in labels.enumerated() {
      let isSame = place % 2 == 0
      // The next one of the class that is wanted, in an order that is as good as any.
      let wanted = isSame ? label : (label + 1 + (place / 2) % 9) % 10
      guard let others = places[wanted], !others.isEmpty else { continue }
      let other = others[(place * 7 + 1) % others.count]
      elements += pixels[(place * 784)..<(place * 784 + 784)]
      elements += pixels[(other * 784)..<(other * 784 + 784)]
      same.append(isSame ? 1 : 0)
    }
    return try DataSet.Split(
      TensorValue(elements, shape: [same.count, 2, 784]),
      labels: TensorValue(same, shape: [same.count, 1]))
  }
}
