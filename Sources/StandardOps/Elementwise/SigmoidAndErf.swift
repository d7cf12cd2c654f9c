import GraphCore
import TensorCore

extension Ops {
  /// 1 / (1 + e⁻ˣ).
  public enum Sigmoid: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.sigmoid) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      y.apply(SigmoidGrad.self, [dy])
    }
  }

  /// The gradient of `Sigmoid` from its output: dy·y·(1 − y).
  public enum SigmoidGrad: OutputGradientOp {
    public static func body(_ x: ElementContext) -> Element { x[1] * x[0] * (1 - x[0]) }
    public static func gradients(_ g: Tensor, y: Tensor, dy: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      let both = g * dy
      return (both - 2 * both * y, y.apply(SigmoidGrad.self, [g]))
    }
  }

  /// 2/√π times the integral of exp(−t²) from 0 to x.
  public enum Erf: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.erf) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * (exp(-square(x)) * (2 / Double.pi.squareRoot()))
    }
  }

  /// 1 − erf x without cancellation for large x.
  public enum Erfc: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.erfc) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * (exp(-square(x)) * (-2 / Double.pi.squareRoot()))
    }
  }
}

/// 1 / (1 + e⁻ˣ), element by element.
public func sigmoid(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Sigmoid.self, name: name, site: SourceSite(file, line)) }

/// 2/√π times the integral of exp(−t²) from 0 to x.
public func erf(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Erf.self, name: name, site: SourceSite(file, line)) }

/// 1 − erf x without cancellation for large x.
public func erfc(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Erfc.self, name: name, site: SourceSite(file, line)) }
