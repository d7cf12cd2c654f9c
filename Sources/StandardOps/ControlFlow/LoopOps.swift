import GraphCore
import TensorCore

/// A node of a TensorFlow 1 loop, which passes its input on.
public protocol LoopOp: ControlOp {
  /// Whether it passes a variable rather than a value.
  static var isReference: Bool { get }
}

extension LoopOp {
  /// Passes values.
  public static var isReference: Bool { false }
  /// None.
  public static var effects: Effects { .none }
  /// One input, one output.
  public static var signature: Signature {
    isReference
      ? Signature(["data: Ref(T)"], gives: ["output: Ref(T)"], [.type("T")])
      : Signature(["data: T"], gives: ["output: T"], [.type("T")])
  }
  /// The input's.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    [node.input(0).shape]
  }
  /// Loops are differentiated as a whole.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("a node of a loop is differentiated with its loop") }
}

extension Ops {
  /// Brings a value into the loop of the given name.
  public enum Enter: LoopOp {
    /// The loop's name.
    public static let frameName = AttributeKey<String>("frame_name")
    /// Whether every round sees the same value.
    public static let isConstant = AttributeKey<Bool>("is_constant")
    static let attributes: [Signature.AttributeDefinition] = [
      .type("T"), .string("frame_name"), .flag("is_constant"),
      .int("parallel_iterations", default: 10),
    ]
    public static let signature = Signature(["data: T"], gives: ["output: T"], attributes)
  }

  /// Brings a variable into a loop.
  public enum RefEnter: LoopOp {
    public static let isReference = true
    public static let signature = Signature(
      ["data: Ref(T)"], gives: ["output: Ref(T)"], Enter.attributes)
  }

  /// Gives the value that a loop ended with.
  public enum Exit: LoopOp {}

  /// Gives a variable that a loop ended with.
  public enum RefExit: LoopOp { public static let isReference = true }

  /// Gives a value to the next round.
  public enum NextIteration: LoopOp { public static let closesLoops = true }

  /// Gives a variable to the next round.
  public enum RefNextIteration: LoopOp {
    public static let isReference = true
    public static let closesLoops = true
  }

  /// Whether a loop goes on.
  public enum LoopCond: LoopOp {
    public static let signature = Signature(["input: bool scalar"], gives: ["output: bool"])
  }

  /// Does nothing; marks where control comes from.
  public enum ControlTrigger: ControlOp {
    public static let signature = Signature([], gives: [])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }
}
