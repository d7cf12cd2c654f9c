import GraphCore
import StandardOps
import TensorCore

/// What a variable must satisfy after each update: a function to the nearest value that does, or one
/// like it.
///
/// `getVariable` and the layers add an op that applies it to the collection `weight_constraints`.
/// An optimizer's `minimize` and `applyGradients` run a copy of that op after the update of its
/// variable; with updates of your own, run the collection after them. The formulas are Keras's.
public struct Constraint: Sendable {
  private let project: @Sendable (Tensor) -> Tensor

  /// A constraint by a function from a variable's value to one of the same shape.
  public init(_ project: @escaping @Sendable (Tensor) -> Tensor) { self.project = project }

  /// The value that satisfies the constraint.
  public func callAsFunction(_ value: Tensor) -> Tensor { project(value) }

  /// Keras's fuzz, which keeps a norm of 0 from being divided by.
  private static let epsilon = 1e-7

  /// Vectors along the axes are no longer than `limit`: `w · clip(‖w‖, 0, limit) / (ε + ‖w‖)`.
  ///
  /// - Parameter axes: `[0]` for a dense layer's kernel: what comes into each unit. `[0, 1, 2]` for
  ///   that of a convolution over images with channels last.
  public static func maxNorm(_ limit: Double = 2, axes: [Int] = [0]) -> Constraint {
    Constraint { value in
      let length = norm(value, axes)
      return value * (clip(length, min: 0, max: limit) / (length + epsilon))
    }
  }

  /// Vectors along the axes have length 1: `w / (ε + ‖w‖)`.
  public static func unitNorm(axes: [Int] = [0]) -> Constraint {
    Constraint { $0 / (norm($0, axes) + epsilon) }
  }

  /// Vectors along the axes have a length between two limits, or move there by a share `rate`.
  public static func minMaxNorm(
    min: Double = 0, max: Double = 1, rate: Double = 1, axes: [Int] = [0]
  ) -> Constraint {
    Constraint { value in
      let length = norm(value, axes)
      let wanted = clip(length, min: min, max: max) * rate + length * (1 - rate)
      return value * (wanted / (length + epsilon))
    }
  }

  /// What is negative becomes 0.
  public static func nonNegative() -> Constraint {
    Constraint { $0 * cast($0 .>= 0, $0.dtype) }
  }

  private static func norm(_ value: Tensor, _ axes: [Int]) -> Tensor {
    sqrt(reduceSum(square(value), axes: axes, keepDimensions: true))
  }
}
