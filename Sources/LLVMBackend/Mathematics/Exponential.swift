#if LLVM
  import TensorCore

  /// `exp(x)` in two factors: `2^n`, and what is near 1.
  struct ExponentialFactors {
    /// `exp(r) − 1` of the rest `r = x − n ln 2`, |r| <= 0.35.
    let rest: Lanes
    /// An integer whose low 9 bits are `n`.
    let exponent: Lanes

    /// `2^n` as a number, where that is a normal one.
    var power: Lanes { Self.power(exponent) }

    static func power(_ exponent: Lanes) -> Lanes {
      ((exponent << 23) + exponent.constant(bits: 0x3f80_0000)).bitCast(to: .float32)
    }

    /// `(1 + rest) 2^n`, rounded once more only where that is denormal.
    ///
    /// `2^n` need not be a number itself: it is multiplied in by two halves.
    var product: Lanes {
      let half = exponent >> 1
      return (rest + rest.constant(1)) * Self.power(half) * Self.power(exponent - half)
    }
  }

  extension Lanes {
    /// The coefficients of `(exp(r) − 1 − r) / r²` for |r| <= 0.3483: minimax of the error relative
    /// to exp(r), 3.2e-9, by linear programming over Chebyshev nodes; each rounded in turn and the
    /// rest fitted again.
    static let exponential = [
      0x1.fffffcp-2, 0x1.555490p-3, 0x1.5558bcp-5, 0x1.123b5cp-7, 0x1.6a4460p-10,
    ]
    /// The same, of the error relative to exp(r) − 1: 1.4e-8.
    static let exponentialMinusOne = [
      0x1.fffffep-2, 0x1.5554b0p-3, 0x1.5556fep-5, 0x1.122862p-7, 0x1.6b921ep-10,
    ]

    /// ln 2 in two parts; the first has zeros at its end, so that its product with an exponent is
    /// exact even where products are rounded before they are added.
    static let logarithmOfTwo = (high: 0x1.62e4p-1, low: 0x1.7f7d1cp-20)

    /// `exp(r) − 1` of a small number.
    func smallExponentialMinusOne(_ coefficients: [Double]) -> Lanes {
      (self * self).multiplyAdd(polynomial(coefficients), self)
    }

    /// The factors of `exp` of a `float32` between −110 and 110.
    func exponentialFactors(_ coefficients: [Double] = exponential) -> ExponentialFactors {
      // Adding 1.5 · 2^23 leaves no place for a fraction: the sum's last bits are the integer.
      let magic = constant(0x1.8p23)
      let shifted = multiplyAdd(constant(0x1.715476p+0), magic)
      let n = shifted - magic
      let rest = n.multiplyAdd(constant(-Self.logarithmOfTwo.high), self)
      let r = n.multiplyAdd(constant(-Self.logarithmOfTwo.low), rest)
      return ExponentialFactors(
        rest: r.smallExponentialMinusOne(coefficients), exponent: shifted.bitCast(to: .int32))
    }

    /// The exponential function: at most 1.05 ulp off in `float32`.
    func exp() -> Lanes {
      guard dtype == .float32 else { return libraryCall("exp") }
      // Beyond the bounds, results overflow or are 0 as they are at them.
      return atMost(89).atLeast(-104).exponentialFactors().product
    }

    /// `exp(x) − 1`: at most 1.75 ulp off in `float32`.
    func expm1() -> Lanes {
      guard dtype == .float32 else { return libraryCall("expm1") }
      let factors = atMost(89).atLeast(-16.625).exponentialFactors(Self.exponentialMinusOne)
      // Half of the power: 2^128 is no number. Its difference from 1/2 is exact where that matters.
      let half = ((factors.exponent << 23) + factors.exponent.constant(bits: 0x3f00_0000))
        .bitCast(to: .float32)
      let sum = half.multiplyAdd(factors.rest, half - 0.5)
      // The last results above −1 are all its neighbour, which the least argument let in gives.
      let result = (self < -0x1.154244p+4).select(constant(-1), sum + sum)
      // Keeps −0 and denormal numbers.
      return (self * self < 0x1p-60).select(self, result)
    }
  }
#endif
