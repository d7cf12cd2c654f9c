#if LLVM
  import CLLVM
  import TensorCore

  /// A value of the function under construction: one element, or a vector of neighbouring ones.
  ///
  /// Written with like a number, so that a formula reads as one; both operands have one type and count.
  struct Lanes {
    let emitter: Emitter
    let value: IRValue
    /// The type of the elements; comparisons give `bool`.
    let dtype: DType
    /// The number of elements of a vector; nil for an element alone.
    let count: Int?

    private var llvm: DataflowLLVM { emitter.llvm }
    private var builder: LLVMBuilderRef? { emitter.builder }
    var isFloat: Bool { dtype.isFloatingPoint }
    var isUnsigned: Bool {
      switch dtype {
      case .bool, .uint8, .uint16, .uint32, .uint64: true
      default: false
      }
    }

    func with(_ value: IRValue, _ dtype: DType? = nil) -> Lanes {
      Lanes(emitter: emitter, value: value, dtype: dtype ?? self.dtype, count: count)
    }

    // MARK: Constants

    /// The same number in each lane, of this value's type.
    func constant(_ number: Double) -> Lanes { emitter.constant(number, dtype, count: count) }

    /// The same bits in each lane, of this value's type.
    func constant(bits: UInt64) -> Lanes { emitter.constant(bits: bits, dtype, count: count) }

    /// An element alone in each lane of a vector.
    func splat(_ lanes: Int) -> Lanes {
      if count == lanes { return self }
      let type: IRType = emitter.type(dtype, count: lanes)
      let first: IRValue = llvm.BuildInsertElement(
        builder, llvm.GetUndef(type), value, emitter.integer(0), "")
      let zeros: IRValue = llvm.ConstNull(llvm.VectorType(emitter.int32Type, UInt32(lanes)))
      return Lanes(
        emitter: emitter,
        value: llvm.BuildShuffleVector(builder, first, llvm.GetUndef(type), zeros, ""),
        dtype: dtype, count: lanes)
    }

    // MARK: Lanes

    /// The element of one lane.
    func lane(_ index: IRValue) -> Lanes {
      Lanes(
        emitter: emitter, value: llvm.BuildExtractElement(builder, value, index, ""), dtype: dtype,
        count: nil)
    }

    /// The vector whose lane `l` is this one's `order[l]`; lanes beyond the order repeat its last.
    func shuffled(_ order: [Int]) -> Lanes {
      var indices: [IRValue] = order.map {
        llvm.ConstInt(emitter.int32Type, UInt64($0), 0)
      }
      let mask = llvm.ConstVector(&indices, UInt32(indices.count))
      return Lanes(
        emitter: emitter,
        value: llvm.BuildShuffleVector(
          builder, value, llvm.GetUndef(llvm.TypeOf(value)), mask, ""), dtype: dtype,
        count: order.count)
    }

    /// The function applied to each lane alone.
    func mapLanes(_ body: (Lanes) -> Lanes) -> Lanes {
      guard let count else { return body(self) }
      var result: IRValue = nil
      var resultType = dtype
      for index in 0..<count {
        let element = body(lane(emitter.integer(index)))
        resultType = element.dtype
        let base: IRValue =
          result ?? llvm.GetUndef(emitter.type(element.dtype, count: count))
        result = llvm.BuildInsertElement(
          builder, base, element.value, emitter.integer(index), "")
      }
      return Lanes(emitter: emitter, value: result ?? value, dtype: resultType, count: count)
    }

    // MARK: Arithmetic

    static func + (a: Lanes, b: Lanes) -> Lanes {
      a.with(
        a.isFloat
          ? a.llvm.BuildFAdd(a.builder, a.value, b.value, "")
          : a.llvm.BuildAdd(a.builder, a.value, b.value, ""))
    }
    static func - (a: Lanes, b: Lanes) -> Lanes {
      a.with(
        a.isFloat
          ? a.llvm.BuildFSub(a.builder, a.value, b.value, "")
          : a.llvm.BuildSub(a.builder, a.value, b.value, ""))
    }
    static func * (a: Lanes, b: Lanes) -> Lanes {
      a.with(
        a.isFloat
          ? a.llvm.BuildFMul(a.builder, a.value, b.value, "")
          : a.llvm.BuildMul(a.builder, a.value, b.value, ""))
    }
    /// The quotient; of integers only where the divisor is neither 0 nor the least value's −1.
    static func / (a: Lanes, b: Lanes) -> Lanes {
      if a.isFloat { return a.with(a.llvm.BuildFDiv(a.builder, a.value, b.value, "")) }
      return a.with(
        a.isUnsigned
          ? a.llvm.BuildUDiv(a.builder, a.value, b.value, "")
          : a.llvm.BuildSDiv(a.builder, a.value, b.value, ""))
    }
    /// The remainder with the dividend's sign, where the quotient exists.
    static func % (a: Lanes, b: Lanes) -> Lanes {
      if a.isFloat { return a.with(a.llvm.BuildFRem(a.builder, a.value, b.value, "")) }
      return a.with(
        a.isUnsigned
          ? a.llvm.BuildURem(a.builder, a.value, b.value, "")
          : a.llvm.BuildSRem(a.builder, a.value, b.value, ""))
    }
    static prefix func - (a: Lanes) -> Lanes {
      a.with(
        a.isFloat
          ? a.llvm.BuildFNeg(a.builder, a.value, "") : a.llvm.BuildNeg(a.builder, a.value, ""))
    }
    static func + (a: Lanes, b: Double) -> Lanes { a + a.constant(b) }
    static func - (a: Lanes, b: Double) -> Lanes { a - a.constant(b) }
    static func * (a: Lanes, b: Double) -> Lanes { a * a.constant(b) }
    static func / (a: Lanes, b: Double) -> Lanes { a / a.constant(b) }
    static func - (a: Double, b: Lanes) -> Lanes { b.constant(a) - b }
    static func / (a: Double, b: Lanes) -> Lanes { b.constant(a) / b }

    /// `self · b + c`, rounded once where this machine has an instruction for that.
    func multiplyAdd(_ b: Lanes, _ c: Lanes) -> Lanes {
      with(
        emitter.intrinsic(
          "llvm.fmuladd", [llvm.TypeOf(value)], [value, b.value, c.value]))
    }

    // MARK: Bits

    static func & (a: Lanes, b: Lanes) -> Lanes {
      a.with(a.llvm.BuildAnd(a.builder, a.value, b.value, ""))
    }
    static func | (a: Lanes, b: Lanes) -> Lanes {
      a.with(a.llvm.BuildOr(a.builder, a.value, b.value, ""))
    }
    static func ^ (a: Lanes, b: Lanes) -> Lanes {
      a.with(a.llvm.BuildXor(a.builder, a.value, b.value, ""))
    }
    static prefix func ~ (a: Lanes) -> Lanes { a.with(a.llvm.BuildNot(a.builder, a.value, "")) }
    static func << (a: Lanes, places: Int) -> Lanes {
      a.with(a.llvm.BuildShl(a.builder, a.value, a.constant(Double(places)).value, ""))
    }
    /// Shifts in copies of the sign for signed types, zeros for unsigned ones.
    static func >> (a: Lanes, places: Int) -> Lanes {
      let by = a.constant(Double(places)).value
      return a.with(
        a.isUnsigned
          ? a.llvm.BuildLShr(a.builder, a.value, by, "")
          : a.llvm.BuildAShr(a.builder, a.value, by, ""))
    }

    /// The same bits as another type of the same size.
    func bitCast(to dtype: DType) -> Lanes {
      with(llvm.BuildBitCast(builder, value, emitter.type(dtype, count: count), ""), dtype)
    }

    // MARK: Comparisons

    private func compared(
      _ b: Lanes, _ real: LLVMRealPredicate, _ signed: LLVMIntPredicate,
      _ unsigned: LLVMIntPredicate
    ) -> Lanes {
      with(
        isFloat
          ? llvm.BuildFCmp(builder, real, value, b.value, "")
          : llvm.BuildICmp(builder, isUnsigned ? unsigned : signed, value, b.value, ""), .bool)
    }
    static func < (a: Lanes, b: Lanes) -> Lanes {
      a.compared(b, LLVMRealOLT, LLVMIntSLT, LLVMIntULT)
    }
    static func <= (a: Lanes, b: Lanes) -> Lanes {
      a.compared(b, LLVMRealOLE, LLVMIntSLE, LLVMIntULE)
    }
    static func > (a: Lanes, b: Lanes) -> Lanes {
      a.compared(b, LLVMRealOGT, LLVMIntSGT, LLVMIntUGT)
    }
    static func >= (a: Lanes, b: Lanes) -> Lanes {
      a.compared(b, LLVMRealOGE, LLVMIntSGE, LLVMIntUGE)
    }
    /// Whether both are equal; a NaN equals nothing.
    static func .== (a: Lanes, b: Lanes) -> Lanes {
      a.compared(b, LLVMRealOEQ, LLVMIntEQ, LLVMIntEQ)
    }
    /// Whether they differ; a NaN differs from all.
    static func .!= (a: Lanes, b: Lanes) -> Lanes {
      a.compared(b, LLVMRealUNE, LLVMIntNE, LLVMIntNE)
    }
    static func < (a: Lanes, b: Double) -> Lanes { a < a.constant(b) }
    static func > (a: Lanes, b: Double) -> Lanes { a > a.constant(b) }
    static func .== (a: Lanes, b: Double) -> Lanes { a .== a.constant(b) }
    var isNaN: Lanes { self .!= self }

    /// In each lane `a` where this `bool` holds, else `b`.
    func select(_ a: Lanes, _ b: Lanes) -> Lanes {
      a.with(llvm.BuildSelect(builder, value, a.value, b.value, ""))
    }

    // MARK: Functions

    /// One of LLVM's functions of one argument, such as `llvm.sqrt`.
    func intrinsic(_ name: String) -> Lanes {
      with(emitter.intrinsic(name, [llvm.TypeOf(value)], [value]))
    }

    /// A function of the C library, lane by lane; its name without the `f` of single precision.
    func libraryCall(_ name: String, _ second: Lanes? = nil) -> Lanes {
      let symbol = dtype == .float32 ? name + "f" : name
      let type = emitter.type(dtype)
      guard let count else {
        return with(emitter.external(symbol, type, [value] + (second.map { [$0.value] } ?? [])))
      }
      var result: IRValue = llvm.GetUndef(emitter.type(dtype, count: count))
      for index in 0..<count {
        let place = emitter.integer(index)
        let arguments: [IRValue] =
          [lane(place).value] + (second.map { [$0.lane(place).value] } ?? [])
        result = llvm.BuildInsertElement(
          builder, result, emitter.external(symbol, type, arguments), place, "")
      }
      return with(result)
    }
  }

  extension Emitter {
    /// A number of a type, in every lane of a vector or alone.
    func constant(_ number: Double, _ dtype: DType, count: Int?) -> Lanes {
      let element: IRValue =
        dtype.isFloatingPoint
        ? llvm.ConstReal(type(dtype), number)
        : llvm.ConstInt(type(dtype), UInt64(bitPattern: Int64(number)), 1)
      return repeated(element, dtype, count)
    }

    /// A constant by its bits, in every lane of a vector or alone.
    func constant(bits: UInt64, _ dtype: DType, count: Int?) -> Lanes {
      let width = dtype == .bool ? 1 : 8 * (dtype.byteCount ?? 8)
      let integer: IRValue = llvm.ConstInt(
        llvm.IntTypeInContext(context, UInt32(width)), bits, 0)
      let element: IRValue = llvm.ConstBitCast(integer, type(dtype))
      return repeated(element, dtype, count)
    }

    private func repeated(_ element: IRValue, _ dtype: DType, _ count: Int?) -> Lanes {
      guard let count else { return Lanes(emitter: self, value: element, dtype: dtype, count: nil) }
      var elements = [IRValue](repeating: element, count: count)
      return Lanes(
        emitter: self, value: llvm.ConstVector(&elements, UInt32(count)), dtype: dtype,
        count: count)
    }

    /// A 64-bit integer as a value of 32 bits.
    func narrowed(_ integer: IRValue) -> Lanes {
      Lanes(
        emitter: self, value: llvm.BuildTrunc(builder, integer, int32Type, ""), dtype: .int32,
        count: nil)
    }

    /// Which lanes of a vector are among the first `remaining`.
    func lanes(below remaining: IRValue, count: Int) -> Lanes {
      laneNumbers(count) < narrowed(remaining).splat(count)
    }

    /// 0, 1, 2, … in the lanes of a vector of 32-bit integers.
    func laneNumbers(_ count: Int) -> Lanes {
      var elements: [IRValue] = (0..<count).map {
        llvm.ConstInt(int32Type, UInt64($0), 0)
      }
      return Lanes(
        emitter: self, value: llvm.ConstVector(&elements, UInt32(count)), dtype: .int32,
        count: count)
    }
  }
#endif
