import TensorCore

/// Values that expose rewrites which hold only for ordinary numbers.
struct AdversarialInputs {
  /// What a round of inputs is made of.
  enum Round: String, CaseIterable {
    /// Numbers such as data and weights hold.
    case ordinary
    /// Zeros of both signs, infinities, NaN, denormal, saturating, huge and tied numbers.
    case special
    /// Ordinary numbers, of which about every eighth is special.
    case sprinkled
    /// A few values again and again, so that extrema are tied.
    case ties
    /// Zeros of both signs.
    case zeros
    /// Numbers whose squares leave the type's range.
    case huge
    /// Numbers whose squares vanish.
    case tiny

    /// Whether every number is finite and no product of a few of them overflows.
    var isModerate: Bool { self == .ordinary || self == .ties || self == .zeros }

    /// How often to draw: small tensors have too few elements for every pair of special numbers.
    var repetitions: Int { self == .special || self == .sprinkled ? 8 : 1 }
  }

  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(state: seed) }

  private static let specials: [Double] = [
    0, -0.0, .infinity, -.infinity, .nan, 1, -1, 0.5, 1.5, 2.5, -2.5, 1e-40, -1e-40,
    1.1754943508222875e-38, 3.4e38, -3.4e38, 1e8, 16_777_217, 20, -20, 88.8, -104, 1e-8, 709.9,
    0.49999997, 3.0000002,
  ]

  /// The bytes that drawing a value takes: several numbers in double precision for each element.
  static func byteCount(_ shape: Shape) -> Int { (shape.dimensions + [32]).sizeProduct }

  /// A value of the given type and shape.
  ///
  /// Integers stay small outside of special rounds, so that indices have a chance to be in range.
  mutating func value(_ dtype: DType, _ shape: Shape, _ round: Round) -> TensorValue {
    let numbers = (0..<shape.count).map { _ in number(dtype, round) }
    return (try? TensorValue(converting: numbers, to: dtype, shape: shape))
      ?? TensorValue(zeros: shape, dtype: dtype)
  }

  private mutating func number(_ dtype: DType, _ round: Round) -> Double {
    if dtype == .bool { return Double(next() & 1) }
    guard dtype.isFloatingPoint else { return integer(dtype, round) }
    switch round {
    case .ordinary: return normal()
    case .special: return Self.specials[Int(next() % UInt64(Self.specials.count))]
    case .sprinkled:
      return next() & 7 == 0 ? Self.specials[Int(next() % UInt64(Self.specials.count))] : normal()
    case .ties: return [-1, 0.25, 0.25, 2][Int(next() % 4)]
    case .zeros: return next() & 1 == 0 ? 0 : -0.0
    case .huge: return normal() * 1e30
    case .tiny: return normal() * 1e-30
    }
  }

  private mutating func integer(_ dtype: DType, _ round: Round) -> Double {
    let isSigned = [.int8, .int16, .int32, .int64].contains(dtype)
    switch round {
    case .special, .huge:
      let bits = (dtype.byteCount ?? 4) * 8
      let most: [DType: Double] = [.int32: 2_147_483_647, .int64: 9_007_199_254_740_991]
      let greatest = most[dtype] ?? Double(1 << (bits - (isSigned ? 1 : 0))) - 1
      let choices = [0, 1, 2, 3, greatest, isSigned ? -1 : 5, isSigned ? -greatest - 1 : 7]
      return choices[Int(next() % UInt64(choices.count))]
    case .zeros: return 0
    default: return Double(next() % 3)
    }
  }

  private mutating func normal() -> Double {
    // A sum of uniform numbers is normal enough for this.
    var sum = 0.0
    for _ in 0..<6 { sum += Double(next() >> 11) / Double(1 << 53) }
    return (sum - 3) * 1.4
  }

  private mutating func next() -> UInt64 { random.next() }
}
