import GraphCompiler

/// An operand that some steps take in a layout of their own, laid out beside the live constants: once,
/// and again only after its variable changed.
struct PackedOperand: Sendable {
  /// The buffer as the plan has it.
  let buffer: Int
  /// The layout.
  let packing: OperandPacking
  /// Lays it out.
  let callable: any PackingCallable
  /// Where its bytes are in the memory that outlives runs.
  let offset: Int
}

/// Has steps take operands that no run changes in the layouts that they wish for.
struct OperandPacker {
  private(set) var operands: [PackedOperand] = []
  private(set) var byteCount: Int
  private let plan: Plan
  private var known: [Wish: Int] = [:]

  private struct Wish: Hashable {
    let buffer: Int
    let packing: OperandPacking
  }

  init(_ plan: Plan) {
    self.plan = plan
    byteCount = plan.liveByteCount
  }

  /// The callable of a step, and the buffers that it takes: numbers from the plan's count on stand for
  /// packed operands.
  mutating func take(_ callable: any KernelCallable, _ step: Plan.Step) -> (
    callable: any KernelCallable, buffers: [Int]
  ) {
    guard !step.isLive, let wishing = callable as? any PackingCallable,
      let packing = wishing.packing, isKept(step.buffers[packing.operand])
    else { return (callable, step.buffers) }
    let buffer = step.buffers[packing.operand]
    let wish = Wish(
      buffer: buffer,
      packing: OperandPacking(operand: 0, byteCount: packing.byteCount, layout: packing.layout))
    let number = known[wish] ?? operands.count
    if known[wish] == nil {
      let offset = (byteCount + 63) / 64 * 64
      operands.append(
        PackedOperand(buffer: buffer, packing: wish.packing, callable: wishing, offset: offset))
      byteCount = offset + packing.byteCount
      known[wish] = number
    }
    var buffers = step.buffers
    buffers[packing.operand] = plan.buffers.count + number
    return (wishing.takingPacked(), buffers)
  }

  /// Whether runs leave a buffer as it is.
  private func isKept(_ buffer: Int) -> Bool {
    switch plan.buffers[buffer].location {
    case .constant, .live: true
    case .variable(let number): !plan.variables[number].isWritten
    case .arena, .feed, .randomCounter, .stack: false
    }
  }
}
