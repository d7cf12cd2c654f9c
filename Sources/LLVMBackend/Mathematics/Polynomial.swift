#if LLVM
  import CLLVM
  import TensorCore

  extension Lanes {
    /// The polynomial of this value with the given coefficients, the constant one first.
    ///
    /// Neighbouring terms are joined pair by pair (Estrin's scheme), so that few additions wait for
    /// each other.
    func polynomial(_ coefficients: [Double]) -> Lanes {
      var terms = coefficients.map { constant($0) }
      var power = self
      while terms.count > 1 {
        terms = stride(from: 0, to: terms.count, by: 2).map { index in
          index + 1 < terms.count
            ? terms[index + 1].multiplyAdd(power, terms[index]) : terms[index]
        }
        if terms.count > 1 { power = power * power }
      }
      return terms[0]
    }

    /// The same term by term (Horner's scheme): fewer roundings of large parts, each of which waits for
    /// the one before.
    func sequentialPolynomial(_ coefficients: [Double]) -> Lanes {
      coefficients.dropLast().reversed().reduce(constant(coefficients.last ?? 0)) {
        $0.multiplyAdd(self, constant($1))
      }
    }

    var magnitude: Lanes { intrinsic("llvm.fabs") }

    /// The sign bit alone, as an integer of 32 bits.
    var signBit: Lanes {
      let bits = bitCast(to: .uint32)
      return bits & bits.constant(bits: 1 << 31)
    }

    /// This value with bits flipped, such as another one's sign.
    func flipping(_ bits: Lanes) -> Lanes { (bitCast(to: .uint32) ^ bits).bitCast(to: .float32) }

    /// No more than the bound; NaN stays.
    func atMost(_ bound: Double) -> Lanes {
      let bound = constant(bound)
      return (bound < self).select(bound, self)
    }

    /// No less than the bound; NaN stays.
    func atLeast(_ bound: Double) -> Lanes {
      let bound = constant(bound)
      return (bound > self).select(bound, self)
    }

    /// Single to double precision or back, or the low half of an integer of 64 bits.
    func converted(to dtype: DType) -> Lanes {
      let type = emitter.type(dtype, count: count)
      let (llvm, builder) = (emitter.llvm, emitter.builder)
      return with(
        dtype == .float64
          ? llvm.BuildFPExt(builder, value, type, "")
          : isFloat
            ? llvm.BuildFPTrunc(builder, value, type, "")
            : llvm.BuildTrunc(builder, value, type, ""), dtype)
    }
  }
#endif
