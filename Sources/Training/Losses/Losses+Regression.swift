import GraphCore
import StandardOps
import TensorCore

extension Losses {
  /// (predictions − labels)²; TensorFlow's `losses.mean_squared_error`.
  ///
  /// - Parameters:
  ///   - labels: what is right, of the predictions' shape.
  ///   - predictions: what the net gave.
  public static func meanSquaredError(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "mean_squared_error", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      squaredDifference(predictions, cast(labels, predictions.dtype))
    }
  }

  /// |predictions − labels|: the mean absolute error; TensorFlow's `losses.absolute_difference`.
  public static func absoluteDifference(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "absolute_difference", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      abs(predictions - cast(labels, predictions.dtype))
    }
  }

  /// Half the squared error up to `delta`, beyond it linear; TensorFlow's `losses.huber_loss`, after
  /// Huber, 1964.
  ///
  /// With e = |predictions − labels| and q = min(e, δ): q²/2 + δ·(e − q).
  public static func huber(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, delta: Double = 1,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "huber_loss", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      let error = abs(predictions - cast(labels, predictions.dtype))
      let quadratic = minimum(error, delta)
      return quadratic * quadratic * 0.5 + (error - quadratic) * delta
    }
  }

  /// max(0, 1 − y·logits) with y = 2·labels − 1; TensorFlow's `losses.hinge_loss`.
  ///
  /// - Parameter labels: 0 or 1, of the logits' shape.
  public static func hinge(
    labels: Tensor, logits: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "hinge_loss", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, logits, weights, reduction, collection, SourceSite(file, line)) {
      let signs = cast(labels, logits.dtype) * 2 - 1
      return relu(1 - signs * logits)
    }
  }
}
