import GraphCore
import StandardOps
import TensorCore

extension Losses {
  /// The cross-entropy of independent labels with the sigmoid of logits; TensorFlow's
  /// `losses.sigmoid_cross_entropy`.
  ///
  /// - Parameters:
  ///   - labels: 0 or 1, of the logits' shape.
  ///   - labelSmoothing: the share s in labels·(1 − s) + s/2, which are taken for the labels.
  public static func sigmoidCrossEntropy(
    labels: Tensor, logits: Tensor, weights: Tensor? = nil, labelSmoothing: Double = 0,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "sigmoid_cross_entropy_loss", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, logits, weights, reduction, collection, SourceSite(file, line)) {
      StandardOps.sigmoidCrossEntropy(
        labels: smoothed(cast(labels, logits.dtype), labelSmoothing, classes: 2), logits: logits,
        name: "xentropy")
    }
  }

  /// The cross-entropy of classes' probabilities with the softmax of logits; TensorFlow's
  /// `losses.softmax_cross_entropy`.
  ///
  /// - Parameters:
  ///   - labels: probabilities `[…, classes]`, such as 1 for the right class; they pass no gradient.
  ///   - labelSmoothing: the share s in labels·(1 − s) + s/classes, which are taken for the labels.
  ///   - weights: broadcast to the losses `[…]`.
  public static func softmaxCrossEntropy(
    labels: Tensor, logits: Tensor, weights: Tensor? = nil, labelSmoothing: Double = 0,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "softmax_cross_entropy_loss", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, logits, weights, reduction, collection, SourceSite(file, line)) {
      var own = cast(labels, logits.dtype)
      if labelSmoothing > 0 {
        guard let classes = logits.shape.dimensions?.last ?? nil else {
          return logits.graph.mistake(
            "label smoothing needs to know the number of classes, found shape \(logits.shape)",
            op: "softmax_cross_entropy_loss", site: SourceSite(file, line), beside: [logits])
        }
        own = smoothed(own, labelSmoothing, classes: classes)
      }
      return StandardOps.softmaxCrossEntropy(
        labels: stopGradient(own), logits: logits, name: "xentropy")
    }
  }

  /// The cross-entropy of the right classes with the softmax of logits; TensorFlow's
  /// `losses.sparse_softmax_cross_entropy`.
  ///
  /// - Parameter labels: the index of the right class, `[…]` for logits `[…, classes]`.
  public static func sparseSoftmaxCrossEntropy(
    labels: Tensor, logits: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "sparse_softmax_cross_entropy_loss", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    loss(name, logits, weights, reduction, collection, SourceSite(file, line)) {
      StandardOps.sparseSoftmaxCrossEntropy(labels: labels, logits: logits, name: "xentropy")
    }
  }

  /// −labels·ln(p + ε) − (1 − labels)·ln(1 − p + ε) of probabilities p; TensorFlow's
  /// `losses.log_loss`.
  public static func log(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, epsilon: Double = 1e-7,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "log_loss", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      let own = cast(labels, predictions.dtype)
      return -(own * StandardOps.log(predictions + epsilon))
        - (1 - own) * StandardOps.log(1 - predictions + epsilon)
    }
  }

  /// labels·(1 − s) + s/classes.
  static func smoothed(_ labels: Tensor, _ share: Double, classes: Int) -> Tensor {
    share > 0 ? labels * (1 - share) + share / Double(classes) : labels
  }
}
