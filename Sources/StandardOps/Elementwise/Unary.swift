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
    public static let types: [DType] = .signed
    public static func body(_ x: ElementContext) -> Element { -x[0] }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      -dy
    }
  }

  /// |x|.
  public enum Abs: UnaryOp {
    public static let types: [DType] = .signed
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.absolute) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * sign(x)
    }
  }

  /// −1, 0 or 1 as x is below, at or above 0; NaN for NaN.
  public enum Sign: UnaryOp {
    public static let types: [DType] = .signed
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.sign) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      zerosLike(x)
    }
  }

  /// eˣ.
  public enum Exp: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.exp) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * y
    }
  }

  /// eˣ − 1 without cancellation near 0.
  public enum Expm1: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.expm1) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * exp(x)
    }
  }

  /// ln x.
  public enum Log: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.log) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * reciprocal(x)
    }
  }

  /// ln(1 + x) without cancellation near 0.
  public enum Log1p: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.log1p) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * reciprocal(1 + x)
    }
  }
}

/// |x|, element by element.
public func abs(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Abs.self, name: name, site: SourceSite(file, line)) }

/// −1, 0 or 1 as x is below, at or above 0; NaN for NaN.
public func sign(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Sign.self, name: name, site: SourceSite(file, line)) }

/// eˣ, element by element.
public func exp(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Exp.self, name: name, site: SourceSite(file, line)) }

/// eˣ − 1 without cancellation near 0.
public func expm1(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Expm1.self, name: name, site: SourceSite(file, line)) }

/// ln x, element by element.
public func log(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Log.self, name: name, site: SourceSite(file, line)) }

/// ln(1 + x) without cancellation near 0.
public func log1p(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Log1p.self, name: name, site: SourceSite(file, line)) }
