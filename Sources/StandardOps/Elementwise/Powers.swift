import GraphCore
import TensorCore

/// The gradient of a function of one element, computed from the function's output.
public protocol OutputGradientOp: ElementwiseOp {
  /// The gradients with respect to the output and to its gradient, given that of the result `z`.
  static func gradients(_ g: Tensor, y: Tensor, dy: Tensor, z: Tensor) -> (Tensor?, Tensor?)
}

extension OutputGradientOp {
  /// The function's output and its gradient, of one type.
  public static var signature: Signature {
    Signature(["y: T", "dy: T"], gives: ["z: T"], [.type("T", .floats)])
  }
  /// That of both inputs.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    [try commonShape(node.inputs)]
  }
  /// The op's formulas.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let g = upstream[0] else { return .dense([nil, nil]) }
    let (dy, ddy) = gradients(g, y: node.input(0), dy: node.input(1), z: node.output(0))
    return .dense([dy, ddy])
  }

  /// A product with `dy` that is 0 wherever `dy` is: where the other factor is infinite, as the slope of
  /// a root at 0, what is not asked for would make a NaN of the whole sum.
  static func vanishing(with dy: Element, _ product: Element) -> Element {
    select(dy .== 0, dy.constant(0), product)
  }
}

extension Ops {
  /// x².
  public enum Square: UnaryOp {
    public static let types: [DType] = .reals
    public static func body(_ x: ElementContext) -> Element { x[0] * x[0] }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * (x * 2)
    }
  }

  /// √x.
  public enum Sqrt: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.squareRoot) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      y.apply(SqrtGrad.self, [dy])
    }
  }

  /// 1/√x.
  public enum Rsqrt: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.reciprocalSquareRoot) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      y.apply(RsqrtGrad.self, [dy])
    }
  }

  /// 1/x.
  public enum Reciprocal: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { 1 / x[0] }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      y.apply(ReciprocalGrad.self, [dy])
    }
  }

  /// 1/x, as TensorFlow first named it.
  public enum Inv: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { 1 / x[0] }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      y.apply(ReciprocalGrad.self, [dy])
    }
  }

  /// The gradient of `Sqrt` from its output: dy / 2y; 0 wherever dy is.
  public enum SqrtGrad: OutputGradientOp {
    public static func body(_ x: ElementContext) -> Element {
      vanishing(with: x[1], x[1] * 0.5 / x[0])
    }
    public static func gradients(_ g: Tensor, y: Tensor, dy: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      let ratio = g / y
      return (-ratio * z, ratio * 0.5)
    }
  }

  /// The gradient of `Rsqrt` from its output: −dy·y³ / 2; 0 wherever dy is.
  public enum RsqrtGrad: OutputGradientOp {
    public static func body(_ x: ElementContext) -> Element {
      vanishing(with: x[1], x[1] * (-0.5 * x[0] * (x[0] * x[0])))
    }
    public static func gradients(_ g: Tensor, y: Tensor, dy: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (g * -1.5 * dy * square(y), y.apply(RsqrtGrad.self, [g]))
    }
  }

  /// The gradient of `Reciprocal` from its output: −dy·y²; 0 wherever dy is.
  public enum ReciprocalGrad: OutputGradientOp {
    public static func body(_ x: ElementContext) -> Element {
      vanishing(with: x[1], -x[1] * x[0] * x[0])
    }
    public static func gradients(_ g: Tensor, y: Tensor, dy: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (g * -2 * dy * y, y.apply(ReciprocalGrad.self, [g]))
    }
  }

  /// The gradient of `Inv` from its output: −dy·y²; 0 wherever dy is.
  public enum InvGrad: OutputGradientOp {
    public static func body(_ x: ElementContext) -> Element {
      vanishing(with: x[1], -x[1] * x[0] * x[0])
    }
    public static func gradients(_ g: Tensor, y: Tensor, dy: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (g * -2 * dy * y, y.apply(InvGrad.self, [g]))
    }
  }
}

/// x², element by element.
public func square(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Square.self, name: name, site: SourceSite(file, line)) }

/// √x, element by element; NaN below 0.
public func sqrt(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Sqrt.self, name: name, site: SourceSite(file, line)) }

/// 1/√x, element by element.
public func rsqrt(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Rsqrt.self, name: name, site: SourceSite(file, line)) }

/// 1/x, element by element.
public func reciprocal(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Reciprocal.self, name: name, site: SourceSite(file, line)) }
