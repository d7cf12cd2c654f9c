import GraphCore
import StandardOps
import TensorCore

extension Metrics {
  /// The share of right ones among those predicted true; TensorFlow's `metrics.precision`.
  ///
  /// - Parameters:
  ///   - labels: Booleans, or numbers of which 0 is false.
  ///   - predictions: the same, of the labels' shape.
  ///   - weights: 1 by default; broadcast to the predictions.
  ///   - name: the scope of the variables `true_positives/count` and `false_positives/count`.
  /// - Returns: 0 where nothing was predicted true.
  public static func precision(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, name: String = "precision",
    file: StaticString = #fileID, line: UInt = #line
  ) -> Streaming {
    metric(name, [predictions, labels], SourceSite(file, line)) {
      let (right, predicted) = (cast(labels, .bool), cast(predictions, .bool))
      return streaming([
        counted("true_positives", right .& predicted, weights),
        counted("false_positives", .!right .& predicted, weights),
      ]) { divNoNan($0[0], $0[0] + $0[1], name: $1) }
    }
  }

  /// The share of those predicted true among the right ones; TensorFlow's `metrics.recall`.
  ///
  /// - Parameters:
  ///   - labels: Booleans, or numbers of which 0 is false.
  ///   - predictions: the same, of the labels' shape.
  ///   - weights: 1 by default; broadcast to the predictions.
  ///   - name: the scope of the variables `true_positives/count` and `false_negatives/count`.
  /// - Returns: 0 where nothing is right.
  public static func recall(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, name: String = "recall",
    file: StaticString = #fileID, line: UInt = #line
  ) -> Streaming {
    metric(name, [predictions, labels], SourceSite(file, line)) {
      let (right, predicted) = (cast(labels, .bool), cast(predictions, .bool))
      return streaming([
        counted("true_positives", right .& predicted, weights),
        counted("false_negatives", right .& .!predicted, weights),
      ]) { divNoNan($0[0], $0[0] + $0[1], name: $1) }
    }
  }

  /// How often a condition held, as the variable `count` of a scope.
  private static func counted(_ name: String, _ condition: Tensor, _ weights: Tensor?) -> Count {
    condition.graph.nameScope(name) {
      let count = Count("count", [], in: condition.graph)
      var values = cast(condition, .float32)
      if let weights { values = values * cast(weights, .float32) }
      count.add(reduceSum(values))
      return count
    }
  }

  /// The curve that an area lies under.
  public enum Curve: Sendable {
    /// The rate of true positives over that of false ones.
    case receiverOperatingCharacteristic
    /// Precision over recall.
    case precisionRecall
  }

  /// The area under a curve, by the trapezoidal rule between thresholds; TensorFlow's `metrics.auc`.
  ///
  /// - Parameters:
  ///   - labels: Booleans, or numbers of which 0 is false.
  ///   - predictions: probabilities in [0, 1], of the labels' shape.
  ///   - weights: 1 by default; of the labels' shape, or a scalar.
  ///   - thresholdCount: how many thresholds, evenly from just below 0 to just above 1.
  ///   - name: the scope of the variables `true_positives`, `false_negatives`, `true_negatives` and
  ///     `false_positives`, a number for each threshold.
  public static func auc(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, thresholdCount: Int = 200,
    curve: Curve = .receiverOperatingCharacteristic, name: String = "auc",
    file: StaticString = #fileID, line: UInt = #line
  ) -> Streaming {
    let site = SourceSite(file, line)
    return metric(name, [predictions, labels], site) {
      let graph = predictions.graph
      guard thresholdCount >= 2 else {
        let poison = graph.mistake(
          "thresholdCount must be 2 or more, found \(thresholdCount)", op: "auc", site: site,
          beside: [predictions])
        return (poison, poison)
      }
      let steps = Double(thresholdCount - 1)
      let inner = (1..<(thresholdCount - 1)).map { Double($0) / steps }
      let thresholds = expandDimensions(
        graph.constant([-1e-7] + inner + [1 + 1e-7], .float32), axis: 1)
      let isAbove = StandardOps.reshape(cast(predictions, .float32), to: [1, -1]) .> thresholds
      let isRight = StandardOps.reshape(cast(labels, .bool), to: [1, -1])
      let shares = weights.map { weights in
        let own = cast(weights, .float32)
        return own.shape.rank == 0 ? own : StandardOps.reshape(own, to: [1, -1])
      }
      func count(_ name: String, _ condition: Tensor) -> Count {
        let count = Count(name, [thresholdCount], in: graph)
        let values = cast(condition, .float32)
        count.add(reduceSum(shares.map { values * $0 } ?? values, axes: [1]))
        return count
      }
      return streaming([
        count("true_positives", isRight .& isAbove),
        count("false_negatives", isRight .& .!isAbove),
        count("true_negatives", .!isRight .& .!isAbove),
        count("false_positives", .!isRight .& isAbove),
      ]) { identity(area(curve, $0), name: $1) }
    }
  }

  /// Σ (xᵢ − xᵢ₊₁)·(yᵢ + yᵢ₊₁)/2 over the thresholds.
  private static func area(_ curve: Curve, _ counts: [Tensor]) -> Tensor {
    // TensorFlow's, so that no threshold divides by 0.
    let epsilon = 1e-6
    let (hits, misses, trueNegatives, falseAlarms) = (counts[0], counts[1], counts[2], counts[3])
    let recall = (hits + epsilon) / (hits + misses + epsilon)
    let (x, y): (Tensor, Tensor)
    switch curve {
    case .receiverOperatingCharacteristic:
      (x, y) = (falseAlarms / (falseAlarms + trueNegatives + epsilon), recall)
    case .precisionRecall:
      (x, y) = (recall, (hits + epsilon) / (hits + falseAlarms + epsilon))
    }
    return reduceSum((x[..<(-1)] - x[1...]) * ((y[..<(-1)] + y[1...]) / 2))
  }
}
