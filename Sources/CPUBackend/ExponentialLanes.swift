import Glibc

/// exp, expm1 and the sigmoid in single precision, without calls, so that loops over them become vector
/// code: at most 2 units in the last place from the true value, and the C library's own value where the
/// range reduction would overflow.
///
/// Each result is a function of its element alone, so that no cut of the work changes a bit.
enum ExponentialLanes {
  /// What is left of an exponent: 2ⁿ, and e^r − 1 for the rest r of at most half of ln 2.
  @inline(__always)
  private static func reduced(_ x: Float) -> (scale: Float, rest: Float) {
    // Adding 1.5·2²³ rounds to an integer, which then stands in the lowest bits.
    let shifted = x * 1.442_695_04 + 12_582_912
    let n = shifted - 12_582_912
    // ln 2 in two parts, of which n times the first is exact.
    let r = (x - n * 0.693_145_75) - n * 1.428_606_8e-6
    var q: Float = 1.0 / 5040
    q = q * r + 1.0 / 720
    q = q * r + 1.0 / 120
    q = q * r + 1.0 / 24
    q = q * r + 1.0 / 6
    q = q * r + 0.5
    let scale = Float(bitPattern: (shifted.bitPattern &<< 23) &+ 0x3f80_0000)
    return (scale, r + r * r * q)
  }

  /// e^x for −87 < x < 88.
  @inline(__always)
  private static func exp(_ x: Float) -> Float {
    let (scale, rest) = reduced(x)
    // Not scale + scale · rest, whose product is lost where it is denormal.
    return scale * (1 + rest)
  }

  /// e^x − 1 for x < 88: below −30 it is −1, and a zero stays what it is.
  @inline(__always)
  private static func expm1(_ x: Float) -> Float {
    let (scale, rest) = reduced(x < -30 ? -30 : x)
    return x == 0 ? x : scale * rest + (scale - 1)
  }

  static func exp(
    _ result: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int
  ) {
    if isPlain(x, count, { $0 > -87 && $0 < 88 }) {
      for i in 0..<count { result[i] = exp(x[i]) }
    } else {
      for i in 0..<count { result[i] = x[i] > -87 && x[i] < 88 ? exp(x[i]) : expf(x[i]) }
    }
  }

  static func expm1(
    _ result: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int
  ) {
    if isPlain(x, count, { $0 < 88 }) {
      for i in 0..<count { result[i] = expm1(x[i]) }
    } else {
      for i in 0..<count { result[i] = x[i] < 88 ? expm1(x[i]) : expm1f(x[i]) }
    }
  }

  /// 1 / (1 + e^−x).
  static func sigmoid(
    _ result: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int
  ) {
    if isPlain(x, count, { $0 > -87 && $0 < 87 }) {
      for i in 0..<count { result[i] = 1 / (1 + exp(-x[i])) }
    } else {
      for i in 0..<count {
        result[i] = 1 / (1 + (x[i] > -87 && x[i] < 87 ? exp(-x[i]) : expf(-x[i])))
      }
    }
  }

  /// Whether every element is in the range of the short way.
  @inline(__always)
  private static func isPlain(
    _ x: UnsafePointer<Float>, _ count: Int, _ isInside: (Float) -> Bool
  ) -> Bool {
    var outside: UInt32 = 0
    for i in 0..<count { outside |= isInside(x[i]) ? 0 : 1 }
    return outside == 0
  }
}
