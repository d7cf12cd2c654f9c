import GraphCompiler
import TensorCore

extension Executor {
  /// What to say of a step whose kernel ended with a failure.
  func failure(
    _ status: KernelStatus, of step: Int, _ plan: Plan, _ memory: RunMemory
  ) -> SessionError {
    let step = plan.steps[step]
    // Of what one kernel computes, the op that was put there to look; its own name says nothing.
    let looking = step.nodes.first { $0.hasSuffix("/_Index") } ?? step.nodes.first ?? ""
    let last = looking.lastIndex(of: "/").map { looking[$0...] } ?? ""
    let node = last.hasPrefix("/_") ? looking.dropLast(last.count) : looking[...]
    switch status {
    case .success: return SessionError("\"\(node)\" succeeded")
    case .divisionByZero: return SessionError("integer division by zero in \"\(node)\"")
    case .badIndex:
      guard let index = WrongIndex(in: step, plan, memory) else {
        return SessionError("an index is out of range in \"\(node)\"")
      }
      return SessionError("\(index) is out of range in \"\(node)\": \(index.expectation)")
    case .repeatedIndex:
      return SessionError("the indices that \"\(node)\" is given name a place twice")
    case .negativeExponent:
      return SessionError("\"\(node)\" raises an integer to a negative power")
    case .stackIsEmpty:
      return SessionError("\"\(node)\" takes a tensor from a stack that has none")
    case .stackTooLarge:
      return SessionError(
        "the stack that \"\(node)\" adds to needs more bytes than the budget; raise the budget")
    case .assertionFailed:
      return SessionError("the condition that \"\(node)\" asserts is false")
    case .emptyRange:
      return SessionError(
        "\"\(node)\" draws integers from an empty range: minval must be below maxval")
    }
  }
}

/// An index that ended a kernel, looked for afterwards in what the kernel reads.
private struct WrongIndex: CustomStringConvertible {
  let value: Int
  let position: [Int]
  let name: String
  let limit: Int

  var description: String {
    let place = position.isEmpty ? "" : ", at \(position)"
    return "the index \(value)\(place) of \"\(name)\","
  }
  var expectation: String { "it must be at least 0 and below \(limit)" }

  init?(in step: Plan.Step, _ plan: Plan, _ memory: RunMemory) {
    for check in step.kernel.indexChecks where !check.limits.isEmpty {
      let number = step.buffers[check.buffer]
      let buffer = plan.buffers[number]
      guard [.int32, .int64].contains(buffer.dtype) else { continue }
      for element in 0..<buffer.shape.count {
        let value =
          buffer.dtype == .int64
          ? Int(memory.bufferAddresses[number].load(fromByteOffset: element * 8, as: Int64.self))
          : Int(memory.bufferAddresses[number].load(fromByteOffset: element * 4, as: Int32.self))
        let limit = check.limits[element % check.limits.count]
        if value >= limit || (value < 0 && !check.dropsNegative) {
          (self.value, self.limit, name) = (value, limit, buffer.name)
          position = Self.position(of: element, in: buffer.shape)
          return
        }
      }
    }
    return nil
  }

  private static func position(of element: Int, in shape: Shape) -> [Int] {
    var rest = element
    var position: [Int] = []
    for size in shape.dimensions.reversed() {
      position.insert(rest % size, at: 0)
      rest /= size
    }
    return position
  }
}
