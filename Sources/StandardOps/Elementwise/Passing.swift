import GraphCore
import TensorCore

/// An op that gives its input as it is.
public protocol PassingOp: ViewOp {}

extension PassingOp {
  /// One input and one output of any type.
  public static var signature: Signature {
    Signature(["input: T"], gives: ["output: T"], [.type("T")])
  }
  /// The input's.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    [node.input(0).shape]
  }
  /// The input's.
  public static func partialValues(of node: Node) -> [PartialValue?] { [node.partialValue(0)] }
  /// All elements in their order.
  public static func view(of node: Node) -> View? { .reshape }
  /// Passed through.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .dense([upstream[0]]) }
}

extension Ops {
  /// The input.
  public enum Identity: PassingOp {}

  /// The input, as it was when the node ran.
  public enum Snapshot: PassingOp {}

  /// The input, through which no gradient passes.
  public enum StopGradient: PassingOp {
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("it is there to stop gradients") }
  }

  /// The input, with respect to which asking for a gradient is a mistake.
  public enum PreventGradient: PassingOp {
    /// Why there is no gradient.
    public static let message = AttributeKey<String>("message")
    public static let signature = Signature(
      ["input: T"], gives: ["output: T"], [.type("T"), .string("message", default: "")])
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let reason = node[message].isEmpty ? "it forbids gradients" : node[message]
      context.graph.record(
        GraphError(
          "a gradient through it was asked for: \(reason)", node: node.name, op: node.op,
          site: node.site))
      return .none(reason)
    }
  }
}

/// An op that fills the shape of its input with one number.
public protocol FillingLikeOp: ViewOp {
  /// The number.
  static var number: Double { get }
}

extension FillingLikeOp {
  /// The input's.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    [node.input(0).shape]
  }
  /// The number as often as the input has elements.
  public static func partialValues(of node: Node) -> [PartialValue?] {
    guard node.input(0).dtype.isInteger, let shape = node.input(0).shape.fullyDefined,
      shape.rank <= 1, shape.count <= PartialValue.longest
    else { return [nil] }
    let integers = [Int?](repeating: Int(number), count: shape.count)
    return [shape.rank == 0 ? PartialValue(scalar: integers[0]) : PartialValue(vector: integers)]
  }
  /// One box filled with the number.
  public static func view(of node: Node) -> View? {
    node.output(0).shape.fullyDefined.map { shape in
      .pieces([
        ViewPiece(
          lower: Array(repeating: 0, count: shape.rank), extents: shape.dimensions,
          source: .fill(number))
      ])
    }
  }
  /// Only the input's shape matters.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("it depends on its input's shape alone") }
}

extension Ops {
  /// Zeros in the shape of the input.
  public enum ZerosLike: FillingLikeOp {
    public static let number = 0.0
    public static let signature = Signature(
      ["x: T"], gives: ["y: T"], [.type("T", .dense + [.variant])])
  }

  /// Ones in the shape of the input.
  public enum OnesLike: FillingLikeOp {
    public static let number = 1.0
    public static let signature = Signature(["x: T"], gives: ["y: T"], [.type("T", .dense)])
  }
}

/// The tensor itself under a name of its own; TensorFlow's `identity`.
public func identity(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Identity.self, name: name, site: SourceSite(file, line)) }

/// The tensor as a constant in the eyes of differentiation; TensorFlow's `stop_gradient`.
public func stopGradient(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.StopGradient.self, name: name, site: SourceSite(file, line)) }

/// The tensor; differentiating through it is a mistake that `message` explains.
public func preventGradient(
  _ x: Tensor, message: String = "", name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  x.apply(
    Ops.PreventGradient.self, name: name, ["message": message.attribute],
    site: SourceSite(file, line))
}

/// Zeros in the shape and type of the tensor; TensorFlow's `zeros_like`.
public func zerosLike(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.apply(Ops.ZerosLike.self, name: name ?? "zeros_like", site: SourceSite(file, line))
}

/// Ones in the shape and type of the tensor; TensorFlow's `ones_like`.
public func onesLike(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.apply(Ops.OnesLike.self, name: name ?? "ones_like", site: SourceSite(file, line))
}
