import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Functions of an element that undo or repeat one another.
  static let elements: [Rule] = [
    // f(f(x)) = x.
    Rule(
      name: "double-negation", identity: "−(−x) = x, not(not(x)) = x", contract: .exact,
      ops: ["Neg", "LogicalNot"]
    ) { context in
      let inner = context[0].node
      return inner.op == context.node.op ? [inner.input(0)] : nil
    },
    // f(f(x)) = f(x), bit for bit: what these give, they leave alone, NaN and −0 included.
    Rule(
      name: "done-twice", identity: "f(f(x)) = f(x)", contract: .exact,
      ops: ["Abs", "Relu", "Relu6", "Sign", "Floor", "Ceil", "Round", "Rint"]
    ) { context in context[0].node.op == context.node.op ? [context[0]] : nil },
    // f(−x) = f(x): a sign that does not matter.
    Rule(
      name: "sign-that-does-not-matter", identity: "|−x| = |x|, (−x)² = x²", contract: .exact,
      ops: ["Abs", "Square"]
    ) { context in
      let inner = context[0].node
      guard inner.op == "Neg" || (inner.op == "Abs" && context.node.op == "Square"),
        let definition = context.node.definition
      else { return nil }
      return [inner.input(0).apply(definition, [], context.node.attributes)]
    },
    // f(x, x) = x.
    Rule(
      name: "equal-operands", identity: "max(x, x) = x", contract: .exact,
      ops: ["Maximum", "Minimum", "LogicalAnd", "LogicalOr"]
    ) { context in context[0] == context[1] ? [context[0]] : nil },
    // x / 2ᵏ = x · 2⁻ᵏ: both are the same number before rounding.
    Rule(
      name: "divide-by-power-of-two", identity: "x / 2ᵏ = x · 2⁻ᵏ", contract: .exact,
      ops: ["RealDiv", "Div"]
    ) { context in
      guard [.float32, .float64].contains(context.output.dtype),
        let inverse = context[1].inversePowersOfTwo
      else { return nil }
      return [context[0] * context[0].graph.constant(inverse)]
    },
  ]

  /// Conversions that lose nothing.
  static let casts: [Rule] = [
    // A conversion to the type that is there.
    Rule(
      name: "cast-to-itself", identity: "cast(x, type(x)) = x", contract: .exact, ops: ["Cast"]
    ) { context in context[0].dtype == context.output.dtype ? [context[0]] : nil },
    // cast(cast(x, wide), t) = cast(x, t), where the wider type holds every value of x.
    Rule(
      name: "cast-by-way-of-a-wider-type", identity: "cast(cast(x, wide), t) = cast(x, t)",
      contract: .exact, ops: ["Cast"]
    ) { context in
      let inner = context[0].node
      guard inner.op == "Cast" else { return nil }
      let (source, wide) = (inner.input(0).dtype, context[0].dtype)
      guard wide.holdsValues(of: source) else { return nil }
      // A cast between floating-point types flushes denormal numbers to zero.
      guard
        !source.isFloatingPoint || !context.output.dtype.isFloatingPoint
          || inner.input(0).hasNoDenormals
      else { return nil }
      if context.output.dtype == source { return [inner.input(0)] }
      // Between integers and numbers with a fraction, what does not fit becomes different things.
      guard source.isFloatingPoint == wide.isFloatingPoint else { return nil }
      return [cast(inner.input(0), context.output.dtype)]
    },
  ]
}

extension Tensor {
  /// 1/c for a constant c all of whose elements are powers of two with such inverses.
  fileprivate var inversePowersOfTwo: TensorValue? {
    guard let value = constantValue, value.count <= 4096, let doubles = value.doubles,
      !doubles.isEmpty
    else { return nil }
    // Within these, both c and 1/c are normal numbers of either type.
    let range = 0x1p-120...0x1p120
    guard doubles.allSatisfy({ range.contains($0.magnitude) && $0.significand == 1 }) else {
      return nil
    }
    return try? TensorValue(converting: doubles.map { 1 / $0 }, to: dtype, shape: value.shape)
  }
}

extension DType {
  /// Whether every value of the other type is one of this.
  fileprivate func holdsValues(of other: DType) -> Bool {
    guard let (mine, theirs) = digits.flatMap({ a in other.digits.map { (a, $0) } }) else {
      return false
    }
    if other.isFloatingPoint {
      return isFloatingPoint && mine.count >= theirs.count && mine.exponent >= theirs.exponent
    }
    return mine.count >= theirs.count && (mine.isSigned || !theirs.isSigned)
  }

  /// The binary digits of a value, of its exponent, and whether it has a sign.
  private var digits: (count: Int, exponent: Int, isSigned: Bool)? {
    switch self {
    case .float16: (11, 5, true)
    case .bfloat16: (8, 8, true)
    case .float32: (24, 8, true)
    case .float64: (53, 11, true)
    case .bool: (1, 0, false)
    case .int8, .int16, .int32, .int64: ((byteCount ?? 1) * 8 - 1, 0, true)
    case .uint8, .uint16, .uint32, .uint64: ((byteCount ?? 1) * 8, 0, false)
    default: nil
    }
  }
}
