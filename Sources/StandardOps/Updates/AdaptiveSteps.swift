import GraphCore
import TensorCore

extension Ops {
  /// accum ← accum + g²; var ← var − lr·g/√accum.
  public enum ResourceApplyAdagrad: VariableUpdateOp {
    public static let variableCount = 2
    public static let gradientInput = 3
    public static let signature = Signature(
      ["var: resource", "accum: resource", "lr: T", "grad: T"], gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("update_slots", default: true)])
    public static func expand(_ node: Node) -> [Tensor] {
      let (rate, gradient) = (node.input(2), node.input(3))
      let value = readForUpdate(node)
      var accumulated = readForUpdate(node, input: 1)
      if node[AttributeKey<Bool>("update_slots")] { accumulated = accumulated + square(gradient) }
      _ = assign(accumulated, to: node.input(1))
      return assign(value - gradient * rate * rsqrt(accumulated), to: node.input(0))
    }
  }

  /// accum ← accum + g²; var ← var − lr·g/(√accum + ε).
  public enum ResourceApplyAdagradV2: VariableUpdateOp {
    public static let variableCount = 2
    public static let gradientInput = 4
    public static let signature = Signature(
      ["var: resource", "accum: resource", "lr: T", "epsilon: T", "grad: T"], gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("update_slots", default: true)])
    public static func expand(_ node: Node) -> [Tensor] {
      let (rate, epsilon, gradient) = (node.input(2), node.input(3), node.input(4))
      let value = readForUpdate(node)
      var accumulated = readForUpdate(node, input: 1)
      if node[AttributeKey<Bool>("update_slots")] { accumulated = accumulated + square(gradient) }
      _ = assign(accumulated, to: node.input(1))
      return assign(
        value - gradient * rate / (sqrt(accumulated) + epsilon), to: node.input(0))
    }
  }

  /// Zeiler's Adadelta: a ← ρ·a + (1 − ρ)·g²; u = √(d + ε)/√(a + ε)·g; d ← ρ·d + (1 − ρ)·u²;
  /// var ← var − lr·u.
  public enum ResourceApplyAdadelta: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 6
    public static let signature = Signature(
      [
        "var: resource", "accum: resource", "accum_update: resource", "lr: T", "rho: T",
        "epsilon: T", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func expand(_ node: Node) -> [Tensor] {
      let (rate, rho, epsilon) = (node.input(3), node.input(4), node.input(5))
      let gradient = node.input(6)
      let (value, old) = (readForUpdate(node), readForUpdate(node, input: 1))
      let moved = readForUpdate(node, input: 2)
      let accumulated = old * rho + square(gradient) * (1 - rho)
      let update = sqrt(moved + epsilon) * rsqrt(accumulated + epsilon) * gradient
      _ = assign(accumulated, to: node.input(1))
      _ = assign(moved * rho + square(update) * (1 - rho), to: node.input(2))
      return assign(value - update * rate, to: node.input(0))
    }
  }

  /// Hinton's RMSProp: s ← s + (1 − ρ)·(g² − s); m ← μ·m + lr·g/√(s + ε); var ← var − m.
  public enum ResourceApplyRMSProp: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 7
    public static let signature = Signature(
      [
        "var: resource", "ms: resource", "mom: resource", "lr: T", "rho: T", "momentum: T",
        "epsilon: T", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func expand(_ node: Node) -> [Tensor] {
      let (rate, rho, momentum) = (node.input(3), node.input(4), node.input(5))
      let (epsilon, gradient) = (node.input(6), node.input(7))
      let (value, old) = (readForUpdate(node), readForUpdate(node, input: 1))
      let spread = old + (square(gradient) - old) * (1 - rho)
      let step =
        readForUpdate(node, input: 2) * momentum + gradient * rate * rsqrt(spread + epsilon)
      _ = assign(spread, to: node.input(1))
      _ = assign(step, to: node.input(2))
      return assign(value - step, to: node.input(0))
    }
  }

  /// RMSProp by the variance about the mean a of the gradients, s − a².
  public enum ResourceApplyCenteredRMSProp: VariableUpdateOp {
    public static let variableCount = 4
    public static let gradientInput = 8
    public static let signature = Signature(
      [
        "var: resource", "mg: resource", "ms: resource", "mom: resource", "lr: T", "rho: T",
        "momentum: T", "epsilon: T", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func expand(_ node: Node) -> [Tensor] {
      let (rate, rho, momentum) = (node.input(4), node.input(5), node.input(6))
      let (epsilon, gradient) = (node.input(7), node.input(8))
      let (value, oldMean) = (readForUpdate(node), readForUpdate(node, input: 1))
      let oldSpread = readForUpdate(node, input: 2)
      let spread = oldSpread + (square(gradient) - oldSpread) * (1 - rho)
      let mean = oldMean + (gradient - oldMean) * (1 - rho)
      let variance = spread - square(mean) + epsilon
      let step = readForUpdate(node, input: 3) * momentum + gradient * rate * rsqrt(variance)
      _ = assign(mean, to: node.input(1))
      _ = assign(spread, to: node.input(2))
      _ = assign(step, to: node.input(3))
      return assign(value - step, to: node.input(0))
    }
  }

  /// Adam with the greatest gradient: m ← m + (1 − β₁)(g − m); v ← max(β₂·v, |g|);
  /// var ← var − lr/(1 − β₁ᵗ)·m/(v + ε).
  public enum ResourceApplyAdaMax: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 8
    public static let signature = Signature(
      [
        "var: resource", "m: resource", "v: resource", "beta1_power: T", "lr: T", "beta1: T",
        "beta2: T", "epsilon: T", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking")])
    public static func expand(_ node: Node) -> [Tensor] {
      let (power, rate, beta1) = (node.input(3), node.input(4), node.input(5))
      let (beta2, epsilon, gradient) = (node.input(6), node.input(7), node.input(8))
      let (value, m) = (readForUpdate(node), readForUpdate(node, input: 1))
      let mean = m + (gradient - m) * (1 - beta1)
      let greatest = maximum(readForUpdate(node, input: 2) * beta2, abs(gradient))
      _ = assign(mean, to: node.input(1))
      _ = assign(greatest, to: node.input(2))
      return assign(
        value - rate / (1 - power) * (mean / (greatest + epsilon)), to: node.input(0))
    }
  }

  private static let ftrl: [Signature.AttributeDefinition] = [
    .type("T", .floats), .flag("use_locking"), .flag("multiply_linear_by_lr"),
  ]

  /// McMahan's follow-the-regularized-leader.
  public enum ResourceApplyFtrl: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 3
    public static let signature = Signature(
      [
        "var: resource", "accum: resource", "linear: resource", "grad: T", "lr: T", "l1: T",
        "l2: T", "lr_power: T",
      ], gives: [], ftrl)
    public static func expand(_ node: Node) -> [Tensor] {
      followed(node, shrunk: node.input(3), power: node.input(7))
    }
  }

  /// The same with ℓ₂ shrinkage of the variable.
  public enum ResourceApplyFtrlV2: VariableUpdateOp {
    public static let variableCount = 3
    public static let gradientInput = 3
    public static let signature = Signature(
      [
        "var: resource", "accum: resource", "linear: resource", "grad: T", "lr: T", "l1: T",
        "l2: T", "l2_shrinkage: T", "lr_power: T",
      ], gives: [], ftrl)
    public static func expand(_ node: Node) -> [Tensor] {
      let shrinkage = readForUpdate(node) * node.input(7) * 2
      return followed(node, shrunk: node.input(3) + shrinkage, power: node.input(8))
    }
  }

  /// n ← a + g²; l ← l + g − (n^−p − a^−p)/lr·var;
  /// var ← |l| > ℓ₁ ? (sign(l)·ℓ₁ − l)/(n^−p/lr + 2ℓ₂) : 0.
  private static func followed(_ node: Node, shrunk: Tensor, power: Tensor) -> [Tensor] {
    let (gradient, rate) = (node.input(3), node.input(4))
    let (l1, l2) = (node.input(5), node.input(6))
    let (value, old) = (readForUpdate(node), readForUpdate(node, input: 1))
    let accumulated = old + square(gradient)
    let (grown, before) = (pow(accumulated, -power), pow(old, -power))
    let scaled = node[AttributeKey<Bool>("multiply_linear_by_lr")]
    let change = (grown - before) * value
    let linear =
      readForUpdate(node, input: 2) + (scaled ? shrunk * rate - change : shrunk - change / rate)
    let bound = scaled ? l1 * rate : l1
    let quadratic = scaled ? grown + l2 * rate * 2 : grown / rate + l2 * 2
    let moved = (sign(linear) * bound - linear) / quadratic
    _ = assign(accumulated, to: node.input(1))
    _ = assign(linear, to: node.input(2))
    return assign(
      select(abs(linear) .> bound, moved, zerosLike(moved)), to: node.input(0))
  }

  /// Keras' momentum: accum ← accum·μ − lr·g; var ← var + accum, or with Nesterov's look ahead
  /// var + accum·μ − lr·g.
  public enum ResourceApplyKerasMomentum: VariableUpdateOp {
    public static let variableCount = 2
    public static let gradientInput = 3
    public static let signature = Signature(
      ["var: resource", "accum: resource", "lr: T", "grad: T", "momentum: T"], gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("use_nesterov")])
    public static func expand(_ node: Node) -> [Tensor] {
      let (rate, gradient, momentum) = (node.input(2), node.input(3), node.input(4))
      let step = gradient * rate
      let accumulated = readForUpdate(node, input: 1) * momentum - step
      let value = readForUpdate(node)
      let moved =
        node[AttributeKey<Bool>("use_nesterov")]
        ? value + (accumulated * momentum - step) : value + accumulated
      _ = assign(accumulated, to: node.input(1))
      return assign(moved, to: node.input(0))
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
  /// `ResourceApplyAdaMax` of an older variable.
  public enum ApplyAdaMax: ReferenceUpdateOp { public typealias Resource = ResourceApplyAdaMax }
  /// `ResourceApplyFtrl` of an older variable.
  public enum ApplyFtrl: ReferenceUpdateOp { public typealias Resource = ResourceApplyFtrl }
  /// `ResourceApplyFtrlV2` of an older variable.
  public enum ApplyFtrlV2: ReferenceUpdateOp { public typealias Resource = ResourceApplyFtrlV2 }
}
