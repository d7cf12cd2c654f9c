import GraphCore
import TensorCore

extension Ops {
  /// (eˣ − e⁻ˣ) / 2.
  public enum Sinh: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.hyperbolicSine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * cosh(x)
    }
  }

  /// (eˣ + e⁻ˣ) / 2.
  public enum Cosh: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.hyperbolicCosine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * sinh(x)
    }
  }

  /// sinh x / cosh x.
  public enum Tanh: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.hyperbolicTangent) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      y.apply(TanhGrad.self, [dy])
    }
  }

  /// The gradient of `Tanh` from its output: dy·(1 − y²).
  public enum TanhGrad: OutputGradientOp {
    public static func body(_ x: ElementContext) -> Element { x[1] * (1 - x[0] * x[0]) }
    public static func gradients(_ g: Tensor, y: Tensor, dy: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (g * -2 * dy * y, y.apply(TanhGrad.self, [g]))
    }
  }

  /// The number whose hyperbolic sine is x.
  public enum Asinh: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.inverseHyperbolicSine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy / cosh(y)
    }
  }

  /// The number not below 0 whose hyperbolic cosine is x.
  public enum Acosh: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.inverseHyperbolicCosine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy / sinh(y)
    }
  }

  /// The number whose hyperbolic tangent is x.
  public enum Atanh: UnaryOp {
    public static func body(_ x: ElementContext) -> Element {
      x[0].unary(.inverseHyperbolicTangent)
    }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * reciprocal(1 - square(x))
    }
  }
}

/// (eˣ − e⁻ˣ) / 2, element by element.
public func sinh(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Sinh.self, name: name, site: SourceSite(file, line)) }

/// (eˣ + e⁻ˣ) / 2, element by element.
public func cosh(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Cosh.self, name: name, site: SourceSite(file, line)) }

/// sinh x / cosh x, element by element.
public func tanh(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Tanh.self, name: name, site: SourceSite(file, line)) }

/// The numbers whose hyperbolic sine is x.
public func asinh(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Asinh.self, name: name, site: SourceSite(file, line)) }

/// The numbers not below 0 whose hyperbolic cosine is x.
public func acosh(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Acosh.self, name: name, site: SourceSite(file, line)) }

/// The numbers whose hyperbolic tangent is x.
public func atanh(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Atanh.self, name: name, site: SourceSite(file, line)) }
