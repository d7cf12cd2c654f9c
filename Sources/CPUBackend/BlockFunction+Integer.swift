import GraphCompiler
import StandardOps

extension Blocks where T: FixedWidthInteger {
  static func unary(_ operation: UnaryOperation) -> BlockFunction? {
    switch operation {
    case .negate: { d, a, _, _, n, _ in unary(d, a, n) { 0 &- $0 } }
    // The magnitude of the least integer wraps to itself.
    case .absolute: { d, a, _, _, n, _ in unary(d, a, n) { $0 < 0 ? 0 &- $0 : $0 } }
    case .sign: { d, a, _, _, n, _ in unary(d, a, n) { $0.signum() } }
    case .not: { d, a, _, _, n, _ in unary(d, a, n) { ~$0 } }
    case .floor, .ceiling, .roundToEven: { d, a, _, _, n, _ in unary(d, a, n) { $0 } }
    default: nil
    }
  }

  static func binary(_ operation: BinaryOperation) -> BlockFunction? {
    switch operation {
    case .add: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 &+ $1 } }
    case .subtract: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 &- $1 } }
    case .multiply: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 &* $1 } }
    case .maximum: { d, a, b, _, n, u in binary(d, a, b, n, u) { max($0, $1) } }
    case .minimum: { d, a, b, _, n, u in binary(d, a, b, n, u) { min($0, $1) } }
    case .and: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 & $1 } }
    case .or: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 | $1 } }
    case .xor: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 ^ $1 } }
    case .divide: divided { $0.dividedReportingOverflow(by: $1).partialValue }
    case .truncatedRemainder: divided { $0.remainderReportingOverflow(dividingBy: $1).partialValue }
    case .floorDivide:
      divided { x, y in
        let quotient = x.dividedReportingOverflow(by: y).partialValue
        let remainder = x.remainderReportingOverflow(dividingBy: y).partialValue
        return remainder != 0 && (remainder < 0) != (y < 0) ? quotient &- 1 : quotient
      }
    case .floorRemainder:
      divided { x, y in
        let remainder = x.remainderReportingOverflow(dividingBy: y).partialValue
        return remainder != 0 && (remainder < 0) != (y < 0) ? remainder &+ y : remainder
      }
    case .power: checked(.negativeExponent, isWrong: { $1 < 0 }) { power($0, $1) }
    case .index: checked(.badIndex, isWrong: { $0 < 0 || $0 >= $1 }) { x, _ in x }
    case .arcTangent2: nil
    }
  }

  /// By squaring, wrapping; the exponent is not negative.
  private static func power(_ x: T, _ y: T) -> T {
    var (result, base, exponent): (T, T, T) = (1, x, y)
    while exponent != 0 {
      if exponent & 1 != 0 { result = result &* base }
      base = base &* base
      exponent >>= 1
    }
    return result
  }

  /// A division that reports a zero divisor instead of trapping.
  @inline(__always)
  private static func divided(_ body: @escaping (T, T) -> T) -> BlockFunction {
    checked(.divisionByZero, isWrong: { $1 == 0 }, body)
  }

  /// A function that reports operands that it is not defined for in the kernel's status.
  @inline(__always)
  private static func checked(
    _ failure: KernelStatus, isWrong: @escaping (T, T) -> Bool, _ body: @escaping (T, T) -> T
  ) -> BlockFunction {
    { d, a, b, status, n, u in
      binary(d, a, b, n, u) { (x: T, y: T) -> T in
        if isWrong(x, y) {
          UnsafeMutableRawPointer(mutating: status).storeBytes(
            of: failure.rawValue, as: Int32.self)
          return T.zero
        }
        return body(x, y)
      }
    }
  }
}

/// Boolean steps; true is stored as 1.
enum BooleanBlocks {
  static func binary(_ operation: BinaryOperation) -> BlockFunction? {
    Blocks<UInt8>.binary(operation)
  }
  static func unary(_ operation: UnaryOperation) -> BlockFunction? {
    guard operation == .not else { return nil }
    return { d, a, _, _, n, _ in Blocks<UInt8>.unary(d, a, n) { $0 ^ 1 } }
  }
}
