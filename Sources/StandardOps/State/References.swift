import GraphCore
import TensorCore

/// An op of TensorFlow 1's older variables, whose edges carry the variable itself: the compiler puts the
/// op on resources that does the same in its place.
public protocol ReferenceOp: Op {
  /// The op that takes a resource where this one takes a variable.
  static var resourceOp: any Op.Type { get }
  /// Attributes of that op by the name that they have here.
  static var renamedAttributes: [String: String] { get }
}

extension ReferenceOp {
  /// Reads and writes its variable.
  public static var effects: Effects { [.reads, .writes] }
  /// Most resource ops call the type of the elements `dtype`.
  public static var renamedAttributes: [String: String] { ["T": "dtype"] }
  /// The variable.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    [node.input(0).shape]
  }
  /// An assignment is not differentiable.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("an assignment has no derivative") }
}

extension Ops {
  /// A variable; the older form of `VarHandleOp`, read by whatever takes its value.
  public enum VariableV2: Op {
    public static let shape = AttributeKey<PartialShape>("shape")
    public static let signature = Signature(
      [], gives: ["ref: Ref(dtype)"],
      [
        .shape("shape"), .type("dtype"), .string("container", default: ""),
        .string("shared_name", default: ""),
      ])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [node[shape]] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }

  /// The oldest form of a variable.
  public enum Variable: Op {
    public static let signature = VariableV2.signature
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      // Here an empty shape means one that is not known.
      let stated = node[VariableV2.shape]
      return [stated.rank == 0 ? .unknown : stated]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }

  /// Sets a variable.
  public enum Assign: ReferenceOp {
    public static let signature = Signature(
      ["ref: Ref(T)", "value: T"], gives: ["output_ref: Ref(T)"],
      [.type("T"), .flag("validate_shape", default: true), .flag("use_locking", default: true)])
    public static let resourceOp: any Op.Type = AssignVariableOp.self
    public static let effects = Effects.writes
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      node[AttributeKey<Bool>("validate_shape")]
        ? [try assigned(node)] : [node.input(0).shape]
    }
  }

  /// Adds to a variable.
  public enum AssignAdd: ReferenceOp {
    public static let signature = Signature(
      ["ref: Ref(T)", "value: T"], gives: ["output_ref: Ref(T)"],
      [.type("T", .reals), .flag("use_locking")])
    public static let resourceOp: any Op.Type = AssignAddVariableOp.self
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [try assigned(node)]
    }
  }

  /// Subtracts from a variable.
  public enum AssignSub: ReferenceOp {
    public static let signature = AssignAdd.signature
    public static let resourceOp: any Op.Type = AssignSubVariableOp.self
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [try assigned(node)]
    }
  }

  /// The shape of a variable, which the value that it is set to or changed by must have.
  private static func assigned(_ node: Node) throws(GraphError) -> PartialShape {
    let (variable, value) = (node.input(0).shape, node.input(1).shape)
    guard value.isCompatible(with: variable) else {
      throw GraphError("the variable has shape \(variable), found \(value)")
    }
    return variable
  }

  /// Whether a variable has a value.
  public enum IsVariableInitialized: ReferenceOp {
    public static let signature = Signature(
      ["ref: Ref(dtype)"], gives: ["is_initialized: bool"], [.type("dtype")])
    public static let effects = Effects.reads
    public static let resourceOp: any Op.Type = VarIsInitializedOp.self
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a Boolean is not differentiable") }
  }

  /// The variable itself.
  public enum RefIdentity: Op {
    public static let signature = Signature(
      ["input: Ref(T)"], gives: ["output: Ref(T)"], [.type("T")])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [node.input(0).shape]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([upstream[0]]) }
  }
}

/// The form of an optimizer's step for TensorFlow 1's older variables.
public protocol ReferenceUpdateOp: ReferenceOp {
  /// The step on resources.
  associatedtype Resource: VariableUpdateOp
}

extension ReferenceUpdateOp {
  /// The step on resources.
  public static var resourceOp: any Op.Type { Resource.self }
  /// Both call the type `T`.
  public static var renamedAttributes: [String: String] { [:] }
  /// The same with variables in place of resources, giving the first of them.
  public static var signature: Signature {
    Resource.signature.withReferences(count: Resource.variableCount)
  }
}

extension Signature {
  /// An update's signature with older variables in place of its leading resources.
  func withReferences(count: Int) -> Signature {
    let inputs = inputs.enumerated().map { index, argument in
      index < count
        ? Argument(name: argument.name, kind: .typed(by: "T"), isReference: true) : argument
    }
    return Signature(inputs, gives: ["out: Ref(T)"], attributes)
  }
}

extension Ops {
  /// var ← var − α·δ.
  public enum ApplyGradientDescent: ReferenceUpdateOp {
    public typealias Resource = ResourceApplyGradientDescent
  }
  /// Momentum.
  public enum ApplyMomentum: ReferenceUpdateOp {
    public typealias Resource = ResourceApplyMomentum
  }
}
