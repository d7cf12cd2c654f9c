#if LLVM
  import TensorCore

  extension Lanes {
    /// `k ln 2 + log(1 + f)` for |f| <= 1/3 and integers `k`.
    ///
    /// `(log(1 + f) − f + f²/2) / f³` is a polynomial: minimax of the error relative to the logarithm,
    /// 4.6e-9, by linear programming over Chebyshev nodes; each coefficient rounded in turn and the
    /// rest fitted again.
    private func logarithm(times k: Lanes) -> Lanes {
      let square = self * self
      let tail = multiplyAdd(
        polynomial([
          0x1.555506p-2, -0x1.fffefap-3, 0x1.99d054p-3, -0x1.559c4cp-3, 0x1.1ed530p-3,
          -0x1.f3360ep-4, 0x1.1e6d40p-3, -0x1.07bdd6p-3,
        ]), constant(-0.5))
      let small = k.multiplyAdd(constant(Self.logarithmOfTwo.low), square * tail)
      return k.multiplyAdd(constant(Self.logarithmOfTwo.high), self + small)
    }

    /// This result where the argument is a number between a bound and infinity; infinity and NaN are
    /// themselves, the bound gives −infinity and what is below NaN.
    private func logarithm(of argument: Lanes, above bound: Double) -> Lanes {
      let result = (argument < Double.infinity).select(self, argument)
      let outside = (argument .== bound).select(constant(-Double.infinity), constant(Double.nan))
      return (argument > bound).select(result, outside)
    }

    /// The natural logarithm: at most 0.95 ulp off in `float32`.
    func log() -> Lanes {
      guard dtype == .float32 else { return libraryCall("log") }
      let isDenormal = self < 0x1p-126
      let normal = isDenormal.select(self * 0x1p23, self).bitCast(to: .int32)
      // 2^k m with m in [2/3, 4/3): the exponent of the argument over 2/3.
      let twoThirds = normal.constant(bits: 0x3f2a_aaab)
      let quotient = normal - twoThirds
      let m = (quotient & quotient.constant(bits: 0x7f_ffff)) + twoThirds
      let k = (quotient >> 23).convertedToFloat() - isDenormal.select(constant(23), constant(0))
      return (m.bitCast(to: .float32) - 1).logarithm(times: k).logarithm(of: self, above: 0)
    }

    /// `log(1 + x)`: at most 1.7 ulp off in `float32`.
    func log1p() -> Lanes {
      guard dtype == .float32 else { return libraryCall("log1p") }
      let sum = (self + constant(1)).bitCast(to: .int32)
      let exponent =
        (sum - sum.constant(bits: 0x3f2a_aaab)) & sum.constant(bits: 0xff80_0000)
      // (1 + x) / 2^k − 1, rounded once: the products with powers of two are exact. 2^-128 would be
      // denormal, so that the argument is divided by 4 first.
      let power = (sum.constant(bits: 0x4080_0000) - exponent).bitCast(to: .float32)
      let f = power.multiplyAdd(self * 0.25, power.multiplyAdd(constant(0.25), constant(-1)))
      let result = f.logarithm(times: (exponent >> 23).convertedToFloat())
      // Keeps −0 and denormal numbers.
      return (self * self < 0x1p-60).select(self, result).logarithm(of: self, above: -1)
    }

    /// An integer of 32 bits as a `float32`.
    private func convertedToFloat() -> Lanes {
      let type = emitter.type(.float32, count: count)
      return with(emitter.llvm.BuildSIToFP(emitter.builder, value, type, ""), .float32)
    }
  }
#endif
