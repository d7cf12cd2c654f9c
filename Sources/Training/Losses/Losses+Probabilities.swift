import GraphCore
import StandardOps
import TensorCore

/// Keras's losses of probabilities rather than logits.
extension Losses {
  /// Keras's fuzz, which keeps probabilities from 0 and 1.
  private static let epsilon = 1e-7

  /// The cross-entropy of independent labels with probabilities, averaged along the last axis;
  /// Keras's `binary_crossentropy`.
  ///
  /// −labels·ln p − (1 − labels)·ln(1 − p), p kept in [ε, 1 − ε]. From logits,
  /// `sigmoidCrossEntropy` is the same and loses no digits.
  ///
  /// - Parameter labelSmoothing: the share s in labels·(1 − s) + s/2, which are taken for the labels.
  public static func binaryCrossEntropy(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, labelSmoothing: Double = 0,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "binary_crossentropy", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      let own = smoothed(cast(labels, predictions.dtype), labelSmoothing, classes: 2)
      let p = clip(predictions, min: epsilon, max: 1 - epsilon)
      let entropy = own * StandardOps.log(p) + (1 - own) * StandardOps.log(1 - p)
      return reduceMean(-entropy, axes: [-1])
    }
  }

  /// The cross-entropy of classes' probabilities with predicted ones along the last axis; Keras's
  /// `categorical_crossentropy`.
  ///
  /// −Σ labels·ln p, p scaled to a sum of 1 and kept in [ε, 1 − ε]. From logits,
  /// `softmaxCrossEntropy` is the same and loses no digits.
  ///
  /// - Parameter labelSmoothing: the share s in labels·(1 − s) + s/classes.
  public static func categoricalCrossEntropy(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil, labelSmoothing: Double = 0,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "categorical_crossentropy", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      guard let classes = predictions.shape.dimensions?.last ?? nil else {
        return predictions.graph.mistake(
          "the number of classes must be known, found shape \(predictions.shape)",
          op: "categorical_crossentropy", site: SourceSite(file, line), beside: [predictions])
      }
      let own = smoothed(cast(labels, predictions.dtype), labelSmoothing, classes: classes)
      let sums = reduceSum(predictions, axes: [-1], keepDimensions: true)
      let p = clip(predictions / sums, min: epsilon, max: 1 - epsilon)
      return -reduceSum(own * StandardOps.log(p), axes: [-1])
    }
  }

  /// −ln of the right class's probability, kept in [ε, 1 − ε] and scaled to a sum of 1; Keras's
  /// `sparse_categorical_crossentropy`.
  ///
  /// - Parameter labels: the index of the right class, `[…]` for predictions `[…, classes]`.
  public static func sparseCategoricalCrossEntropy(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "sparse_categorical_crossentropy", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      let p = clip(predictions, min: epsilon, max: 1 - epsilon)
      return StandardOps.sparseSoftmaxCrossEntropy(labels: labels, logits: StandardOps.log(p))
    }
  }

  /// Σ labels·ln(labels / predictions) along the last axis, both kept in [ε, 1]: how far
  /// predictions are from labels; Keras's `kl_divergence`, after Kullback and Leibler, 1951.
  public static func kullbackLeiblerDivergence(
    labels: Tensor, predictions: Tensor, weights: Tensor? = nil,
    reduction: Reduction = .sumByNonzeroWeights, collection: CollectionKey? = .losses,
    name: String = "kl_divergence", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, predictions, weights, reduction, collection, SourceSite(file, line)) {
      let own = clip(cast(labels, predictions.dtype), min: epsilon, max: 1)
      let p = clip(predictions, min: epsilon, max: 1)
      return reduceSum(own * StandardOps.log(own / p), axes: [-1])
    }
  }
}
