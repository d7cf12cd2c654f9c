import GraphCore
import TensorCore

/// An elementwise op of one input that keeps type and shape.
public protocol UnaryOp: ElementwiseOp {
  /// What TensorFlow calls the input.
  static var argument: String { get }
  /// The types the op takes.
  static var types: [DType] { get }
  /// The gradient with respect to the input, given that with respect to the output.
  static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor?
}

extension UnaryOp {
  /// `x`.
  public static var argument: String { "x" }
  /// The floating-point types.
  public static var types: [DType] { .floats }
  /// One input, one output of its type.
  public static var signature: Signature {
    Signature([.init(stringLiteral: "\(argument): T")], gives: ["y: T"], [.type("T", types)])
  }
  /// The op's own formula.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let dy = upstream[0] else { return .dense([nil]) }
    return .dense([gradient(dy, x: node.input(0), y: node.output(0))])
  }
}

extension Ops {
  /// −x.
  public enum Neg: UnaryOp {
    public static let types: [DType] = .reals
    public static func body(_ x: ElementContext) -> Element { -x[0] }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? { -dy }
  }
  /// eˣ.
  public enum Exp: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.exp) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? { dy * y }
  }
  /// ln x.
  public enum Log: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.log) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * reciprocal(x)
    }
  }
  /// The greatest integer not above x.
  public enum Floor: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.floor) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? { nil }
  }
  /// 1/x.
  public enum Reciprocal: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { 1 / x[0] }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? { -dy * y * y }
  }
}

/// eˣ, element by element.
public func exp(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Exp.self, name: name, site: SourceSite(file, line)) }

/// ln x, element by element.
public func log(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Log.self, name: name, site: SourceSite(file, line)) }

/// 1/x, element by element.
public func reciprocal(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Reciprocal.self, name: name, site: SourceSite(file, line)) }

/// The greatest integers not above x; TensorFlow's `floor`.
public func floor(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Floor.self, name: name, site: SourceSite(file, line)) }
