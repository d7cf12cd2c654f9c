import GraphCore
import TensorCore

extension Ops {
  /// x, below 0 eˣ − 1; Clevert et al., 2015.
  public enum Elu: ActivationOp {
    public static func body(_ x: ElementContext) -> Element {
      select(x[0] < 0, x[0].unary(.expm1), x[0])
    }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy.apply(EluGrad.self, [y])
    }
  }

  /// The gradient of `Elu` from its output: dy, below 0 dy·(y + 1).
  public enum EluGrad: ActivationGradientOp {
    public static let argument = "outputs"
    public static func body(_ x: ElementContext) -> Element {
      select(x[1] < 0, (x[1] + 1) * x[0], x[0])
    }
    public static func gradients(_ g: Tensor, dy: Tensor, x: Tensor) -> (Tensor?, Tensor?) {
      let zeros = zerosLike(x)
      return (g.apply(EluGrad.self, [x]), select(x .< zeros, g * dy, zeros))
    }
  }

  /// `Elu` with scales that normalise themselves; Klambauer et al., 2017.
  public enum Selu: ActivationOp {
    static let scale = 1.0507009873554804934193349852946
    static let alpha = 1.6732632423543772848170429916717
    public static func body(_ x: ElementContext) -> Element {
      select(x[0] < 0, x[0].unary(.expm1) * (scale * alpha), x[0] * scale)
    }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy.apply(SeluGrad.self, [y])
    }
  }

  /// The gradient of `Selu` from its output.
  public enum SeluGrad: ActivationGradientOp {
    public static let argument = "outputs"
    public static func body(_ x: ElementContext) -> Element {
      let below = x[0] * (x[1] + Selu.scale * Selu.alpha)
      return select(x[1] < 0, below, x[0] * Selu.scale)
    }
    public static func gradients(_ g: Tensor, dy: Tensor, x: Tensor) -> (Tensor?, Tensor?) {
      let zeros = zerosLike(x)
      return (g.apply(SeluGrad.self, [x]), select(x .< zeros, g * dy, zeros))
    }
  }

  /// ln(1 + eˣ), as max(x, 0) + ln(1 + e^−|x|), which does not overflow.
  public enum Softplus: ActivationOp {
    public static func body(_ x: ElementContext) -> Element {
      maximum(x[0], x.constant(0)) + (-x[0].unary(.absolute)).unary(.exp).unary(.log1p)
    }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * sigmoid(x)
    }
  }

  /// The gradient of `Softplus`: dy / (1 + e⁻ˣ).
  public enum SoftplusGrad: ActivationGradientOp {
    public static func body(_ x: ElementContext) -> Element {
      x[0] / ((-x[1]).unary(.exp) + 1)
    }
    public static func gradients(_ g: Tensor, dy: Tensor, x: Tensor) -> (Tensor?, Tensor?) {
      let curvature = exp(-x) + 2 + exp(x)
      return (g.apply(SoftplusGrad.self, [x]), g * dy / curvature)
    }
  }

  /// x / (1 + |x|).
  public enum Softsign: ActivationOp {
    public static func body(_ x: ElementContext) -> Element { x[0] / (x[0].unary(.absolute) + 1) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy.apply(SoftsignGrad.self, [x])
    }
  }

  /// The gradient of `Softsign`: dy / (1 + |x|)².
  public enum SoftsignGrad: ActivationGradientOp {
    public static func body(_ x: ElementContext) -> Element {
      let root = x[1].unary(.absolute) + 1
      return x[0] / (root * root)
    }
    public static func gradients(_ g: Tensor, dy: Tensor, x: Tensor) -> (Tensor?, Tensor?) {
      let width = abs(x) + 1
      return (g.apply(SoftsignGrad.self, [x]), g * dy * sign(x) * -2 / (width * square(width)))
    }
  }
}

/// x, below 0 eˣ − 1.
public func elu(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Elu.self, name: name, site: SourceSite(file, line)) }

/// `elu` with scales that normalise themselves.
public func selu(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Selu.self, name: name, site: SourceSite(file, line)) }

/// ln(1 + eˣ) without overflow.
public func softplus(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Softplus.self, name: name, site: SourceSite(file, line)) }

/// x / (1 + |x|).
public func softsign(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Softsign.self, name: name, site: SourceSite(file, line)) }
