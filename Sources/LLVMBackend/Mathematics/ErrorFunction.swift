#if LLVM
  import TensorCore

  extension Lanes {
    /// The error function: at most 1 ulp off in `float32`, 1.15 without fused products.
    func erf() -> Lanes {
      guard dtype == .float32 else { return libraryCall("erf") }
      // erf(x) / x − 1 in x² for |x| <= 0.8: minimax of the relative error, 3.7e-9, by Remez's exchange.
      let square = self * self
      let small = square.polynomial([
        0x1.06eba8p-3, -0x1.812732p-2, 0x1.ce2888p-4, -0x1.b774a4p-6, 0x1.4d6074p-8,
        -0x1.570fb6p-11,
      ]).multiplyAdd(self, self)
      // 1 − exp(−a² + g(a)), where g is flat: minimax of the error of erf, 2e-10 for 0.8 <= a <= 3.95.
      let a = magnitude.atMost(4)
      let g = a.sequentialPolynomial([
        0x1.22c16ep-13, -0x1.211c10p+0, 0x1.77108ap-2, -0x1.b9be72p-4,
        0x1.96d1a4p-6, -0x1.09eebap-8, 0x1.ae5b90p-12, -0x1.3e2186p-16,
      ])
      let factors = a.multiplyAdd(-a, g).exponentialFactors()
      let power = factors.power
      let large = (-power).multiplyAdd(factors.rest, 1 - power)
      // Where the result is 1 is known better than the exponent.
      let result = (a >= constant(0x1.f5a88ap+1)).select(constant(1), large.atMost(0x1.fffffep-1))
      return (a < 0.8).select(small, result.flipping(signBit))
    }
  }
#endif
