import GraphCore
import TensorCore

/// A layer that a `Sequential` is made of: one of the functions of `Layers`, without its input.
///
///     .dense(300, activation: .elu), .batchNormalization(), .dropout(0.2)
public struct Layer: Sendable {
  /// Keras' name of the layer's type, which `summary` shows: `Dense`.
  public let type: String
  /// The layer's name; nil for its kind, numbered where it is not the first: `dense_1`.
  public let name: String?
  /// What unnamed layers of this type are called.
  let kind: String
  private let build: @Sendable (Tensor, String, Tensor) -> Tensor

  /// A layer by a function of its own.
  ///
  /// - Parameters:
  ///   - type: what `summary` shows.
  ///   - kind: what the layer is called if it is given no name.
  ///   - build: from the input, the layer's name and a Boolean scalar that says whether it trains to
  ///     the output. The name is the scope that its variables belong into.
  public init(
    _ type: String, kind: String, name: String? = nil,
    build: @escaping @Sendable (_ inputs: Tensor, _ name: String, _ training: Tensor) -> Tensor
  ) {
    (self.type, self.kind, self.name) = (type, kind, name)
    self.build = build
  }

  /// What the layer makes of an input.
  func callAsFunction(_ inputs: Tensor, name: String, training: Tensor) -> Tensor {
    inputs.isPoison ? inputs : build(inputs, name, training)
  }
}
