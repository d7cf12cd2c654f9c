#if LLVM
  import TensorCore

  extension Lanes {
    /// `x^y`: at most 1.1 ulp off in `float32`; zeros, infinities and NaNs as C's `pow`.
    func power(_ y: Lanes) -> Lanes {
      guard dtype == .float32 else { return libraryCall("pow", y) }
      let base = magnitude
      // The logarithm takes double precision: its error is multiplied by up to 2^31.
      let exponent = y.atMost(0x1p127).atLeast(-0x1p127).converted(to: .float64)
      let logarithm = (exponent * base.converted(to: .float64).binaryLogarithm())
        .atMost(160).atLeast(-160)
      let whole = (logarithm + logarithm.constant(0x1.8p52)) - 0x1.8p52
      let rest = ((logarithm - whole) * 0x1.62e42fefa39efp-1).converted(to: .float32)
      let shifted = whole.converted(to: .float32) + constant(0x1.8p23)
      var result = ExponentialFactors(
        rest: rest.smallExponentialMinusOne(Self.exponential), exponent: shifted.bitCast(to: .int32)
      ).product

      // The powers of 0 and infinity are 0 or infinity.
      let isExtreme = (base .== 0) | (base .== Double.infinity)
      let vanishes = (base < 1) ^ (y < 0)
      result = isExtreme.select(
        vanishes.select(constant(0), constant(Double.infinity)), result)
      // A negative base keeps its sign in odd powers, and has no powers that are not whole.
      let isWhole = y.intrinsic("llvm.trunc") .== y
      let half = y * 0.5
      let isOdd = isWhole & (half.intrinsic("llvm.trunc") .!= half)
      let sign = signBit
      result = result.flipping(isOdd.select(sign, sign.constant(0)))
      let isOutside = (self < 0) & (base < Double.infinity) & ~isWhole
      result = (isNaN | y.isNaN | isOutside).select(constant(Double.nan), result)
      // Even where the other is NaN.
      return ((self .== 1) | (y .== 0)).select(constant(1), result)
    }

    /// The logarithm to base 2 of positive normal `float64` numbers, to some 2^-35 of it.
    private func binaryLogarithm() -> Lanes {
      let bits = bitCast(to: .uint64)
      let twoThirds = bits.constant(bits: 0x3fe5_5555_5555_5555)
      // 2^k m with m in [2/3, 4/3): the exponent of the number over 2/3, as the low bits of 2^52 + k.
      let bias = bits.constant(bits: 1023 << 52)
      let quotient = bits - twoThirds
      let m = (quotient & bits.constant(bits: (1 << 52) - 1)) + twoThirds
      let k =
        (((quotient + bias) >> 52) | bits.constant(bits: 0x4330_0000_0000_0000))
        .bitCast(to: .float64) - (0x1p52 + 1023)
      // log2(1 + f) / f for |f| <= 1/3: minimax of the relative error, 2.3e-11, by linear programming
      // over Chebyshev nodes.
      let f = m.bitCast(to: .float64) - 1
      let quotientOfLogarithm = f.polynomial([
        0x1.71547652bbe54p+0, -0x1.7154764b338d7p-1, 0x1.ec709d900c822p-2, -0x1.715484fab12a2p-2,
        0x1.2776e227d55cdp-2, -0x1.ec687ba7a49c5p-3, 0x1.a60b28f718e10p-3, -0x1.724a727290501p-3,
        0x1.49815591a3d91p-3, -0x1.19853c0c18e4cp-3, 0x1.fa1d241c54b8ep-4, -0x1.542ee69d8b9f7p-3,
        0x1.42a5002df1d0ap-3,
      ])
      return f.multiplyAdd(quotientOfLogarithm, k)
    }
  }
#endif
