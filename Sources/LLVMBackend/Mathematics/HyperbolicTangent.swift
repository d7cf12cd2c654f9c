#if LLVM
  import TensorCore

  extension ExponentialFactors {
    /// `exp(x) + 1` over the power, and the power, divided by 2^64 where `isScaled` says so.
    ///
    /// 1 is added to the small factor, as `1 / 2^n`: added to a large power, it would be rounded away.
    func plusOne(scaled isScaled: Lanes? = nil) -> Lanes {
      var bits = (exponent << 23) + exponent.constant(bits: 0x3f80_0000)
      if let isScaled {
        bits = bits - isScaled.select(bits.constant(bits: 64 << 23), bits.constant(bits: 0))
      }
      let inverse = (bits.constant(bits: 0x7f00_0000) - bits).bitCast(to: .float32)
      let power = bits.bitCast(to: .float32)
      return power.multiplyAdd(rest + inverse, power)
    }
  }

  extension Lanes {
    /// `1 / (1 + exp(−x))`: at most 2 ulp off in `float32`.
    func sigmoid() -> Lanes {
      guard dtype == .float32 else { return 1 / ((-self).exp() + constant(1)) }
      let magnitude = self.magnitude.atMost(104)
      // Large sums are kept within the numbers by a factor; what they are added to is too small then
      // for the factor to matter there.
      let isLarge = magnitude > 64
      let below =
        1 / magnitude.exponentialFactors().plusOne(scaled: isLarge)
        * isLarge.select(constant(0x1p-64), constant(1))
      return (self < 0).select(below, 1 - below)
    }

    /// The hyperbolic tangent: at most 1.25 ulp off in `float32`.
    func tanh() -> Lanes {
      guard dtype == .float32 else { return libraryCall("tanh") }
      let magnitude = self.magnitude
      // 1 − 2 / (exp(2|x|) + 1); from 9.02 on, that is 1.
      let double = magnitude.atMost(10) * 2
      let large = 1 - 2 / double.exponentialFactors().plusOne()
      // (tanh(x) − x) / x³ in x² for |x| <= 0.6: minimax of the error relative to tanh, 2.8e-9, by
      // Remez's exchange.
      let square = self * self
      let small =
        (square
        * square.polynomial([
          -0x1.55553ep-2, 0x1.1109bep-3, -0x1.b89abap-5, 0x1.54c3c2p-6, -0x1.828776p-8,
        ])).multiplyAdd(magnitude, magnitude)
      return (magnitude < 0.6).select(small, large).flipping(signBit)
    }
  }
#endif
