import TensorCore

/// How two values of what should be the same differ.
struct ValueDifference {
  /// The row-major index of the first element that differs; nil if type or shape do.
  let index: Int?
  let first: String
  let second: String
}

/// Compares values.
enum ValueComparison {
  /// The first difference in bits, any NaN being equal to any NaN; nil if there is none.
  static func bits(_ a: TensorValue, _ b: TensorValue) -> ValueDifference? {
    difference(a, b) { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
  }

  /// The first difference beyond a bound; elements that are not finite in either are not compared,
  /// since a moved scale may overflow elsewhere.
  static func within(_ bound: Double, _ a: TensorValue, _ b: TensorValue) -> ValueDifference? {
    difference(a, b) { !$0.isFinite || !$1.isFinite || abs($0 - $1) <= bound }
  }

  /// The largest difference of finite elements.
  static func largest(_ a: TensorValue, _ b: TensorValue) -> Double {
    guard let x = a.doubles, let y = b.doubles else { return 0 }
    return zip(x, y).reduce(0) { largest, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isFinite ? max(largest, difference) : largest
    }
  }

  private static func difference(
    _ a: TensorValue, _ b: TensorValue, _ isSame: (Double, Double) -> Bool
  ) -> ValueDifference? {
    guard a.dtype == b.dtype, a.shape == b.shape else {
      return ValueDifference(
        index: nil, first: "\(a.dtype)\(a.shape)", second: "\(b.dtype)\(b.shape)")
    }
    if !a.dtype.isFloatingPoint, let x = a.integers, let y = b.integers {
      guard let index = zip(x, y).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
        return nil
      }
      return ValueDifference(index: index, first: "\(x[index])", second: "\(y[index])")
    }
    guard let x = a.doubles, let y = b.doubles,
      let index = zip(x, y).enumerated().first(where: { !isSame($1.0, $1.1) })?.offset
    else { return nil }
    return ValueDifference(index: index, first: "\(x[index])", second: "\(y[index])")
  }
}
