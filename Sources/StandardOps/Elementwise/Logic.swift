import GraphCore
import TensorCore

/// A function of Booleans that broadcast to one another.
public protocol LogicOp: ElementwiseOp {}

extension LogicOp {
  /// Two Booleans to one.
  public static var signature: Signature {
    Signature(["x: bool", "y: bool"], gives: ["z: bool"])
  }
  /// None.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("Booleans have no derivative") }
}

/// A property of a floating-point number.
public protocol FloatTestOp: ElementwiseOp {}

extension FloatTestOp {
  /// A number to a Boolean.
  public static var signature: Signature {
    Signature(["x: T"], gives: ["y: bool"], [.type("T", .floats)])
  }
  /// None.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("Booleans have no derivative") }
}

extension Ops {
  /// Whether both hold.
  public enum LogicalAnd: LogicOp {
    public static func body(_ x: ElementContext) -> Element { x[0] & x[1] }
  }

  /// Whether at least one holds.
  public enum LogicalOr: LogicOp {
    public static func body(_ x: ElementContext) -> Element { x[0] | x[1] }
  }

  /// Whether it does not hold.
  public enum LogicalNot: LogicOp {
    public static let signature = Signature(["x: bool"], gives: ["y: bool"])
    public static func body(_ x: ElementContext) -> Element { !x[0] }
  }

  /// Whether the number is a NaN.
  public enum IsNan: FloatTestOp {
    public static func body(_ x: ElementContext) -> Element { x[0] .!= x[0] }
  }

  /// Whether the number is infinite.
  public enum IsInf: FloatTestOp {
    public static func body(_ x: ElementContext) -> Element {
      x[0].unary(.absolute) .== .infinity
    }
  }

  /// Whether the number is neither infinite nor a NaN.
  public enum IsFinite: FloatTestOp {
    public static func body(_ x: ElementContext) -> Element { x[0].unary(.absolute) < .infinity }
  }
}

extension Tensor {
  /// Whether both hold.
  public static func .& (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.LogicalAnd.self, [y]) }
  /// Whether at least one holds.
  public static func .| (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.LogicalOr.self, [y]) }
  /// Whether it does not hold.
  public static prefix func .! (x: Tensor) -> Tensor { x.apply(Ops.LogicalNot.self) }
}

/// Whether both hold, element by element.
public func logicalAnd(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.LogicalAnd.self, [y], name: name, site: SourceSite(file, line)) }

/// Whether at least one holds, element by element.
public func logicalOr(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.LogicalOr.self, [y], name: name, site: SourceSite(file, line)) }

/// Whether it does not hold, element by element.
public func logicalNot(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.LogicalNot.self, name: name, site: SourceSite(file, line)) }

/// Whether the numbers are NaN.
public func isNan(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.IsNan.self, name: name, site: SourceSite(file, line)) }

/// Whether the numbers are infinite.
public func isInf(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.IsInf.self, name: name, site: SourceSite(file, line)) }

/// Whether the numbers are neither infinite nor NaN.
public func isFinite(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.IsFinite.self, name: name, site: SourceSite(file, line)) }
