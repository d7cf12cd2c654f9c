#if LLVM
  import CLLVM
  import TensorCore

  /// An angle as a number of quarter turns and a rest of at most an eighth.
  private struct Quadrant {
    /// The rest in radians.
    let angle: Lanes
    /// What the angle lacks by its rounding.
    let error: Lanes
    /// An integer whose low 2 bits count the quarter turns.
    let turns: Lanes

    /// The sine of the angle, `quarters` quarter turns further.
    func sine(after quarters: UInt64) -> Lanes {
      let square = angle * angle
      // (sin(r) − r) / r³ and (cos(r) − 1 + r²/2) / r⁴ in r² for |r| <= 0.793: minimax of the error
      // relative to the sine, 4.1e-9, and of that of the cosine, 1.1e-10, by Remez's exchange.
      let cubic = square * square.polynomial([-0x1.555544p-3, 0x1.1106c6p-7, -0x1.991c26p-13])
      let sine = angle + cubic.multiplyAdd(angle, error)
      let tail = square.polynomial([-0.5, 0x1.55554ap-5, -0x1.6c0c1ap-10, 0x1.99e0eep-16])
      let cosine = square.multiplyAdd(tail, square.constant(1))
      let turns = quarters == 0 ? turns : turns + turns.constant(bits: quarters)
      let result = ((turns << 31) < 0).select(cosine, sine)
      let half = turns & turns.constant(bits: 2)
      return result.flipping((half << 30).bitCast(to: .uint32))
    }
  }

  extension Lanes {
    /// The sine: at most 1.6 ulp off in `float32`, whatever the argument's size.
    func sine() -> Lanes {
      guard dtype == .float32 else { return libraryCall("sin") }
      return magnitude.quadrant().sine(after: 0).flipping(signBit)
    }

    /// The cosine: at most 1.6 ulp off in `float32`, whatever the argument's size.
    func cosine() -> Lanes {
      guard dtype == .float32 else { return libraryCall("cos") }
      return magnitude.quadrant().sine(after: 1)
    }

    /// The quarter turns of an angle that is not negative.
    private func quadrant() -> Quadrant {
      let magic = constant(0x1.8p23)
      let shifted = multiplyAdd(constant(0x1.45f306p-1), magic)
      let n = shifted - magic
      // π/2 in parts of at most 13 bits, whose products with n <= 2^11 are exact. The first two leave
      // a number of 24 bits, so that the third alone is rounded by more than a trifle.
      let rounded = [0x1.922p+0, -0x1.2cp-18, 0x1.11p-26].reduce(self) {
        n.multiplyAdd(constant(-$1), $0)
      }
      let last = constant(-0x1.68c234p-39)
      let near = n.multiplyAdd(last, rounded)
      let error = n.multiplyAdd(last, rounded - near)
      let turns = shifted.bitCast(to: .int32)
      // Such angles are rare: a vector without one skips what they take.
      let isFar = ~(self <= constant(3200))
      let result = emitter.either(isFar, orElse: [near, error, turns]) {
        let far = farQuadrant()
        return [
          isFar.select(far.angle, near), isFar.select(far.error, error),
          isFar.select(far.turns, turns),
        ]
      }
      return Quadrant(angle: result[0], error: result[1], turns: result[2])
    }

    /// The quarter turns of an angle of any size; NaN for infinity.
    ///
    /// Products of the angle with parts of 2/π of 28 bits are exact in double precision, and so is what
    /// is left of them without whole turns. The first parts' remainders are multiples of 2^-51: adding
    /// them loses nothing, however close to a whole number the sum comes. No `float32` comes closer
    /// than 2^-30, so that parts down to 2^-196 are enough for one as large as 2^128.
    private func farQuadrant() -> Quadrant {
      let x = converted(to: .float64)
      var (sum, turns) = (x.constant(0), x.constant(0))
      for part in [
        0x1.45f306cp-1, 0x1.c9c882ap-29, 0x1.4fe13a8p-59, 0x1.f47d4d0p-86, 0x1.bb81b6cp-113,
        0x1.4acc9e0p-143, 0x1.0e4107cp-170,
      ] {
        let product = x * part
        sum = sum + (product - (product * 0.25).intrinsic("llvm.rint") * 4)
        let whole = sum.intrinsic("llvm.rint")
        sum = sum - whole
        turns = turns + whole
      }
      let count = (turns + turns.constant(0x1.8p52)).bitCast(to: .int64)
      return Quadrant(
        angle: (sum * 0x1.921fb54442d18p+0).converted(to: .float32), error: constant(0),
        turns: count.converted(to: .int32))
    }
  }

  extension Emitter {
    /// Emits `body` so that it runs only if a condition holds in some lane; its values, or else those
    /// given.
    func either(_ condition: Lanes, orElse others: [Lanes], _ body: () -> [Lanes]) -> [Lanes] {
      var any = condition.value
      if let count = condition.count {
        let bits: IRType = llvm.IntTypeInContext(context, UInt32(count))
        any = llvm.BuildICmp(
          builder, LLVMIntNE, llvm.BuildBitCast(builder, any, bits, ""), llvm.ConstNull(bits), "")
      }
      let before = currentBlock
      var values: [Lanes] = []
      var last = before
      when(any) {
        values = body()
        last = currentBlock
      }
      return zip(others, values).map { other, value in
        let phi: IRValue = llvm.BuildPhi(builder, llvm.TypeOf(value.value), "")
        var values: [IRValue] = [other.value, value.value]
        var blocks: [IRBlock] = [before, last]
        llvm.AddIncoming(phi, &values, &blocks, 2)
        return value.with(phi)
      }
    }
  }
#endif
