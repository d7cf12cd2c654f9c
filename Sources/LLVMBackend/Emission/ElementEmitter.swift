#if LLVM
  import CLLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// The steps of element expressions as instructions.
  struct ElementEmitter {
    let emitter: Emitter
    /// Where an error of an element is noted: the address of a 32-bit status; nil until one is needed.
    var status: IRValue
    /// The lanes that stand for elements, where not all do.
    var active: Lanes?

    /// Whether every step has code for its types.
    static func canEmit(_ expression: ElementExpression) -> Bool {
      expression.instructions.indices.allSatisfy { number in
        let dtype = expression.types[number]
        func type(_ operand: Int) -> DType { expression.types[operand] }
        guard dtype.isElement else { return false }
        switch expression.instructions[number] {
        case .load, .coordinate, .constant, .select: return true
        case .unary(let operation, let a): return canEmit(operation, type(a))
        case .binary(let operation, let a, _): return canEmit(operation, type(a))
        case .comparison(_, let a, _): return !type(a).isHalf
        case .cast(let a): return type(a).isElement && !(type(a) == .float64 && dtype == .float16)
        }
      }
    }

    private static func canEmit(_ operation: UnaryOperation, _ dtype: DType) -> Bool {
      if dtype == .bool { return operation == .not }
      if dtype.isFloatingPoint { return !dtype.isHalf && operation != .not }
      switch operation {
      case .negate, .absolute, .sign, .not, .floor, .ceiling, .roundToEven: return true
      default: return false
      }
    }

    private static func canEmit(_ operation: BinaryOperation, _ dtype: DType) -> Bool {
      if dtype.isHalf { return false }
      switch operation {
      case .and, .or, .xor: return !dtype.isFloatingPoint
      case .arcTangent2: return dtype.isFloatingPoint
      case .index: return !dtype.isFloatingPoint && dtype != .bool
      // A `bool` is a byte to the other operations.
      default: return dtype != .bool
      }
    }

    /// A step that takes earlier ones.
    ///
    /// - Parameter value: what an earlier step gives.
    func step(_ instruction: ElementInstruction, _ dtype: DType, _ value: (Int) -> Lanes) -> Lanes {
      switch instruction {
      case .load, .coordinate, .constant: preconditionFailure("a step that takes no others")
      case .unary(let operation, let a): unary(operation, value(a))
      case .binary(let operation, let a, let b): binary(operation, value(a), value(b))
      case .comparison(let operation, let a, let b): comparison(operation, value(a), value(b))
      case .select(let condition, let a, let b): value(condition).select(value(a), value(b))
      case .cast(let a): cast(value(a), to: dtype)
      }
    }

    // MARK: One operand

    func unary(_ operation: UnaryOperation, _ x: Lanes) -> Lanes {
      if !x.isFloat { return integer(operation, x) }
      switch operation {
      case .negate: return -x
      case .absolute: return x.intrinsic("llvm.fabs")
      // A zero or NaN is itself.
      case .sign: return (x > 0).select(x.constant(1), (x < 0).select(x.constant(-1), x))
      case .not: return x
      case .exp: return x.exp()
      case .expm1: return x.expm1()
      case .log: return x.log()
      case .log1p: return x.log1p()
      case .squareRoot: return x.intrinsic("llvm.sqrt")
      case .reciprocalSquareRoot: return 1 / x.intrinsic("llvm.sqrt")
      case .sine: return x.sine()
      case .cosine: return x.cosine()
      case .tangent: return x.libraryCall("tan")
      case .arcSine: return x.libraryCall("asin")
      case .arcCosine: return x.libraryCall("acos")
      case .arcTangent: return x.libraryCall("atan")
      case .hyperbolicSine: return x.libraryCall("sinh")
      case .hyperbolicCosine: return x.libraryCall("cosh")
      case .hyperbolicTangent: return x.tanh()
      case .inverseHyperbolicSine: return x.libraryCall("asinh")
      case .inverseHyperbolicCosine: return x.libraryCall("acosh")
      case .inverseHyperbolicTangent: return x.libraryCall("atanh")
      case .sigmoid: return x.sigmoid()
      case .erf: return x.erf()
      case .erfc: return x.libraryCall("erfc")
      case .logGamma: return x.libraryCall("lgamma")
      case .floor: return x.intrinsic("llvm.floor")
      case .ceiling: return x.intrinsic("llvm.ceil")
      case .roundToEven: return x.intrinsic("llvm.rint")
      }
    }

    private func integer(_ operation: UnaryOperation, _ x: Lanes) -> Lanes {
      switch operation {
      case .negate: return -x
      // The magnitude of the least integer wraps to itself.
      case .absolute: return x.isUnsigned ? x : (x < 0).select(-x, x)
      case .sign: return (x > 0).select(x.constant(1), (x .== 0).select(x, x.constant(-1)))
      case .not: return ~x
      default: return x
      }
    }

    // MARK: Two operands

    func binary(_ operation: BinaryOperation, _ x: Lanes, _ y: Lanes) -> Lanes {
      switch operation {
      case .add: return x + y
      case .subtract: return x - y
      case .multiply: return x * y
      case .and: return x & y
      case .or: return x | y
      case .xor: return x ^ y
      // Where neither comparison holds, one is NaN or both are equal: the NaN is kept.
      case .maximum:
        return x.isFloat
          ? (x > y).select(x, x.isNaN.select(x, y)) : (x > y).select(x, y)
      case .minimum:
        return x.isFloat
          ? (x < y).select(x, x.isNaN.select(x, y)) : (x < y).select(x, y)
      case .power:
        if x.isFloat { return x.power(y) }
        if !x.isUnsigned { note(.negativeExponent, where: y < 0) }
        return x.wholePower(y)
      case .index:
        note(.badIndex, where: x.isUnsigned ? x >= y : (x < 0) | (x >= y))
        return x
      case .arcTangent2: return x.libraryCall("atan2", y)
      case .divide: return x.isFloat ? x / y : x / divisor(x, y)
      case .truncatedRemainder: return x.isFloat ? x.libraryCall("fmod", y) : x % divisor(x, y)
      case .floorDivide:
        if x.isFloat { return (x / y).intrinsic("llvm.floor") }
        let safe = divisor(x, y)
        let quotient = x / safe
        if x.isUnsigned { return quotient }
        let rest = x % safe
        let isBelow = (rest .!= rest.constant(0)) & ((rest ^ safe) < 0)
        return isBelow.select(quotient - 1, quotient)
      case .floorRemainder:
        let safe = x.isFloat ? y : divisor(x, y)
        let rest = x.isFloat ? x.libraryCall("fmod", y) : x % safe
        if x.isUnsigned { return rest }
        let differs = x.isFloat ? (rest < 0) ^ (y < 0) : (rest ^ safe) < 0
        return ((rest .!= rest.constant(0)) & differs).select(rest + safe, rest)
      }
    }

    /// A divisor that does not trap: a zero is an error of the run, and the least value divided by −1
    /// is itself.
    private func divisor(_ x: Lanes, _ y: Lanes) -> Lanes {
      var isZero = y .== 0
      note(.divisionByZero, where: isZero)
      if !x.isUnsigned {
        let least = x.constant(bits: 1 << UInt64(8 * (x.dtype.byteCount ?? 8) - 1))
        isZero = isZero | ((y .== -1) & (x .== least))
      }
      return isZero.select(y.constant(1), y)
    }

    /// Has the function return a failure, if the mask holds in any lane that stands for an element.
    private func note(_ failure: KernelStatus, where mask: Lanes) {
      let llvm = emitter.llvm
      var failing = mask
      if let active, active.count == mask.count { failing = mask & active }
      var any = failing.value
      if let count = mask.count {
        let bits: IRType = llvm.IntTypeInContext(emitter.context, UInt32(count))
        any = llvm.BuildICmp(
          emitter.builder, LLVMIntNE, llvm.BuildBitCast(emitter.builder, any, bits, ""),
          llvm.ConstNull(bits), "")
      }
      let old = emitter.load(emitter.int32Type, status, alignment: 4)
      let error: IRValue = llvm.ConstInt(emitter.int32Type, UInt64(failure.rawValue), 0)
      emitter.store(emitter.select(any, error, old), status, alignment: 4)
    }

    /// Whether a step may end in an error.
    static func mayFail(_ expression: ElementExpression) -> Bool {
      expression.instructions.indices.contains { number in
        guard case .binary(let operation, _, _) = expression.instructions[number] else {
          return false
        }
        switch operation {
        case .divide, .floorDivide, .truncatedRemainder, .floorRemainder, .power, .index:
          return !expression.types[number].isFloatingPoint
        default: return false
        }
      }
    }

    func comparison(_ operation: ComparisonOperation, _ x: Lanes, _ y: Lanes) -> Lanes {
      switch operation {
      case .equal: x .== y
      case .notEqual: x .!= y
      case .less: x < y
      case .lessOrEqual: x <= y
      case .greater: x > y
      case .greaterOrEqual: x >= y
      }
    }
  }

  extension DType {
    /// Whether elements of the type are numbers that instructions take.
    var isElement: Bool {
      switch self {
      case .float32, .float64, .float16, .bfloat16, .bool: true
      case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
      default: false
      }
    }

    /// Whether values of the type are only stored and converted.
    var isHalf: Bool { self == .float16 || self == .bfloat16 }
  }
#endif
