import GraphCore
import StandardOps
import TensorCore

/// What a `Model` tells about itself besides the loss: one of the functions of `Metrics`, without its
/// tensors.
public struct Metric: Sendable {
  /// The name under which `fit` and `evaluate` give it.
  public let name: String
  private let build: @Sendable (Tensor, Tensor, String) -> Metrics.Streaming

  /// A metric by a function of its own.
  public init(
    _ name: String,
    _ build:
      @escaping @Sendable (_ labels: Tensor, _ outputs: Tensor, _ name: String) ->
      Metrics.Streaming
  ) { (self.name, self.build) = (name, build) }

  /// The metric in the graph of the outputs.
  func callAsFunction(labels: Tensor, outputs: Tensor) -> Metrics.Streaming {
    build(labels, outputs, name)
  }

  /// How often the greatest output is that of the right class, or, as Keras chooses, an only output
  /// lies on the same side of ½ as its label.
  public static let accuracy = Metric("accuracy") { labels, outputs, name in
    if labels.dtype.isInteger {
      return Metrics.accuracy(
        labels: labels, predictions: argMax(outputs, axis: -1), name: name)
    }
    let last = outputs.shape.dimensions?.last ?? nil
    if last == 1 { return binaryAccuracy()(labels: labels, outputs: outputs) }
    return Metrics.accuracy(
      labels: argMax(labels, axis: -1), predictions: argMax(outputs, axis: -1), name: name)
  }

  /// How often outputs and labels lie on the same side of a threshold: ½ for probabilities, 0 for
  /// logits.
  public static func binaryAccuracy(threshold: Double = 0.5) -> Metric {
    Metric("accuracy") { labels, outputs, name in
      Metrics.accuracy(
        labels: cast(labels .> 0.5, .int32), predictions: cast(outputs .> threshold, .int32),
        name: name)
    }
  }

  /// How often the right class, an index, is among the greatest outputs.
  public static func topKAccuracy(_ k: Int = 5) -> Metric {
    Metric("top_\(k)_accuracy") {
      Metrics.topKAccuracy(labels: $0, predictions: $1, k: k, name: $2)
    }
  }
  /// The mean distance from what is right.
  public static let meanAbsoluteError = Metric("mean_absolute_error") {
    Metrics.meanAbsoluteError(labels: $0, predictions: $1, name: $2)
  }
  /// The mean squared distance from what is right.
  public static let meanSquaredError = Metric("mean_squared_error") {
    Metrics.meanSquaredError(labels: $0, predictions: $1, name: $2)
  }
  /// The share of right ones among probabilities above ½.
  public static let precision = Metric("precision") {
    Metrics.precision(labels: $0, predictions: $1 .> 0.5, name: $2)
  }
  /// The share of right ones that got a probability above ½.
  public static let recall = Metric("recall") {
    Metrics.recall(labels: $0, predictions: $1 .> 0.5, name: $2)
  }
  /// The area under the curve of true over false positives.
  public static let auc = Metric("auc") {
    Metrics.auc(labels: $0, predictions: $1, name: $2)
  }
}
