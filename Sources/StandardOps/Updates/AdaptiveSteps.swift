import GraphCore
import TensorCore

extension Ops {
  /// accum ← accum + g²; var ← var − lr·g/√accum.
  public enum ResourceApplyAdagrad: VariableUpdateOp {
    public static let variableCount = 2
    public static let gradientInput = 3
    public static let signature = Signature(
      ["var: resource", "accum: resource", "lr: T scalar", "grad: T"], gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("update_slots", default: true)])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let rate = node.scalar("lr")
      let accumulated = gathered(values[1], gradient, node)
      return [values[0] - gradient * rate * rsqrt(accumulated), accumulated]
    }
  }

  /// accum ← accum + g²; var ← var − lr·g/(√accum + ε).
  public enum ResourceApplyAdagradV2: VariableUpdateOp {
    public static let variableCount = 2
    public static let gradientInput = 4
    public static let signature = Signature(
      ["var: resource", "accum: resource", "lr: T scalar", "epsilon: T scalar", "grad: T"],
      gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("update_slots", default: true)])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let (rate, epsilon) = (node.scalar("lr"), node.scalar("epsilon"))
      let accumulated = gathered(values[1], gradient, node)
      return [values[0] - gradient * rate / (sqrt(accumulated) + epsilon), accumulated]
    }
  }

  /// Zeiler's Adadelta: a ← ρ·a + (1 − ρ)·g²; u = √(d + ε)/√(a + ε)·g; d ← ρ·d + (1 − ρ)·u²;
  /// var ← var − lr·u.
  public enum ResourceApplyAdadelta: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 6
    public static let signature = Signature(
      [
        "var: resource", "accum: resource", "accum_update: resource", "lr: T scalar",
        "rho: T scalar", "epsilon: T scalar", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let (rho, epsilon) = (node.scalar("rho"), node.scalar("epsilon"))
      let accumulated = values[1] * rho + square(gradient) * (1 - rho)
      let update = sqrt(values[2] + epsilon) * rsqrt(accumulated + epsilon) * gradient
      return [
        values[0] - update * node.scalar("lr"), accumulated,
        values[2] * rho + square(update) * (1 - rho),
      ]
    }
  }

  /// Hinton's RMSProp: s ← s + (1 − ρ)·(g² − s); m ← μ·m + lr·g/√(s + ε); var ← var − m.
  public enum ResourceApplyRMSProp: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 7
    public static let signature = Signature(
      [
        "var: resource", "ms: resource", "mom: resource", "lr: T scalar", "rho: T scalar",
        "momentum: T scalar", "epsilon: T scalar", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let (rho, epsilon) = (node.scalar("rho"), node.scalar("epsilon"))
      let spread = values[1] + (square(gradient) - values[1]) * (1 - rho)
      let step =
        values[2] * node.scalar("momentum")
        + gradient * node.scalar("lr") * rsqrt(spread + epsilon)
      return [values[0] - step, spread, step]
    }
  }

  /// RMSProp by the variance about the mean a of the gradients, s − a².
  public enum ResourceApplyCenteredRMSProp: VariableUpdateOp {
    public static let variableCount = 4
    public static let gradientInput = 8
    public static let signature = Signature(
      [
        "var: resource", "mg: resource", "ms: resource", "mom: resource", "lr: T scalar",
        "rho: T scalar", "momentum: T scalar", "epsilon: T scalar", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let (rho, epsilon) = (node.scalar("rho"), node.scalar("epsilon"))
      let spread = values[2] + (square(gradient) - values[2]) * (1 - rho)
      let mean = values[1] + (gradient - values[1]) * (1 - rho)
      let variance = spread - square(mean) + epsilon
      let step =
        values[3] * node.scalar("momentum") + gradient * node.scalar("lr") * rsqrt(variance)
      return [values[0] - step, mean, spread, step]
    }
  }

  /// Adagrad's sum of squares, unless the step leaves it as it is.
  private static func gathered(_ sum: Tensor, _ gradient: Tensor, _ node: Node) -> Tensor {
    node[AttributeKey<Bool>("update_slots")] ? sum + square(gradient) : sum
  }

  /// Keras' momentum: accum ← accum·μ − lr·g; var ← var + accum, or with Nesterov's look ahead
  /// var + accum·μ − lr·g.
  public enum ResourceApplyKerasMomentum: VariableUpdateOp {
    public static let variableCount = 2
    public static let gradientInput = 3
    public static let signature = Signature(
      ["var: resource", "accum: resource", "lr: T scalar", "grad: T", "momentum: T scalar"],
      gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("use_nesterov")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let momentum = node.scalar("momentum")
      let step = gradient * node.scalar("lr")
      let accumulated = values[1] * momentum - step
      let moved =
        node[AttributeKey<Bool>("use_nesterov")]
        ? values[0] + (accumulated * momentum - step) : values[0] + accumulated
      return [moved, accumulated]
    }
  }

  /// `ResourceApplyAdagrad` of an older variable.
  public enum ApplyAdagrad: ReferenceUpdateOp { public typealias Resource = ResourceApplyAdagrad }
  /// `ResourceApplyAdagradV2` of an older variable.
  public enum ApplyAdagradV2: ReferenceUpdateOp {
    public typealias Resource = ResourceApplyAdagradV2
  }
  /// `ResourceApplyAdadelta` of an older variable.
  public enum ApplyAdadelta: ReferenceUpdateOp { public typealias Resource = ResourceApplyAdadelta }
  /// `ResourceApplyRMSProp` of an older variable.
  public enum ApplyRMSProp: ReferenceUpdateOp { public typealias Resource = ResourceApplyRMSProp }
  /// `ResourceApplyCenteredRMSProp` of an older variable.
  public enum ApplyCenteredRMSProp: ReferenceUpdateOp {
    public typealias Resource = ResourceApplyCenteredRMSProp
  }
}
