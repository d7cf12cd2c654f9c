import GraphCore
import TensorCore

extension Ops {
  /// The greatest integer not above x.
  public enum Floor: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.floor) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      nil
    }
  }

  /// The least integer not below x.
  public enum Ceil: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.ceiling) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      nil
    }
  }

  /// The nearest integer, the even one of two.
  public enum Round: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.roundToEven) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      nil
    }
  }

  /// The nearest integer, the even one of two.
  public enum Rint: UnaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.roundToEven) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      nil
    }
  }
}

/// The greatest integers not above x.
public func floor(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Floor.self, name: name, site: SourceSite(file, line)) }

/// The least integers not below x.
public func ceil(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Ceil.self, name: name, site: SourceSite(file, line)) }

/// The nearest integers, of two the even one; integers are themselves.
public func round(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if x.dtype.isInteger { return x }
  return x.apply(Ops.Round.self, name: name, site: SourceSite(file, line))
}

/// The nearest integers, of two the even one.
public func rint(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Rint.self, name: name, site: SourceSite(file, line)) }
