import GraphCore

/// Places buffers in memory by lifetime, so that a run allocates nothing.
package enum PlaceBuffers: PlanPass {
  package static let name = "place-buffers"
  package static let summary = "gives buffers that live at different times the same memory"

  /// A cache line: no two buffers share one.
  static let alignment = 64
  /// Where counting ends: a plan that needs as much is refused, whatever the machine.
  private static let mostBytes = 1 << 60

  /// Sets the offsets of the plan's arena and live buffers and the sizes of both memories.
  package static func run(_ plan: inout Plan) {
    var lifetimes = plan.lifetimes
    let operands = plan.inPlace
    // The first buffer of a chain lives as long as the chain, and gives all of them their place.
    var first: [Int: Int] = [:]
    for buffer in operands.keys {
      var current = buffer
      while let operand = operands[current] { current = operand }
      first[buffer] = current
    }
    for (buffer, head) in first {
      guard let own = lifetimes[buffer], let whole = lifetimes[head] else { continue }
      lifetimes[head] = whole.lowerBound...max(whole.upperBound, own.upperBound)
    }
    for buffer in first.keys { lifetimes[buffer] = nil }
    var placed: [(offset: Int, size: Int, lifetime: ClosedRange<Int>)] = []
    let order = plan.buffers.indices.filter { lifetimes[$0] != nil }
      .sorted { (plan.buffers[$0].byteCount, $1) > (plan.buffers[$1].byteCount, $0) }
    for index in order {
      let size =
        (plan.buffers[index].byteCount + plan.guardByteCount + alignment - 1) / alignment
        * alignment
      switch plan.buffers[index].location {
      case .live:
        plan.buffers[index].location = .live(plan.liveByteCount)
        plan.liveByteCount = min(plan.liveByteCount + size, mostBytes)
      case .arena:
        guard let lifetime = lifetimes[index] else { continue }
        var offset = 0
        // The lowest gap among the buffers alive at the same time, which are sorted by offset.
        for other in placed where other.lifetime.overlaps(lifetime) {
          if offset + size <= other.offset { break }
          offset = min(max(offset, other.offset + other.size), mostBytes)
        }
        let position = placed.firstIndex { $0.offset > offset } ?? placed.count
        placed.insert((offset, size, lifetime), at: position)
        plan.buffers[index].location = .arena(offset)
        plan.arenaByteCount = max(plan.arenaByteCount, offset + size)
      default: break
      }
    }
    for (buffer, head) in first { plan.buffers[buffer].location = plan.buffers[head].location }
  }
}
