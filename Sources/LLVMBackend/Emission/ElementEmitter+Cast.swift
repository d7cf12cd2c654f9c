#if LLVM
  import CLLVM
  import TensorCore

  extension ElementEmitter {
    /// The elements converted: to integers towards zero, to narrower ones by wrapping, to `bool` by
    /// comparison with zero; what no integer holds becomes the least, as x86 converts.
    func cast(_ x: Lanes, to dtype: DType) -> Lanes {
      if x.dtype == dtype { return x }
      if x.dtype == .bfloat16, dtype == .bool {
        // By its bits: as a number, one below the normal range would count as zero.
        let bits = x.with(x.value, .uint16)
        return (bits & bits.constant(0x7fff)) .!= bits.constant(0)
      }
      if x.dtype == .bfloat16 { return cast(widened(x), to: dtype) }
      if x.dtype == .float16, dtype != .float32 { return cast(cast(x, to: .float32), to: dtype) }
      switch dtype {
      case .bool: return x .!= x.constant(0)
      case .bfloat16: return narrowed(cast(x, to: .float32))
      case .float16 where x.dtype != .float32: return cast(cast(x, to: .float32), to: .float16)
      case .float16, .float32, .float64: return real(x, dtype)
      default: return x.isFloat ? integer(x, dtype) : resized(x, dtype)
      }
    }

    private func made(
      _ x: Lanes, _ dtype: DType, _ build: (LLVMBuilderRef?, IRValue, IRType) -> IRValue
    ) -> Lanes {
      x.with(build(emitter.builder, x.value, emitter.type(dtype, count: x.count)), dtype)
    }

    private func real(_ x: Lanes, _ dtype: DType) -> Lanes {
      let llvm = emitter.llvm
      return made(x, dtype) { builder, value, type in
        if !x.isFloat {
          return x.isUnsigned
            ? llvm.BuildUIToFP(builder, value, type, "")
            : llvm.BuildSIToFP(builder, value, type, "")
        }
        return (dtype.byteCount ?? 0) > (x.dtype.byteCount ?? 0)
          ? llvm.BuildFPExt(builder, value, type, "") : llvm.BuildFPTrunc(builder, value, type, "")
      }
    }

    private func resized(_ x: Lanes, _ dtype: DType) -> Lanes {
      let llvm = emitter.llvm
      let (from, to) = (x.dtype == .bool ? 0 : x.dtype.byteCount ?? 0, dtype.byteCount ?? 0)
      if from == to { return x.with(x.value, dtype) }
      return made(x, dtype) { builder, value, type in
        if from > to { return llvm.BuildTrunc(builder, value, type, "") }
        return x.isUnsigned
          ? llvm.BuildZExt(builder, value, type, "") : llvm.BuildSExt(builder, value, type, "")
      }
    }

    private func integer(_ x: Lanes, _ dtype: DType) -> Lanes {
      let llvm = emitter.llvm
      let bits = 8 * (dtype.byteCount ?? 8)
      let isUnsigned = dtype.isUnsignedInteger
      // Narrow types wrap what 64 bits hold.
      let wide: DType = bits < 32 || dtype == .uint32 ? .int64 : dtype
      let (least, bound): (Double, Double) =
        switch dtype {
        case .int32: (-2_147_483_648, 2_147_483_648)
        case .uint32: (0, 4_294_967_296)
        case .uint64: (0, 18_446_744_073_709_551_616)
        case .int64: (-9_223_372_036_854_775_808, 9_223_372_036_854_775_808)
        default: (-9.2e18, 9.2e18)
        }
      let whole = x.intrinsic("llvm.trunc")
      let fits = (whole >= whole.constant(least)) & (whole < bound)
      let safe = fits.select(whole, whole.constant(0))
      let converted = made(safe, wide) { builder, value, type in
        wide == .uint64
          ? llvm.BuildFPToUI(builder, value, type, "") : llvm.BuildFPToSI(builder, value, type, "")
      }
      let result = resized(converted, dtype)
      let outside: UInt64 =
        isUnsigned ? (bits == 64 ? 1 << 63 : (1 << UInt64(bits)) - 1) : 1 << UInt64(bits - 1)
      return fits.select(result, result.constant(bits: outside))
    }

    /// The upper half of a `float32` as that number.
    private func widened(_ x: Lanes) -> Lanes {
      let half = x.with(x.value, .uint16)
      return (resized(half, .uint32) << 16).bitCast(to: .float32)
    }

    /// A `float32` rounded to its upper half, ties to even; a NaN stays one.
    private func narrowed(_ x: Lanes) -> Lanes {
      let bits = x.bitCast(to: .uint32)
      let odd = (bits >> 16) & bits.constant(1)
      let rounded = (bits + bits.constant(0x7fff) + odd) >> 16
      let quiet = (bits >> 16) | bits.constant(0x40)
      let half = resized(x.isNaN.select(quiet, rounded), .uint16)
      return half.with(half.value, .bfloat16)
    }
  }

  extension DType {
    fileprivate var isUnsignedInteger: Bool {
      switch self {
      case .uint8, .uint16, .uint32, .uint64: true
      default: false
      }
    }
  }
#endif
