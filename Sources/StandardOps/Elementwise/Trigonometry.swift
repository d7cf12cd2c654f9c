import GraphCore
import TensorCore

extension Ops {
  /// sin x, x in radians.
  public enum Sin: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.sine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * cos(x)
    }
  }

  /// cos x, x in radians.
  public enum Cos: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.cosine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      -dy * sin(x)
    }
  }

  /// tan x, x in radians.
  public enum Tan: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.tangent) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * square(reciprocal(cos(x)))
    }
  }

  /// The angle in [−π/2, π/2] whose sine is x.
  public enum Asin: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.arcSine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * reciprocal(sqrt(1 - square(x)))
    }
  }

  /// The angle in [0, π] whose cosine is x.
  public enum Acos: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.arcCosine) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      -dy * reciprocal(sqrt(1 - square(x)))
    }
  }

  /// The angle in [−π/2, π/2] whose tangent is x.
  public enum Atan: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.arcTangent) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy * reciprocal(1 + square(x))
    }
  }

  /// The angle in [−π, π] of the point (x, y).
  public enum Atan2: BinaryOp {
    public static let signature = Signature(
      ["y: T", "x: T"], gives: ["z: T"], [.type("T", .floats)])
    public static func body(_ x: ElementContext) -> Element {
      // Of two denormals, which count as zeros, the library would make a NaN.
      func flushed(_ x: Element) -> Element { select(x .== 0, x * 0, x) }
      return flushed(x[0]).binary(.arcTangent2, flushed(x[1]))
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      // The first input is the ordinate: what the protocol calls x is the point's y.
      let scaled = dy / (square(x) + square(y))
      return (y * scaled, -x * scaled)
    }
  }
}

/// sin x, x in radians.
public func sin(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Sin.self, name: name, site: SourceSite(file, line)) }

/// cos x, x in radians.
public func cos(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Cos.self, name: name, site: SourceSite(file, line)) }

/// tan x, x in radians.
public func tan(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Tan.self, name: name, site: SourceSite(file, line)) }

/// The angles in [−π/2, π/2] whose sine is x.
public func asin(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Asin.self, name: name, site: SourceSite(file, line)) }

/// The angles in [0, π] whose cosine is x.
public func acos(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Acos.self, name: name, site: SourceSite(file, line)) }

/// The angles in [−π/2, π/2] whose tangent is x.
public func atan(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Atan.self, name: name, site: SourceSite(file, line)) }

/// The angles in [−π, π] of the points (x, y).
public func atan2(
  y: Tensor, x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { y.apply(Ops.Atan2.self, [x], name: name, site: SourceSite(file, line)) }
