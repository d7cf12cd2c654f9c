import TensorCore

/// One scalar inside an element expression; combining two records a step.
///
/// What an op's `body` computes with: written like the formula, and read by every backend.
public struct Element {
  /// The expression under construction.
  public let builder: ElementBuilder
  package let number: Int

  init(_ builder: ElementBuilder, _ number: Int) {
    self.builder = builder
    self.number = number
  }

  /// The type of the scalar.
  public var dtype: DType { builder.types[number] }

  /// A constant of this scalar's type.
  public func constant(_ value: Double) -> Element { builder.constant(value, dtype) }

  package func unary(_ operation: UnaryOperation) -> Element {
    builder.element(.unary(operation, number), dtype)
  }

  package func binary(_ operation: BinaryOperation, _ other: Element) -> Element {
    precondition(dtype == other.dtype, "\(operation) of \(dtype) and \(other.dtype)")
    return builder.element(.binary(operation, number, other.number), dtype)
  }

  package func comparison(_ operation: ComparisonOperation, _ other: Element) -> Element {
    precondition(dtype == other.dtype, "\(operation) of \(dtype) and \(other.dtype)")
    return builder.element(.comparison(operation, number, other.number), .bool)
  }

  /// This scalar converted: to integers towards zero, to narrower integers by wrapping, to `bool` by
  /// comparison with zero.
  public func cast(to dtype: DType) -> Element {
    dtype == self.dtype ? self : builder.element(.cast(number), dtype)
  }

  /// The sum.
  public static func + (a: Element, b: Element) -> Element { a.binary(.add, b) }
  /// The difference.
  public static func - (a: Element, b: Element) -> Element { a.binary(.subtract, b) }
  /// The product.
  public static func * (a: Element, b: Element) -> Element { a.binary(.multiply, b) }
  /// The quotient; towards zero for integers.
  public static func / (a: Element, b: Element) -> Element { a.binary(.divide, b) }
  /// The negative.
  public static prefix func - (a: Element) -> Element { a.unary(.negate) }

  /// The sum.
  public static func + (a: Element, b: Double) -> Element { a + a.constant(b) }
  /// The difference.
  public static func - (a: Element, b: Double) -> Element { a - a.constant(b) }
  /// The product.
  public static func * (a: Element, b: Double) -> Element { a * a.constant(b) }
  /// The quotient; towards zero for integers.
  public static func / (a: Element, b: Double) -> Element { a / a.constant(b) }
  /// The sum.
  public static func + (a: Double, b: Element) -> Element { b.constant(a) + b }
  /// The difference.
  public static func - (a: Double, b: Element) -> Element { b.constant(a) - b }
  /// The product.
  public static func * (a: Double, b: Element) -> Element { b.constant(a) * b }
  /// The quotient; towards zero for integers.
  public static func / (a: Double, b: Element) -> Element { b.constant(a) / b }

  /// Whether the first is less.
  public static func < (a: Element, b: Element) -> Element { a.comparison(.less, b) }
  /// Whether the first is not greater.
  public static func <= (a: Element, b: Element) -> Element { a.comparison(.lessOrEqual, b) }
  /// Whether the first is greater.
  public static func > (a: Element, b: Element) -> Element { a.comparison(.greater, b) }
  /// Whether the first is not less.
  public static func >= (a: Element, b: Element) -> Element { a.comparison(.greaterOrEqual, b) }
  /// Whether both are equal.
  public static func .== (a: Element, b: Element) -> Element { a.comparison(.equal, b) }
  /// Whether they differ.
  public static func .!= (a: Element, b: Element) -> Element { a.comparison(.notEqual, b) }
  /// Whether the first is less.
  public static func < (a: Element, b: Double) -> Element { a < a.constant(b) }
  /// Whether the first is not greater.
  public static func <= (a: Element, b: Double) -> Element { a <= a.constant(b) }
  /// Whether the first is greater.
  public static func > (a: Element, b: Double) -> Element { a > a.constant(b) }
  /// Whether the first is not less.
  public static func >= (a: Element, b: Double) -> Element { a >= a.constant(b) }
  /// Whether both are equal.
  public static func .== (a: Element, b: Double) -> Element { a .== a.constant(b) }

  /// Whether both hold, or the common bits.
  public static func & (a: Element, b: Element) -> Element { a.binary(.and, b) }
  /// Whether either holds, or the joined bits.
  public static func | (a: Element, b: Element) -> Element { a.binary(.or, b) }
  /// Whether it does not hold.
  public static prefix func ! (a: Element) -> Element { a.unary(.not) }
}

/// `a` where `condition` holds, else `b`.
public func select(_ condition: Element, _ a: Element, _ b: Element) -> Element {
  precondition(condition.dtype == .bool && a.dtype == b.dtype, "select of different types")
  return a.builder.element(.select(condition.number, a.number, b.number), a.dtype)
}

/// The greater of two; NaN if either is.
public func maximum(_ a: Element, _ b: Element) -> Element { a.binary(.maximum, b) }

/// The lesser of two; NaN if either is.
public func minimum(_ a: Element, _ b: Element) -> Element { a.binary(.minimum, b) }
