#if LLVM
  import CLLVM

  extension Lanes {
    /// The power of integers by squaring, wrapping; exponents are not negative.
    func wholePower(_ exponent: Lanes) -> Lanes {
      let one = constant(1)
      let bits = 8 * (dtype.byteCount ?? 8)
      let results = emitter.loop(
        from: emitter.integer(0), to: emitter.integer(bits),
        carrying: [one.value, value, exponent.value]
      ) { _, carried in
        let (result, base, rest) = (with(carried[0]), with(carried[1]), with(carried[2]))
        let isSet = (rest & one) .== one
        return [isSet.select(result * base, result).value, (base * base).value, (rest >> 1).value]
      }
      return with(results[0])
    }
  }
#endif
