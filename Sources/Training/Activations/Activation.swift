import GraphCore
import StandardOps
import TensorCore

/// What a layer puts its results through, by TensorFlow's name.
///
/// `.relu` and its siblings, or a function of your own: `Activation("mine") { tanh($0) * 2 }`.
public struct Activation: Sendable {
  /// The name that Keras gives it: `relu`.
  public let name: String
  private let function: @Sendable (Tensor) -> Tensor

  /// An activation by a function that keeps the shape.
  public init(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.function = function
  }

  /// The activation of a tensor.
  public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }

  /// x itself.
  public static let linear = Activation("linear") { $0 }
  /// 1 / (1 + e⁻ˣ).
  public static let sigmoid = Activation("sigmoid") { StandardOps.sigmoid($0) }
  /// The hyperbolic tangent.
  public static let tanh = Activation("tanh") { StandardOps.tanh($0) }
  /// ln(1 + eˣ).
  public static let softplus = Activation("softplus") { StandardOps.softplus($0) }
  /// x / (1 + |x|).
  public static let softsign = Activation("softsign") { StandardOps.softsign($0) }
  /// max(x, 0).
  public static let relu = Activation("relu") { StandardOps.relu($0) }
  /// max(x, 0), at most 6.
  public static let relu6 = Activation("relu6") { StandardOps.relu6($0) }
  /// x, below 0 eˣ − 1.
  public static let elu = Activation("elu") { StandardOps.elu($0) }
  /// `elu` with scales that normalise themselves.
  public static let selu = Activation("selu") { StandardOps.selu($0) }
  /// x·Φ(x), with the normal distribution's Φ.
  public static let gelu = Activation("gelu") { Training.gelu($0) }
  /// x / (1 + e⁻ˣ).
  public static let swish = Activation("swish") { Training.swish($0) }
  /// eˣ / Σ eˣ along the last axis.
  public static let softmax = softmax(axis: -1)

  /// eˣ / Σ eˣ along an axis.
  public static func softmax(axis: Int) -> Activation {
    Activation("softmax") { StandardOps.softmax($0, axis: axis) }
  }
  /// x, below 0 scaled by `alpha`.
  public static func leakyRelu(alpha: Float = 0.2) -> Activation {
    Activation("leaky_relu") { StandardOps.leakyRelu($0, alpha: alpha) }
  }
  /// x above `theta`, else 0.
  public static func thresholdedRelu(theta: Double = 1) -> Activation {
    Activation("thresholded_relu") { Training.thresholdedRelu($0, theta: theta) }
  }

  /// The activations that a name finds.
  private static let named = [
    linear, sigmoid, tanh, softplus, softsign, relu, relu6, elu, selu, gelu, swish, softmax,
    leakyRelu(), thresholdedRelu(),
  ]

  /// The activation of a name, with its defaults, or nil; `silu` is another name of `swish`.
  public init?(named name: String) {
    guard let found = Self.named.first(where: { $0.name == (name == "silu" ? "swish" : name) })
    else { return nil }
    self = found
  }
}
