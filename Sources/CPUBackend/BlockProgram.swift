import GraphCompiler
import StandardOps
import TensorCore

/// An element expression compiled to steps over blocks of consecutive elements.
final class BlockProgram: @unchecked Sendable {
  /// Small enough that a dozen registers stay in the second-level cache, large enough to make the cost
  /// of choosing a step small beside it.
  static let blockCount = 1024
  private static let registerByteCount = blockCount * 8

  private enum Step {
    case load(operand: Int, size: Int, access: Access, isContiguous: Bool)
    case provided(Int)
    case coordinate(offset: Int, coefficients: [Int])
    case constant(Int)
    case call(BlockFunction, Int, Int, Int, Uniformity)
  }

  private let steps: [Step]
  private let isUniform: [Bool]
  private let constants: UnsafeMutablePointer<UInt64>
  let extents: [Int]
  let results: [Int]
  private let sizes: [Int]

  /// - Parameter provided: the number of leading loads whose blocks the caller gives.
  /// - Returns: nil if a step has no block function.
  init?(_ expression: ElementExpression, loads: [Operand], extents: [Int], provided: Int = 0) {
    var steps: [Step] = []
    var uniform: [Bool] = []
    let count = expression.instructions.count
    let strides = Shape(extents).strides
    constants = .allocate(capacity: max(count, 1))
    constants.initialize(repeating: 0, count: max(count, 1))
    self.extents = extents
    results = expression.results
    sizes = expression.types.map { $0.byteCount ?? 8 }
    var complete = true
    for (number, instruction) in expression.instructions.enumerated() {
      let dtype = expression.types[number]
      let operands = instruction.operands
      func flag(_ position: Int) -> Bool {
        operands.indices.contains(position) && uniform[operands[position]]
      }
      var modes: Uniformity = []
      if flag(0) { modes.insert(.first) }
      if flag(1) { modes.insert(.second) }
      if flag(2) { modes.insert(.third) }
      var function: BlockFunction?
      switch instruction {
      case .load(let load) where load < provided:
        steps.append(.provided(load))
        uniform.append(false)
        continue
      case .load(let load):
        let operand = loads[load - provided]
        let moving = zip(extents, operand.access.strides).filter { $0.0 != 1 }
        let isRepeated = moving.allSatisfy { $0.1 == 0 }
        let isDense = zip(extents, zip(operand.access.strides, strides)).allSatisfy {
          $0.0 == 1 || $0.1.0 == $0.1.1
        }
        steps.append(
          .load(
            operand: operand.buffer, size: dtype.byteCount ?? 0, access: operand.access,
            isContiguous: isDense || isRepeated))
        uniform.append(isRepeated)
        continue
      case .coordinate(let offset, let coefficients):
        steps.append(.coordinate(offset: offset, coefficients: coefficients))
        uniform.append(false)
        continue
      case .constant(let bits):
        constants[number] = bits
        steps.append(.constant(number))
        uniform.append(true)
        continue
      case .unary(let operation, _): function = BlockFunctions.unary(operation, dtype)
      case .binary(let operation, _, _): function = BlockFunctions.binary(operation, dtype)
      case .comparison(let operation, let a, _):
        function = BlockFunctions.comparison(operation, expression.types[a])
      case .select: function = BlockFunctions.select(dtype)
      case .cast(let a): function = CastBlocks.function(from: expression.types[a], to: dtype)
      }
      guard let function else {
        complete = false
        break
      }
      func operand(_ position: Int) -> Int {
        operands.indices.contains(position) ? operands[position] : -1
      }
      steps.append(.call(function, operand(0), operand(1), operand(2), modes))
      uniform.append(operands.allSatisfy { uniform[$0] })
    }
    self.steps = steps
    isUniform = uniform
    if !complete { return nil }
  }

  deinit { constants.deallocate() }

  /// The scratch that `evaluate` needs: pointers, the status, then registers.
  var scratchByteCount: Int { headerByteCount + steps.count * Self.registerByteCount }

  private var headerByteCount: Int { (steps.count * 8 + 64 + 63) / 64 * 64 }

  /// Computes a block of at most `blockCount` consecutive elements.
  ///
  /// - Parameters:
  ///   - destination: where the first result may be computed in place of a register, if it may.
  /// - Returns: a pointer to each register; uniform ones hold one element.
  func evaluate(
    _ range: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    provided: UnsafePointer<UnsafeMutableRawPointer>? = nil,
    destination: UnsafeMutableRawPointer? = nil,
    scratch: UnsafeMutableRawPointer, status: UnsafeMutableRawPointer
  ) -> UnsafeMutablePointer<UnsafeMutableRawPointer> {
    let registers = scratch.assumingMemoryBound(to: UnsafeMutableRawPointer.self)
    let blocks = scratch + headerByteCount
    let target = destination == nil ? -1 : results[0]
    for index in steps.indices {
      let own =
        index == target ? destination ?? blocks : blocks + index * Self.registerByteCount
      switch steps[index] {
      case .load(let operand, let size, let access, let isContiguous):
        let base = operands[operand]
        if isContiguous {
          let position = isUniform[index] ? 0 : range.lowerBound
          registers[index] = base + (access.offset + position) * size
        } else {
          StridedCopy.gather(
            own, from: base, size: size, offset: access.offset, strides: access.strides,
            extents: extents, range: range)
          registers[index] = own
        }
      case .provided(let number):
        registers[index] = provided?[number] ?? own
      case .coordinate(let offset, let coefficients):
        StridedCopy.coordinates(
          own, offset: offset, coefficients: coefficients, extents: extents, range: range)
        registers[index] = own
      case .constant(let number): registers[index] = UnsafeMutableRawPointer(constants + number)
      case .call(let function, let a, let b, let c, let modes):
        registers[index] = own
        let first = registers[a]
        let count = isUniform[index] ? 1 : range.count
        function(
          own, first, b < 0 ? first : registers[b], c < 0 ? status : registers[c], count, modes)
      }
    }
    return registers
  }

  /// Whether the `index`th result is one element for all.
  func isUniform(result index: Int) -> Bool { isUniform[results[index]] }

  /// Whether the `index`th result is computed by a step, and so may be written anywhere.
  func isComputed(result index: Int) -> Bool {
    if case .call = steps[results[index]] { return !isUniform[results[index]] }
    return false
  }

  /// Roughly the nanoseconds that one element takes.
  var nanosecondsPerElement: Double { 0.3 * Double(steps.count) }
}
