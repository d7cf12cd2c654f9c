import Dataflow

/// Dropout and max-norm constraints against overfitting; then Monte Carlo dropout, which drops at
/// inference too: the spread of a hundred predictions tells how sure the net is of each class.
enum Dropouts: Example {
  static let name = "dropout"
  static let abstract = "Dropout, max-norm, and what a net is unsure of"

  static func run(_ experiment: Experiment) throws {
    let nets: [(String, [Layer])] = [
      ("none", net(rate: nil)), ("max-norm", net(rate: nil, constraint: .maxNorm(1))),
      ("dropout", net(rate: 0.2)),
      ("dropout, max-norm", net(rate: 0.2, constraint: .maxNorm(1))),
    ]
    experiment.row("net", "loss", "test loss", "test accuracy", "Monte Carlo")
    for (name, layers) in nets {
      let model = try Sequential(layers, inputShape: [784], seed: experiment.seed, name: name)
      try model.compile(
        optimizer: MomentumOptimizer(learningRate: 0.01, momentum: 0.9, useNesterov: true),
        loss: .sparseCategoricalCrossEntropy, metrics: [.accuracy])
      let history = try experiment.fit(name, model)
      let sampled = try model.predictions(
        experiment.digits.test.images, samples: 100, training: true)
      experiment.row(
        name, history.last("loss"), history.last("val_loss"), history.last("val_accuracy"),
        try accuracy(sampled.mean, experiment.digits.test.labels))
      if name == "dropout" { try tell(sampled, experiment.digits.test.labels) }
    }
  }

  private static func net(rate: Double?, constraint: Constraint? = nil) -> [Layer] {
    let drop: [Layer] = rate.map { [.dropout($0)] } ?? []
    func hidden(_ units: Int) -> Layer {
      .dense(
        units, activation: .elu, kernelInitializer: .heNormal(), kernelConstraint: constraint)
    }
    return drop + [hidden(300)] + drop + [hidden(100)] + drop + [.dense(10, activation: .softmax)]
  }

  private static func accuracy(_ probabilities: TensorValue, _ labels: TensorValue) throws -> Double
  {
    let rows = try rows(of: probabilities)
    let right = zip(rows, labels.integers ?? []).filter { row, label in
      row.indices.max { row[$0] < row[$1] } == label
    }
    return Double(right.count) / Double(max(rows.count, 1))
  }

  private static func rows(of value: TensorValue) throws -> [[Double]] {
    let numbers = value.doubles ?? []
    return stride(from: 0, to: numbers.count, by: 10).map { Array(numbers[$0..<($0 + 10)]) }
  }

  /// Prints the three test images whose predictions differ most, class by class.
  private static func tell(_ sampled: SampledPredictions, _ labels: TensorValue) throws {
    let (means, spreads) = (
      try rows(of: sampled.mean), try rows(of: sampled.standardDeviation)
    )
    let order = spreads.indices.sorted { (spreads[$0].max() ?? 0) > (spreads[$1].max() ?? 0) }
    print("least sure of \(sampled.count) predictions, mean ± deviation by class:")
    for image in order.prefix(3) {
      let classes = means[image].indices.filter { means[image][$0] >= 0.01 }
      let text = classes.map {
        "\($0): \(means[image][$0].decimals(2)) ± \(spreads[image][$0].decimals(2))"
      }
      print(
        "  image \(image), a \((labels.integers ?? [])[image]): \(text.joined(separator: ", "))")
    }
  }
}
