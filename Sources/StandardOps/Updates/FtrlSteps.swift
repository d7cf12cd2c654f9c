import GraphCore
import TensorCore

extension Ops {
  private static let ftrl: [Signature.AttributeDefinition] = [
    .type("T", .floats), .flag("use_locking"), .flag("multiply_linear_by_lr"),
  ]

  /// McMahan's follow-the-regularized-leader.
  public enum ResourceApplyFtrl: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 3
    public static let signature = Signature(
      [
        "var: resource", "accum: resource", "linear: resource", "grad: T", "lr: T scalar",
        "l1: T scalar", "l2: T scalar", "lr_power: T scalar",
      ], gives: [], ftrl)
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      followed(values, gradient, shrunk: gradient, node)
    }
  }

  /// The same with ℓ₂ shrinkage of the variable.
  public enum ResourceApplyFtrlV2: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 3
    public static let signature = Signature(
      [
        "var: resource", "accum: resource", "linear: resource", "grad: T", "lr: T scalar",
        "l1: T scalar", "l2: T scalar", "l2_shrinkage: T scalar", "lr_power: T scalar",
      ], gives: [], ftrl)
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let shrinkage = values[0] * node.scalar("l2_shrinkage") * 2
      return followed(values, gradient, shrunk: gradient + shrinkage, node)
    }
  }

  /// n ← a + g²; l ← l + g − (n^−p − a^−p)/lr·var;
  /// var ← |l| > ℓ₁ ? (sign(l)·ℓ₁ − l)/(n^−p/lr + 2ℓ₂) : 0.
  private static func followed(
    _ values: [Tensor], _ gradient: Tensor, shrunk: Tensor, _ node: Node
  ) -> [Tensor] {
    let (rate, power) = (node.scalar("lr"), node.scalar("lr_power"))
    let (l1, l2) = (node.scalar("l1"), node.scalar("l2"))
    let (value, old) = (values[0], values[1])
    let accumulated = old + square(gradient)
    let (grown, before) = (pow(accumulated, -power), pow(old, -power))
    let scaled = node[AttributeKey<Bool>("multiply_linear_by_lr")]
    let change = (grown - before) * value
    let linear = values[2] + (scaled ? shrunk * rate - change : shrunk - change / rate)
    let bound = scaled ? l1 * rate : l1
    let quadratic = scaled ? grown + l2 * rate * 2 : grown / rate + l2 * 2
    let moved = (sign(linear) * bound - linear) / quadratic
    return [select(abs(linear) .> bound, moved, zerosLike(moved)), accumulated, linear]
  }

  /// `ResourceApplyFtrl` of an older variable.
  public enum ApplyFtrl: ReferenceUpdateOp { public typealias Resource = ResourceApplyFtrl }
  /// `ResourceApplyFtrlV2` of an older variable.
  public enum ApplyFtrlV2: ReferenceUpdateOp { public typealias Resource = ResourceApplyFtrlV2 }
}
