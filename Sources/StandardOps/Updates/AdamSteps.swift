import GraphCore
import TensorCore

extension Ops {
  /// Kingma and Ba's Adam: m ← m + (g − m)(1 − β₁); v ← v + (g² − v)(1 − β₂);
  /// var ← var − m·α / (√v + ε) with α = lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ).
  public enum ResourceApplyAdam: VariableUpdateOp {
    /// Whether the step looks ahead.
    public static let usesNesterov = AttributeKey<Bool>("use_nesterov")
    public static let variableCount = 3
    public static let gradientInput = 9
    public static let signature = Signature(
      [
        "var: resource", "m: resource", "v: resource", "beta1_power: T scalar",
        "beta2_power: T scalar", "lr: T scalar", "beta1: T scalar", "beta2: T scalar",
        "epsilon: T scalar", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking"), .flag("use_nesterov")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let beta1 = node.scalar("beta1")
      let alpha = stepSize(node)
      let (mean, spread) = moments(values, gradient, node)
      let direction = node[usesNesterov] ? mean * beta1 + gradient * (1 - beta1) : mean
      let moved = values[0] - direction * alpha / (sqrt(spread) + node.scalar("epsilon"))
      return [moved, mean, spread]
    }
  }

  /// Adam that divides by the greatest second moment so far: v̂ ← max(v̂, v);
  /// var ← var − m·α / (√v̂ + ε).
  public enum ResourceApplyAdamWithAmsgrad: VariableUpdateOp {
    public static let variableCount = 4
    public static let gradientInput = 10
    public static let signature = Signature(
      [
        "var: resource", "m: resource", "v: resource", "vhat: resource", "beta1_power: T scalar",
        "beta2_power: T scalar", "lr: T scalar", "beta1: T scalar", "beta2: T scalar",
        "epsilon: T scalar", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let alpha = stepSize(node)
      let (mean, spread) = moments(values, gradient, node)
      let greatest = maximum(values[3], spread)
      let moved = values[0] - mean * alpha / (sqrt(greatest) + node.scalar("epsilon"))
      return [moved, mean, spread, greatest]
    }
  }

  /// α = lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ).
  private static func stepSize(_ node: Node) -> Tensor {
    node.scalar("lr") * sqrt(1 - node.scalar("beta2_power")) / (1 - node.scalar("beta1_power"))
  }

  private static func moments(_ values: [Tensor], _ gradient: Tensor, _ node: Node) -> (
    Tensor, Tensor
  ) {
    let (m, v) = (values[1], values[2])
    return (
      m + (gradient - m) * (1 - node.scalar("beta1")),
      v + (square(gradient) - v) * (1 - node.scalar("beta2"))
    )
  }

  /// Adam with the greatest gradient: m ← m + (1 − β₁)(g − m); v ← max(β₂·v, |g|);
  /// var ← var − lr/(1 − β₁ᵗ)·m/(v + ε).
  public enum ResourceApplyAdaMax: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 8
    public static let signature = Signature(
      [
        "var: resource", "m: resource", "v: resource", "beta1_power: T scalar", "lr: T scalar",
        "beta1: T scalar", "beta2: T scalar", "epsilon: T scalar", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let m = values[1]
      let mean = m + (gradient - m) * (1 - node.scalar("beta1"))
      let greatest = maximum(values[2] * node.scalar("beta2"), abs(gradient))
      let rate = node.scalar("lr") / (1 - node.scalar("beta1_power"))
      let moved = values[0] - rate * (mean / (greatest + node.scalar("epsilon")))
      return [moved, mean, greatest]
    }
  }

  /// `ResourceApplyAdam` of an older variable.
  public enum ApplyAdam: ReferenceUpdateOp { public typealias Resource = ResourceApplyAdam }
  /// `ResourceApplyAdaMax` of an older variable.
  public enum ApplyAdaMax: ReferenceUpdateOp { public typealias Resource = ResourceApplyAdaMax }
}
