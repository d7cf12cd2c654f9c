import Dataflow
import Foundation

/// A net of 100 hidden layers without any normalization: with SELU, LeCun's normal initializer and
/// standardised inputs each layer passes mean 0 and deviation 1 on; with ReLU it does not.
enum Selu100: Example {
  static let name = "selu100"
  static let abstract = "100 hidden layers that normalise themselves"

  static func run(_ experiment: Experiment) throws {
    let digits = try experiment.digits.standardized(.allFeatures)
    let nets: [(String, Activation, Initializer)] = [
      ("selu", .selu, .lecunNormal()), ("relu", .relu, .heNormal()),
    ]
    experiment.row(
      "activation", "mean in layer 100", "deviation", "loss", "test loss", "test accuracy")
    for (name, activation, initializer) in nets {
      let hidden = [300] + [Int](repeating: 100, count: 99)
      let layers = hidden.map {
        Layer.dense($0, activation: activation, kernelInitializer: initializer)
      }
      let model = try Sequential(
        layers + [.dense(10)], inputShape: [784], seed: experiment.seed, name: name)
      try model.compile(
        optimizer: GradientDescentOptimizer(learningRate: 0.001), loss: .sparseSoftmaxCrossEntropy,
        metrics: [.accuracy])
      let (mean, deviation) = try moments(ofLayer: 99, model, digits.test.images)
      let history = try experiment.fit(name, model, on: digits.train, validation: digits.test)
      experiment.row(
        name, mean, deviation, history.last("loss"), history.last("val_loss"),
        history.last("val_accuracy"))
    }
  }

  /// Mean and deviation of what a hidden layer gives before any training: any tensor of the model's
  /// graph can be fetched.
  private static func moments(ofLayer index: Int, _ model: Model, _ images: TensorValue) throws -> (
    Double, Double
  ) {
    guard let output = model.layers[index].output else { return (.nan, .nan) }
    let values = try model.session.run(output, feeding: [model.inputs: images]).doubles ?? []
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, variance.squareRoot())
  }
}
