import GraphCore
import TensorCore

/// An op that moves variables by an optimizer's formula.
public protocol VariableUpdateOp: CompositeOp {
  /// How many leading inputs are variables: what is trained, then its slots.
  static var variableCount: Int { get }
  /// The position of the gradient.
  static var gradientInput: Int { get }
  /// The new values of the variables, element by element from the old ones and the gradient.
  static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor]
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

  /// All variables are read, then the slots set, then what is trained.
  public static func expand(_ node: Node) -> [Tensor] {
    let values = (0..<variableCount).map { Ops.readForUpdate(node, input: $0) }
    let results = moved(values, by: node.input(gradientInput), node)
    for (slot, value) in results.enumerated().dropFirst() {
      _ = Ops.assign(value, to: node.input(slot))
    }
    return Ops.assign(results[0], to: node.input(0))
  }

  /// An update has no value.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("an update has no value") }
}

extension Node {
  /// The input of that name in the op's signature: a step's rate has another place in each form.
  func scalar(_ name: String) -> Tensor {
    guard let place = definition?.signature.inputs.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("\(op) has no input called \(name)")
    }
    return input(place)
  }
}

extension Ops {
  /// var ← var − α·δ.
  public enum ResourceApplyGradientDescent: VariableUpdateOp {
    public static let variableCount = 1
    public static let gradientInput = 2
    public static let signature = Signature(
      ["var: resource", "alpha: T scalar", "delta: T"], gives: [],
      [.type("T", .floats), .flag("use_locking")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      [values[0] - gradient * node.scalar("alpha")]
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
      ["var: resource", "accum: resource", "lr: T scalar", "grad: T", "momentum: T scalar"],
      gives: [],
      [.type("T", .floats), .flag("use_locking"), .flag("use_nesterov")])
    public static func moved(_ values: [Tensor], by gradient: Tensor, _ node: Node) -> [Tensor] {
      let (rate, momentum) = (node.scalar("lr"), node.scalar("momentum"))
      let accumulated = values[1] * momentum + gradient
      let moved =
        node[usesNesterov]
        ? values[0] - (gradient * rate + accumulated * momentum * rate)
        : values[0] - accumulated * rate
      return [moved, accumulated]
    }
  }
}
