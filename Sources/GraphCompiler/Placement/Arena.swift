/// Places buffers in memory by lifetime, so that a run allocates nothing.
enum Arena {
  /// A cache line: no two buffers share one.
  static let alignment = 64

  /// Sets the offsets of the plan's arena and live buffers and the sizes of both memories.
  static func place(_ plan: inout Plan) {
    let lifetimes = plan.lifetimes
    var placed: [(offset: Int, size: Int, lifetime: ClosedRange<Int>)] = []
    let order = plan.buffers.indices.filter { lifetimes[$0] != nil }
      .sorted { (plan.buffers[$0].byteCount, $1) > (plan.buffers[$1].byteCount, $0) }
    for index in order {
      let size = (plan.buffers[index].byteCount + alignment - 1) / alignment * alignment
      switch plan.buffers[index].location {
      case .live:
        plan.buffers[index].location = .live(plan.liveByteCount)
        plan.liveByteCount += size
      case .arena:
        guard let lifetime = lifetimes[index] else { continue }
        var offset = 0
        // The lowest gap among the buffers alive at the same time, which are sorted by offset.
        for other in placed where other.lifetime.overlaps(lifetime) {
          if offset + size <= other.offset { break }
          offset = max(offset, other.offset + other.size)
        }
        let position = placed.firstIndex { $0.offset > offset } ?? placed.count
        placed.insert((offset, size, lifetime), at: position)
        plan.buffers[index].location = .arena(offset)
        plan.arenaByteCount = max(plan.arenaByteCount, offset + size)
      default: break
      }
    }
  }
}
