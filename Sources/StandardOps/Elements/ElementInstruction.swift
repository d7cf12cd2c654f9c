import TensorCore

/// A function of one element.
public enum UnaryOperation: String, Hashable, Sendable, CaseIterable {
  case negate, absolute, sign, not
  case exp, expm1, log, log1p, squareRoot, reciprocalSquareRoot
  case sine, cosine, tangent, arcSine, arcCosine, arcTangent
  case hyperbolicSine, hyperbolicCosine, hyperbolicTangent
  case inverseHyperbolicSine, inverseHyperbolicCosine, inverseHyperbolicTangent
  case sigmoid, erf, erfc, logGamma
  case floor, ceiling, roundToEven
}

/// A function of two elements of one type, giving that type.
public enum BinaryOperation: String, Hashable, Sendable, CaseIterable {
  case add, subtract, multiply
  /// Exact for floating point; towards zero for integers, where 0 is an error of the run.
  case divide
  case floorDivide
  /// The remainder with the dividend's sign.
  case truncatedRemainder
  /// The remainder with the divisor's sign.
  case floorRemainder
  /// A negative exponent of integers is an error of the run.
  case power
  /// The first operand, an integer that must be at least 0 and below the second: others are an error
  /// of the run.
  case index
  /// A NaN in either operand gives NaN.
  case maximum, minimum
  case arcTangent2
  case and, or, xor
}

/// A comparison of two elements of one type, giving `bool`; with a NaN only `notEqual` holds.
public enum ComparisonOperation: String, Hashable, Sendable, CaseIterable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
}

/// One step of an element expression; operands are the numbers of earlier steps.
public enum ElementInstruction: Hashable, Sendable {
  /// The element that the `n`th load reads.
  case load(Int)
  /// `offset + Σ coefficients[d] · index[d]` over the loop's dimensions, as `int64`.
  case coordinate(offset: Int, coefficients: [Int])
  /// A constant by its bits, zero-extended.
  case constant(UInt64)
  case unary(UnaryOperation, Int)
  case binary(BinaryOperation, Int, Int)
  case comparison(ComparisonOperation, Int, Int)
  /// The second operand where the first is true, else the third.
  case select(Int, Int, Int)
  /// The operand rounded, truncated or wrapped to this step's type.
  case cast(Int)

  /// The earlier steps that this one takes.
  public var operands: [Int] {
    switch self {
    case .load, .coordinate, .constant: []
    case .unary(_, let a), .cast(let a): [a]
    case .binary(_, let a, let b), .comparison(_, let a, let b): [a, b]
    case .select(let a, let b, let c): [a, b, c]
    }
  }

  /// The same step with its operands renumbered.
  package func mapOperands(_ map: (Int) -> Int) -> ElementInstruction {
    switch self {
    case .load, .coordinate, .constant: self
    case .unary(let f, let a): .unary(f, map(a))
    case .cast(let a): .cast(map(a))
    case .binary(let f, let a, let b): .binary(f, map(a), map(b))
    case .comparison(let f, let a, let b): .comparison(f, map(a), map(b))
    case .select(let a, let b, let c): .select(map(a), map(b), map(c))
    }
  }
}
