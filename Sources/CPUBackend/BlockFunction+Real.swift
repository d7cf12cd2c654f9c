import StandardOps

extension Blocks where T: RealElement {
  static func unary(_ operation: UnaryOperation) -> BlockFunction? {
    switch operation {
    case .negate: { d, a, _, _, n, _ in unary(d, a, n) { -$0 } }
    case .absolute: { d, a, _, _, n, _ in unary(d, a, n) { $0.magnitude } }
    // A zero or NaN is itself.
    case .sign: { d, a, _, _, n, _ in unary(d, a, n) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 } }
    case .squareRoot: { d, a, _, _, n, _ in unary(d, a, n) { $0.squareRoot() } }
    case .reciprocalSquareRoot:
      { d, a, _, _, n, _ in unary(d, a, n) { 1 / $0.squareRoot() } }
    case .floor: { d, a, _, _, n, _ in unary(d, a, n) { $0.rounded(.down) } }
    case .ceiling: { d, a, _, _, n, _ in unary(d, a, n) { $0.rounded(.up) } }
    case .roundToEven: { d, a, _, _, n, _ in unary(d, a, n) { $0.rounded(.toNearestOrEven) } }
    case .exp where T.self == Float.self: lanes(ExponentialLanes.exp)
    case .expm1 where T.self == Float.self: lanes(ExponentialLanes.expm1)
    case .sigmoid where T.self == Float.self: lanes(ExponentialLanes.sigmoid)
    case .sigmoid:
      {
        let exp = T.function(.exp)
        return { d, a, _, _, n, _ in unary(d, a, n) { 1 / (1 + exp(-$0)) } }
      }()
    case .exp: call(.exp)
    case .expm1: call(.expm1)
    case .log: call(.log)
    case .log1p: call(.log1p)
    case .sine: call(.sine)
    case .cosine: call(.cosine)
    case .tangent: call(.tangent)
    case .arcSine: call(.arcSine)
    case .arcCosine: call(.arcCosine)
    case .arcTangent: call(.arcTangent)
    case .hyperbolicSine: call(.hyperbolicSine)
    case .hyperbolicCosine: call(.hyperbolicCosine)
    case .hyperbolicTangent: call(.hyperbolicTangent)
    case .inverseHyperbolicSine: call(.inverseHyperbolicSine)
    case .inverseHyperbolicCosine: call(.inverseHyperbolicCosine)
    case .inverseHyperbolicTangent: call(.inverseHyperbolicTangent)
    case .erf: call(.erf)
    case .erfc: call(.erfc)
    case .logGamma: call(.logGamma)
    case .not: nil
    }
  }

  private static func lanes(
    _ body: @escaping (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int) -> Void
  ) -> BlockFunction {
    { d, a, _, _, n, _ in
      body(d.assumingMemoryBound(to: Float.self), a.assumingMemoryBound(to: Float.self), n)
    }
  }

  private static func call(_ function: RealFunction) -> BlockFunction {
    let body = T.function(function)
    return { d, a, _, _, n, _ in unary(d, a, n, body) }
  }

  static func binary(_ operation: BinaryOperation) -> BlockFunction? {
    switch operation {
    case .add: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 + $1 } }
    case .subtract: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 - $1 } }
    case .multiply: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 * $1 } }
    case .divide: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 / $1 } }
    case .floorDivide:
      { d, a, b, _, n, u in binary(d, a, b, n, u) { ($0 / $1).rounded(.down) } }
    case .truncatedRemainder:
      { d, a, b, _, n, u in binary(d, a, b, n, u) { T.remainder($0, $1) } }
    case .floorRemainder:
      { d, a, b, _, n, u in
        binary(d, a, b, n, u) { x, y in
          let r = T.remainder(x, y)
          return r != 0 && (r < 0) != (y < 0) ? r + y : r
        }
      }
    case .power: { d, a, b, _, n, u in binary(d, a, b, n, u) { T.power($0, $1) } }
    // Where neither comparison holds, one is NaN or both are equal: the NaN is kept.
    case .maximum:
      { d, a, b, _, n, u in
        binary(d, a, b, n, u) { x, y in x > y ? x : (x == x ? y : x) }
      }
    case .minimum:
      { d, a, b, _, n, u in
        binary(d, a, b, n, u) { x, y in x < y ? x : (x == x ? y : x) }
      }
    case .arcTangent2: { d, a, b, _, n, u in binary(d, a, b, n, u) { T.arcTangent2($0, $1) } }
    case .and, .or, .xor, .index: nil
    }
  }
}
