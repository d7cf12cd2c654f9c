import GraphCore
import StandardOps
import TensorCore

/// A penalty on a variable's size, to be added to a loss.
///
/// `getVariable` and the layers add a variable's penalty to the collection `regularization_losses`;
/// `graph.regularizationLoss()` is their sum. The formulas are Keras's. TensorFlow 1's
/// `contrib.layers.l2_regularizer(s)` takes half the squares: there, write `.l2(s / 2)`.
public struct Regularizer: Sendable {
  private let penalty: @Sendable (Tensor) -> Tensor

  /// A penalty by a function from a variable's value to a scalar.
  public init(_ penalty: @escaping @Sendable (Tensor) -> Tensor) { self.penalty = penalty }

  /// The penalty on a value, a scalar.
  public func callAsFunction(_ value: Tensor) -> Tensor { penalty(value) }

  /// `l1 · Σ |w|`.
  public static func l1(_ l1: Double = 0.01) -> Regularizer {
    Regularizer { reduceSum(abs($0)) * l1 }
  }
  /// `l2 · Σ w²`.
  public static func l2(_ l2: Double = 0.01) -> Regularizer {
    Regularizer { reduceSum(square($0)) * l2 }
  }
  /// `l1 · Σ |w| + l2 · Σ w²`.
  public static func l1l2(l1: Double = 0.01, l2: Double = 0.01) -> Regularizer {
    Regularizer { Regularizer.l1(l1)($0) + Regularizer.l2(l2)($0) }
  }
}

extension Graph {
  /// The sum of the collection `regularization_losses`, 0 if it holds none; TensorFlow's
  /// `losses.get_regularization_loss`.
  public func regularizationLoss(
    name: String = "total_regularization_loss", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let terms = tensors(in: .regularizationLosses)
    if terms.isEmpty { return constant(0.0, .float32, name: name, file: file, line: line) }
    return addN(terms, name: name, file: file, line: line)
  }

  /// The tensors of a collection.
  func tensors(in key: CollectionKey) -> [Tensor] {
    items(in: key).compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }
  }
}
