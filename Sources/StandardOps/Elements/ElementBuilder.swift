import TensorCore

/// Collects the steps of an element expression, each distinct step once.
///
/// Fusion is no more than running the body of one op with the results of another on one builder.
public final class ElementBuilder {
  package private(set) var instructions: [ElementInstruction] = []
  package private(set) var types: [DType] = []
  private var numbers: [Key: Int] = [:]

  private struct Key: Hashable {
    let instruction: ElementInstruction
    let dtype: DType
  }

  /// An expression with no steps yet.
  public init() {}

  /// The step, found if it is there already.
  public func element(_ instruction: ElementInstruction, _ dtype: DType) -> Element {
    let key = Key(instruction: instruction, dtype: dtype)
    if let number = numbers[key] { return Element(self, number) }
    instructions.append(instruction)
    types.append(dtype)
    numbers[key] = instructions.count - 1
    return Element(self, instructions.count - 1)
  }

  /// The number as a constant of `dtype`.
  public func constant(_ number: Double, _ dtype: DType) -> Element {
    element(.constant(ElementConstant.bits(number, dtype)), dtype)
  }

  /// The steps needed for the given results, renumbered.
  public func expression(_ results: [Element]) -> ElementExpression {
    var needed = Set<Int>()
    var pending = results.map(\.number)
    while let number = pending.popLast() {
      if needed.insert(number).inserted { pending += instructions[number].operands }
    }
    var renumbered: [Int: Int] = [:]
    var kept: [ElementInstruction] = []
    var keptTypes: [DType] = []
    for number in instructions.indices where needed.contains(number) {
      renumbered[number] = kept.count
      kept.append(instructions[number].mapOperands { renumbered[$0] ?? 0 })
      keptTypes.append(types[number])
    }
    return ElementExpression(
      instructions: kept, types: keptTypes, results: results.map { renumbered[$0.number] ?? 0 })
  }
}

/// A finished element expression: straight-line steps, of which some are results.
public struct ElementExpression: Hashable, Sendable {
  /// The steps; operands refer to earlier ones.
  public let instructions: [ElementInstruction]
  /// The type of each step's value.
  public let types: [DType]
  /// The steps whose values are the results.
  public let results: [Int]

  package init(instructions: [ElementInstruction], types: [DType], results: [Int]) {
    self.instructions = instructions
    self.types = types
    self.results = results
  }
}

/// Constants of element expressions as bits.
public enum ElementConstant {
  /// The number in the representation of `dtype`, zero-extended to 64 bits.
  public static func bits(_ number: Double, _ dtype: DType) -> UInt64 {
    switch dtype {
    case .float32: UInt64(Float(number).bitPattern)
    case .float64: number.bitPattern
    case .float16: UInt64(Float16(number).bitPattern)
    case .bfloat16: UInt64(TensorValue.bfloat16Bits(Float(number)))
    case .bool: number == 0 ? 0 : 1
    default:
      if number >= 9.2233720368547758e18 {
        dtype == .uint64 ? UInt64(exactly: number) ?? .max : UInt64(Int64.max)
      } else {
        UInt64(bitPattern: Int64(number)) & mask(dtype)
      }
    }
  }

  /// The first element of a tensor as bits.
  public static func bits(of value: TensorValue) -> UInt64 {
    value.withUnsafeBytes { bytes in
      var bits: UInt64 = 0
      let size = min(value.dtype.byteCount ?? 0, bytes.count)
      for index in 0..<size { bits |= UInt64(bytes[index]) << UInt64(8 * index) }
      return bits
    }
  }

  private static func mask(_ dtype: DType) -> UInt64 {
    let width = (dtype.byteCount ?? 8) * 8
    return width == 64 ? .max : (1 << UInt64(width)) - 1
  }
}
