import Glibc

/// A floating-point type with C's functions, which are the reference for every backend.
protocol RealElement: BinaryFloatingPoint, BitwiseCopyable {
  static func function(_ operation: RealFunction) -> (Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  static func arcTangent2(_ y: Self, _ x: Self) -> Self
  static func remainder(_ x: Self, _ y: Self) -> Self
}

/// The functions that are a call for each element.
enum RealFunction {
  case exp, expm1, log, log1p, sine, cosine, tangent, arcSine, arcCosine, arcTangent
  case hyperbolicSine, hyperbolicCosine, hyperbolicTangent
  case inverseHyperbolicSine, inverseHyperbolicCosine, inverseHyperbolicTangent
  case erf, erfc, logGamma
}

extension Float: RealElement {
  static func function(_ operation: RealFunction) -> (Float) -> Float {
    switch operation {
    case .exp: { expf($0) }
    case .expm1: { expm1f($0) }
    // What counts as zero has the logarithm of zero, even if it is a negative denormal.
    case .log: { $0 == 0 ? -.infinity : logf($0) }
    case .log1p: { log1pf($0) }
    case .sine: { sinf($0) }
    case .cosine: { cosf($0) }
    case .tangent: { tanf($0) }
    case .arcSine: { asinf($0) }
    case .arcCosine: { acosf($0) }
    case .arcTangent: { atanf($0) }
    case .hyperbolicSine: { sinhf($0) }
    case .hyperbolicCosine: { coshf($0) }
    case .hyperbolicTangent: { tanhf($0) }
    case .inverseHyperbolicSine: { asinhf($0) }
    case .inverseHyperbolicCosine: { acoshf($0) }
    case .inverseHyperbolicTangent: { atanhf($0) }
    case .erf: { erff($0) }
    case .erfc: { erfcf($0) }
    case .logGamma: { lgammaf($0) }
    }
  }
  // What counts as zero is zero as an exponent too, which the library does not see in a denormal.
  static func power(_ x: Float, _ y: Float) -> Float { y == 0 ? 1 : powf(x, y) }
  static func arcTangent2(_ y: Float, _ x: Float) -> Float { atan2f(y, x) }
  static func remainder(_ x: Float, _ y: Float) -> Float { fmodf(x, y) }
}

extension Double: RealElement {
  static func function(_ operation: RealFunction) -> (Double) -> Double {
    switch operation {
    case .exp: { Glibc.exp($0) }
    case .expm1: { Glibc.expm1($0) }
    case .log: { $0 == 0 ? -.infinity : Glibc.log($0) }
    case .log1p: { Glibc.log1p($0) }
    case .sine: { Glibc.sin($0) }
    case .cosine: { Glibc.cos($0) }
    case .tangent: { Glibc.tan($0) }
    case .arcSine: { Glibc.asin($0) }
    case .arcCosine: { Glibc.acos($0) }
    case .arcTangent: { Glibc.atan($0) }
    case .hyperbolicSine: { Glibc.sinh($0) }
    case .hyperbolicCosine: { Glibc.cosh($0) }
    case .hyperbolicTangent: { Glibc.tanh($0) }
    case .inverseHyperbolicSine: { Glibc.asinh($0) }
    case .inverseHyperbolicCosine: { Glibc.acosh($0) }
    case .inverseHyperbolicTangent: { Glibc.atanh($0) }
    case .erf: { Glibc.erf($0) }
    case .erfc: { Glibc.erfc($0) }
    case .logGamma: { Glibc.lgamma($0) }
    }
  }
  static func power(_ x: Double, _ y: Double) -> Double { y == 0 ? 1 : Glibc.pow(x, y) }
  static func arcTangent2(_ y: Double, _ x: Double) -> Double { Glibc.atan2(y, x) }
  static func remainder(_ x: Double, _ y: Double) -> Double { Glibc.fmod(x, y) }
}
