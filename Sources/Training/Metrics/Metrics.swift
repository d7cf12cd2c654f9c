import GraphCore
import StandardOps
import TensorCore

/// Metrics over many batches, TensorFlow 1's `tf.metrics`: each gives its `value` so far, and an
/// `updateOp` that takes in a batch and gives the value after it.
///
/// What they count is in local variables, of the collections `local_variables` and
/// `metric_variables`: `graph.localVariablesInitializer()` sets them to 0, at the start and again
/// for each new evaluation. Run `updateOp` for every batch, then fetch `value` alone.
public enum Metrics {
  /// A metric's value so far, and the tensor whose run takes in a batch.
  public typealias Streaming = (value: Tensor, updateOp: Tensor)

  /// The mean of all values seen, weighted; TensorFlow's `metrics.mean`.
  ///
  /// - Parameters:
  ///   - values: of any shape.
  ///   - weights: 1 by default; broadcast to the values.
  ///   - name: the scope of the variables `total` and `count`.
  public static func mean(
    _ values: Tensor, weights: Tensor? = nil, name: String = "mean", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Streaming {
    metric(name, [values] + (weights.map { [$0] } ?? []), SourceSite(file, line)) {
      let own = cast(values, .float32)
      let total = Count("total", [], in: values.graph)
      let count = Count("count", [], in: values.graph)
      if let weights {
        let spread = cast(weights, .float32) * onesLike(own)
        total.add(reduceSum(own * spread))
        count.add(reduceSum(spread))
      } else {
        total.add(reduceSum(own))
        count.add(cast(size(of: own), .float32))
      }
      return streaming([total, count]) { divNoNan($0[0], maximum($0[1], 0), name: $1) }
    }
  }

  /// How often predictions are equal to labels; TensorFlow's `metrics.accuracy`.
  ///
  /// - Parameters:
  ///   - labels: classes, of the predictions' shape.
  ///   - predictions: the classes that a net gave, such as `argMax` of its logits.
  ///   - weights: 1 by default; broadcast to the predictions.
  ///   - name: the scope of the variables `total` and `count`.
  public static func accuracy(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, name: String = "accuracy",
    file: StaticString = #fileID, line: UInt = #line
  ) -> Streaming {
    mean(
      cast(predictions .== cast(labels, predictions.dtype), .float32), weights: weights,
      name: name, file: file, line: line)
  }

  /// How often the right class is among the `k` greatest predictions; Keras's
  /// `SparseTopKCategoricalAccuracy`, whose ties all count.
  ///
  /// - Parameters:
  ///   - labels: the index of the right class, `[batch]`.
  ///   - predictions: scores of any scale, `[batch, classes]`.
  ///   - name: the scope of the variables `total` and `count`.
  public static func topKAccuracy(
    labels: Tensor, predictions: Tensor, k: Int = 5, weights: Tensor? = nil,
    name: String = "top_k_accuracy", file: StaticString = #fileID, line: UInt = #line
  ) -> Streaming {
    mean(
      cast(inTopK(cast(predictions, .float32), labels, k: k, file: file, line: line), .float32),
      weights: weights, name: name, file: file, line: line)
  }

  /// The mean of |predictions − labels|; TensorFlow's `metrics.mean_absolute_error`.
  public static func meanAbsoluteError(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil,
    name: String = "mean_absolute_error", file: StaticString = #fileID, line: UInt = #line
  ) -> Streaming {
    mean(
      abs(predictions - cast(labels, predictions.dtype)), weights: weights, name: name,
      file: file, line: line)
  }

  /// The mean of (predictions − labels)²; TensorFlow's `metrics.mean_squared_error`.
  public static func meanSquaredError(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil,
    name: String = "mean_squared_error", file: StaticString = #fileID, line: UInt = #line
  ) -> Streaming {
    mean(
      squaredDifference(predictions, cast(labels, predictions.dtype)), weights: weights,
      name: name, file: file, line: line)
  }
}
