import GraphCore
import TensorCore

/// An op that moves a variable by an optimizer's formula.
public protocol VariableUpdateOp: CompositeOp {
  /// How many leading inputs are variables.
  static var variableCount: Int { get }
  /// The position of the gradient.
  static var gradientInput: Int { get }
}

extension VariableUpdateOp {
  /// Reads and writes its variables.
  public static var effects: Effects { [.reads, .writes] }

  /// No outputs; the gradient must have the variables' shape.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let gradient = node.input(gradientInput)
    for position in 0..<variableCount {
      guard let handle = try Ops.handle(of: node, input: position) else { continue }
      guard gradient.dtype == handle[Ops.VarHandleOp.dtype],
        gradient.shape.isCompatible(with: handle[Ops.VarHandleOp.shape])
      else {
        throw GraphError(
          "the variable \"\(handle.name)\" is \(handle[Ops.VarHandleOp.dtype]) "
            + "\(handle[Ops.VarHandleOp.shape]), its gradient \(gradient.dtype) \(gradient.shape)")
      }
    }
    return []
  }

  /// An update has no value.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("an update has no value") }
}

extension Ops {
  /// var ← var − α·δ.
  public enum ResourceApplyGradientDescent: VariableUpdateOp {
    public static let variableCount = 1
    public static let gradientInput = 2
    public static let signature = Signature(
      ["var: resource", "alpha: T", "delta: T"], gives: [],
      [.type("T", .floats), .flag("use_locking")])
    public static func expand(_ node: Node) -> [Tensor] {
      assign(readForUpdate(node) - node.input(2) * node.input(1), to: node.input(0))
    }
  }

  /// accum ← accum·μ + g; var ← var − lr·accum, or with Nesterov's look ahead
  /// var ← var − (g·lr + accum·μ·lr).
  public enum ResourceApplyMomentum: VariableUpdateOp {
    /// Whether the step looks ahead.
    public static let usesNesterov = AttributeKey<Bool>("use_nesterov")
    public static let variableCount = 2
    public static let gradientInput = 3
    public static let signature = Signature(
      ["var: resource", "accum: resource", "lr: T", "grad: T", "momentum: T"], gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("use_nesterov")])
    public static func expand(_ node: Node) -> [Tensor] {
      let (rate, gradient, momentum) = (node.input(2), node.input(3), node.input(4))
      let value = readForUpdate(node)
      let accumulated = readForUpdate(node, input: 1) * momentum + gradient
      let moved =
        node[usesNesterov]
        ? value - (gradient * rate + accumulated * momentum * rate) : value - accumulated * rate
      _ = assign(accumulated, to: node.input(1))
      return assign(moved, to: node.input(0))
    }
  }

  /// Kingma and Ba's Adam: m ← m + (g − m)(1 − β₁); v ← v + (g² − v)(1 − β₂);
  /// var ← var − m·α / (√v + ε) with α = lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ).
  public enum ResourceApplyAdam: VariableUpdateOp {
    /// Whether the step looks ahead.
    public static let usesNesterov = AttributeKey<Bool>("use_nesterov")
    public static let variableCount = 3
    public static let gradientInput = 9
    public static let signature = Signature(
      [
        "var: resource", "m: resource", "v: resource", "beta1_power: T", "beta2_power: T", "lr: T",
        "beta1: T", "beta2: T", "epsilon: T", "grad: T",
      ], gives: [], [.type("T", .floats), .flag("use_locking"), .flag("use_nesterov")])
    public static func expand(_ node: Node) -> [Tensor] {
      let (power1, power2, rate) = (node.input(3), node.input(4), node.input(5))
      let (beta1, beta2, epsilon) = (node.input(6), node.input(7), node.input(8))
      let gradient = node.input(9)
      let value = readForUpdate(node)
      let (m, v) = (readForUpdate(node, input: 1), readForUpdate(node, input: 2))
      let alpha = rate * sqrt(1 - power2) / (1 - power1)
      let mean = m + (gradient - m) * (1 - beta1)
      let spread = v + (square(gradient) - v) * (1 - beta2)
      let direction = node[usesNesterov] ? mean * beta1 + gradient * (1 - beta1) : mean
      let moved = value - direction * alpha / (sqrt(spread) + epsilon)
      _ = assign(mean, to: node.input(1))
      _ = assign(spread, to: node.input(2))
      return assign(moved, to: node.input(0))
    }
  }
}
