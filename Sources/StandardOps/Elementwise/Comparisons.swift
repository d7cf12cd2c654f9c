import GraphCore
import TensorCore

/// A comparison of two inputs that broadcast to one another, giving Booleans.
public protocol ComparisonOp: ElementwiseOp {}

extension ComparisonOp {
  /// Two inputs of one real type.
  public static var signature: Signature {
    Signature(["x: T", "y: T"], gives: ["z: bool"], [.type("T", .reals)])
  }
  /// None.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("a comparison gives Booleans") }
}

/// `Equal` and `NotEqual`.
public protocol EqualityOp: ComparisonOp {}

extension EqualityOp {
  /// Two inputs of any one type.
  public static var signature: Signature {
    Signature(
      ["x: T", "y: T"], gives: ["z: bool"],
      [.type("T", .dense), .flag("incompatible_shape_error", default: true)])
  }
}

extension Ops {
  /// Whether x is less than y; not with a NaN.
  public enum Less: ComparisonOp {
    public static func body(_ x: ElementContext) -> Element { x[0] < x[1] }
  }

  /// Whether x is at most y; not with a NaN.
  public enum LessEqual: ComparisonOp {
    public static func body(_ x: ElementContext) -> Element { x[0] <= x[1] }
  }

  /// Whether x is greater than y; not with a NaN.
  public enum Greater: ComparisonOp {
    public static func body(_ x: ElementContext) -> Element { x[0] > x[1] }
  }

  /// Whether x is at least y; not with a NaN.
  public enum GreaterEqual: ComparisonOp {
    public static func body(_ x: ElementContext) -> Element { x[0] >= x[1] }
  }

  /// Whether x and y are equal; a NaN equals nothing.
  public enum Equal: EqualityOp {
    public static func body(_ x: ElementContext) -> Element { x[0] .== x[1] }
  }

  /// Whether x and y differ; a NaN differs from everything.
  public enum NotEqual: EqualityOp {
    public static func body(_ x: ElementContext) -> Element { x[0] .!= x[1] }
  }
}

extension Tensor {
  /// Whether x is less than y; not with a NaN.
  public static func .< (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.Less.self, [y]) }
  /// Whether x is at most y; not with a NaN.
  public static func .<= (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.LessEqual.self, [y]) }
  /// Whether x is greater than y; not with a NaN.
  public static func .> (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.Greater.self, [y]) }
  /// Whether x is at least y; not with a NaN.
  public static func .>= (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.GreaterEqual.self, [y]) }
  /// Whether x and y are equal; a NaN equals nothing.
  public static func .== (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.Equal.self, [y]) }
  /// Whether x and y differ; a NaN differs from everything.
  public static func .!= (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.NotEqual.self, [y]) }
  /// Whether x is less than y; not with a NaN; the number is taken in x's type.
  public static func .< (x: Tensor, y: Double) -> Tensor {
    x.with(y, "Less") { $0 .< $1 }
  }
  /// Whether x is at most y; not with a NaN; the number is taken in x's type.
  public static func .<= (x: Tensor, y: Double) -> Tensor {
    x.with(y, "LessEqual") { $0 .<= $1 }
  }
  /// Whether x is greater than y; not with a NaN; the number is taken in x's type.
  public static func .> (x: Tensor, y: Double) -> Tensor {
    x.with(y, "Greater") { $0 .> $1 }
  }
  /// Whether x is at least y; not with a NaN; the number is taken in x's type.
  public static func .>= (x: Tensor, y: Double) -> Tensor {
    x.with(y, "GreaterEqual") { $0 .>= $1 }
  }
  /// Whether x and y are equal; a NaN equals nothing; the number is taken in x's type.
  public static func .== (x: Tensor, y: Double) -> Tensor {
    x.with(y, "Equal") { $0 .== $1 }
  }
  /// Whether x and y differ; a NaN differs from everything; the number is taken in x's type.
  public static func .!= (x: Tensor, y: Double) -> Tensor {
    x.with(y, "NotEqual") { $0 .!= $1 }
  }
}
