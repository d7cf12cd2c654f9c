import GraphCore
import StandardOps
import TensorCore

/// What a `Model` makes smaller: one of the functions of `Losses`, without its tensors.
public struct Loss: Sendable {
  /// Keras' name of it.
  public let name: String
  /// The type of the labels; nil for the outputs' own.
  let labelType: DType?
  private let build: @Sendable (_ labels: Tensor, _ outputs: Tensor) -> Tensor

  /// A loss by a function of its own, which gives a scalar.
  ///
  /// - Parameter labels: the type of the labels: a whole number's for classes, one for each row of
  ///   the outputs; nil for labels of the outputs' type and shape.
  public init(
    _ name: String, labels: DType? = nil,
    _ build: @escaping @Sendable (_ labels: Tensor, _ outputs: Tensor) -> Tensor
  ) {
    (self.name, self.build) = (name, build)
    labelType = labels
  }

  /// The loss of outputs.
  public func callAsFunction(labels: Tensor, outputs: Tensor) -> Tensor { build(labels, outputs) }

  /// A placeholder for the labels of outputs.
  func placeholder(for outputs: Tensor) -> Tensor {
    var shape = outputs.shape
    if labelType?.isInteger == true { shape.dimensions?.removeLast() }
    return outputs.graph.placeholder(labelType ?? outputs.dtype, shape, name: "labels")
  }
}

// Each is the function of that name in `Losses`. What a model minimises is put together by it, so
// that the collection `losses` stays as it is.
extension Loss {
  /// Of logits, with the index of the right class.
  public static let sparseSoftmaxCrossEntropy = Loss(
    "sparse_softmax_cross_entropy", labels: .int64
  ) { Losses.sparseSoftmaxCrossEntropy(labels: $0, logits: $1, collection: nil) }
  /// Of logits, with the probability of each class.
  public static let softmaxCrossEntropy = Loss("softmax_cross_entropy") {
    Losses.softmaxCrossEntropy(labels: $0, logits: $1, collection: nil)
  }
  /// Of logits, with labels of 0 or 1.
  public static let sigmoidCrossEntropy = Loss("sigmoid_cross_entropy") {
    Losses.sigmoidCrossEntropy(labels: $0, logits: $1, collection: nil)
  }
  /// Of probabilities, such as a softmax gives, with the index of the right class.
  public static let sparseCategoricalCrossEntropy = Loss(
    "sparse_categorical_crossentropy", labels: .int64
  ) { Losses.sparseCategoricalCrossEntropy(labels: $0, predictions: $1, collection: nil) }
  /// Of probabilities, with the probability of each class.
  public static let categoricalCrossEntropy = Loss("categorical_crossentropy") {
    Losses.categoricalCrossEntropy(labels: $0, predictions: $1, collection: nil)
  }
  /// Of probabilities, such as a sigmoid gives, with labels of 0 or 1.
  public static let binaryCrossEntropy = Loss("binary_crossentropy") {
    Losses.binaryCrossEntropy(labels: $0, predictions: $1, collection: nil)
  }
  /// Of numbers, with those that are right.
  public static let meanSquaredError = Loss("mean_squared_error") {
    Losses.meanSquaredError(labels: $0, predictions: $1, collection: nil)
  }
  /// Of numbers, with those that are right.
  public static let meanAbsoluteError = Loss("mean_absolute_error") {
    Losses.absoluteDifference(labels: $0, predictions: $1, collection: nil)
  }
  /// Of numbers, with those that are right; beyond `delta` the error counts linearly.
  public static func huber(delta: Double = 1) -> Loss {
    Loss("huber_loss") {
      Losses.huber(labels: $0, predictions: $1, delta: delta, collection: nil)
    }
  }
}
