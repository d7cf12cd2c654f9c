import GraphCore
import TensorCore

extension Ops {
  /// x / y; towards zero for integers.
  public enum Div: BinaryOp {
    public static func body(_ x: ElementContext) -> Element {
      x[0] / x[1]
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (dy / y, dy * (-x / y / y))
    }
  }

  /// The greatest integer not above x / y.
  public enum FloorDiv: BinaryOp {
    public static func body(_ x: ElementContext) -> Element {
      x[0].binary(.floorDivide, x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (nil, nil)
    }
  }

  /// x / y towards zero.
  public enum TruncateDiv: BinaryOp {
    public static func body(_ x: ElementContext) -> Element {
      let quotient = x[0] / x[1]
      guard quotient.dtype.isFloatingPoint else { return quotient }
      return select(quotient < 0, quotient.unary(.ceiling), quotient.unary(.floor))
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (nil, nil)
    }
  }

  /// The remainder of x / y with the sign of y.
  public enum FloorMod: BinaryOp {
    public static func body(_ x: ElementContext) -> Element {
      x[0].binary(.floorRemainder, x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (dy, -dy * floorDiv(x, y))
    }
  }

  /// The remainder of x / y with the sign of x.
  public enum TruncateMod: BinaryOp {
    public static let types: [DType] = .floats + .indices
    public static func body(_ x: ElementContext) -> Element {
      x[0].binary(.truncatedRemainder, x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (dy, -dy * truncateDiv(x, y))
    }
  }

  /// x / y, and 0 wherever y is 0.
  public enum DivNoNan: BinaryOp {
    public static let types: [DType] = .floats
    public static func body(_ x: ElementContext) -> Element {
      select(x[1] .== 0, x.constant(0), x[0] / x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (divNoNan(dy, y), dy * divNoNan(divNoNan(-x, y), y))
    }
  }

  /// x · y, and 0 wherever y is 0, even beside NaN and infinities.
  public enum MulNoNan: BinaryOp {
    public static let types: [DType] = .floats
    public static func body(_ x: ElementContext) -> Element {
      select(x[1] .== 0, x.constant(0), x[0] * x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (mulNoNan(dy, y), mulNoNan(x, dy))
    }
  }

  /// x / y, and 0 wherever x is 0.
  public enum Xdivy: BinaryOp {
    public static let types: [DType] = .floats
    public static func body(_ x: ElementContext) -> Element {
      select(x[0] .== 0, x[0], x[0] / x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (dy * xdivy(nonzeros(of: x), y), dy * xdivy(-x, square(y)))
    }
  }

  /// x · ln y, and 0 wherever x is 0.
  public enum Xlogy: BinaryOp {
    public static let types: [DType] = .floats
    public static func body(_ x: ElementContext) -> Element {
      x[0] * select(x[0] .== 0, x.constant(0), x[1].unary(.log))
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (dy * xlogy(nonzeros(of: x), y), dy * xdivy(x, y))
    }
  }

  /// x · ln(1 + y), and 0 wherever x is 0.
  public enum Xlog1py: BinaryOp {
    public static let types: [DType] = .floats
    public static func body(_ x: ElementContext) -> Element {
      x[0] * select(x[0] .== 0, x.constant(0), x[1].unary(.log1p))
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      (dy * xlog1py(nonzeros(of: x), y), dy * xdivy(x, y + 1))
    }
  }

  /// 1 where x is not 0, else 0: what x / x stands for in the ops that are 0 wherever x is.
  private static func nonzeros(of x: Tensor) -> Tensor { cast(x .!= zerosLike(x), x.dtype) }
}

/// x / y, element by element; towards zero for integers.
public func div(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Div.self, [y], name: name, site: SourceSite(file, line)) }

/// The greatest integers not above x / y; TensorFlow's `floordiv`.
public func floorDiv(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.apply(Ops.FloorDiv.self, [y], name: name ?? "floordiv", site: SourceSite(file, line))
}

/// x / y towards zero.
public func truncateDiv(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.TruncateDiv.self, [y], name: name, site: SourceSite(file, line)) }

/// The remainder of x / y with the sign of y; TensorFlow's `floormod`.
public func floorMod(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.FloorMod.self, [y], name: name, site: SourceSite(file, line)) }

/// The remainder of x / y with the sign of x.
public func truncateMod(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.TruncateMod.self, [y], name: name, site: SourceSite(file, line)) }

/// x / y, and 0 wherever y is 0.
public func divNoNan(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.DivNoNan.self, [y], name: name, site: SourceSite(file, line)) }

/// x · y, and 0 wherever y is 0, even beside NaN and infinities.
public func mulNoNan(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.MulNoNan.self, [y], name: name, site: SourceSite(file, line)) }

/// x / y, and 0 wherever x is 0.
public func xdivy(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Xdivy.self, [y], name: name, site: SourceSite(file, line)) }

/// x · ln y, and 0 wherever x is 0.
public func xlogy(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Xlogy.self, [y], name: name, site: SourceSite(file, line)) }

/// x · ln(1 + y), and 0 wherever x is 0.
public func xlog1py(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Xlog1py.self, [y], name: name, site: SourceSite(file, line)) }
