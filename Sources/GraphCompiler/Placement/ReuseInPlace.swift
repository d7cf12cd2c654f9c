import TensorCore

/// Finds results that may take the memory of an operand that nothing needs afterwards.
///
/// Only loops that read each element of the operand where they write the same element of the result: a
/// piece of such a loop overwrites nothing that another still reads.
package enum ReuseInPlace: PlanPass {
  package static let name = "reuse-in-place"
  package static let summary = "gives results the memory of operands that nothing needs any more"
  package static let isNeeded = false

  package static func run(_ plan: inout Plan) { plan.inPlace = operands(plan, plan.lifetimes) }

  /// For each such buffer the one whose memory it takes, which may itself be such a buffer.
  private static func operands(_ plan: Plan, _ lifetimes: [Int: ClosedRange<Int>]) -> [Int: Int] {
    var result: [Int: Int] = [:]
    var isTaken = Set<Int>()
    for (position, step) in plan.steps.enumerated() where !step.isLive {
      guard let loop = step.kernel.elementwise else { continue }
      let output = step.buffers[0]
      guard plan.isInArena(output), lifetimes[output]?.lowerBound == position,
        loop.count * (loop.stores[0].dtype.byteCount ?? 0) == plan.buffers[output].byteCount
      else { continue }
      let operand = loop.loads.map { step.buffers[$0.buffer] }.first { input in
        input != output && plan.isInArena(input) && !isTaken.contains(input)
          && lifetimes[input]?.upperBound == position
          && plan.buffers[input].byteCount == plan.buffers[output].byteCount
          && loop.loads.allSatisfy {
            step.buffers[$0.buffer] != input || $0.access == loop.stores[0].access
          } && !step.kernel.factors.contains { step.buffers[$0] == input }
      }
      if let operand {
        result[output] = operand
        isTaken.insert(operand)
      }
    }
    return result
  }
}

extension Plan {
  fileprivate func isInArena(_ buffer: Int) -> Bool {
    if case .arena = buffers[buffer].location { return true }
    return false
  }
}

extension Kernel {
  /// The loop that writes the result element by element, if there is one.
  fileprivate var elementwise: LoopKernel? {
    switch self {
    case .loop(let loop): loop.reduction == nil ? loop : nil
    case .contraction, .convolution: epilogue
    case .staged, .named: nil
    }
  }
}
