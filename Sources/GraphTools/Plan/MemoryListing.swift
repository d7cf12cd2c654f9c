import GraphCompiler
import GraphRuntime
import TensorCore

/// Where a plan keeps what: known before anything runs.
package enum MemoryListing {
  /// The arena's buffers by offset with their lifetimes, what outlives runs, and the peak.
  package static func lines(of run: PlannedRun) -> [String] {
    let plan = run.plan
    var lines: [String] = []
    let lifetimes = plan.lifetimes
    let arena = plan.buffers.indices.compactMap { index -> (offset: Int, buffer: Int)? in
      guard case .arena(let offset) = plan.buffers[index].location, lifetimes[index] != nil else {
        return nil
      }
      return (offset, index)
    }.sorted { ($0.offset, $0.buffer) < ($1.offset, $1.buffer) }
    lines.append("arena: \(plan.arenaByteCount) bytes for \(arena.count) buffers")
    for (offset, index) in arena {
      let buffer = plan.buffers[index]
      let lifetime = lifetimes[index] ?? 0...0
      let end =
        lifetime.upperBound == plan.steps.count ? "the end" : "kernel \(lifetime.upperBound + 1)"
      lines.append(
        "  at \(offset): \(buffer.byteCount) bytes \(buffer.name) \(buffer.dtype)\(buffer.shape), "
          + "from kernel \(lifetime.lowerBound + 1) to \(end)")
    }
    lines += peak(plan, arena.map(\.buffer), lifetimes)
    let kept = plan.buffers.filter { if case .live = $0.location { true } else { false } }
    lines.append("kept from run to run: \(plan.liveByteCount) bytes in \(kept.count) buffers")
    let constants = plan.constants.reduce(0) { $0 + $1.count * ($1.dtype.byteCount ?? 0) }
    lines.append(total("variables", plan) { if case .variable = $0 { true } else { false } })
    lines.append("constants: \(constants) bytes in \(plan.constants.count) buffers")
    lines.append(total("feeds", plan) { if case .feed = $0 { true } else { false } })
    if let segment = run.segment { lines += SegmentListing.lines(after: segment, run) }
    return lines
  }

  /// The kernel at which most of the arena is in use, and by what.
  private static func peak(
    _ plan: Plan, _ buffers: [Int], _ lifetimes: [Int: ClosedRange<Int>]
  ) -> [String] {
    var change = [Int](repeating: 0, count: plan.steps.count + 2)
    for index in buffers {
      guard let lifetime = lifetimes[index] else { continue }
      change[lifetime.lowerBound] += plan.buffers[index].byteCount
      change[lifetime.upperBound + 1] -= plan.buffers[index].byteCount
    }
    var (used, most, place) = (0, 0, 0)
    for position in plan.steps.indices {
      used += change[position]
      if used > most { (most, place) = (used, position) }
    }
    guard most > 0 else { return [] }
    let largest = buffers.filter { lifetimes[$0]?.contains(place) ?? false }
      .sorted { plan.buffers[$0].byteCount > plan.buffers[$1].byteCount }
    let named = largest.prefix(3).map {
      "\(plan.buffers[$0].name) (\(plan.buffers[$0].byteCount))"
    }
    let more = largest.count > 3 ? ", and \(largest.count - 3) smaller ones" : ""
    return [
      "peak: \(most) bytes at kernel \(place + 1), \"\(plan.steps[place].nodes.first ?? "")\": "
        + named.joined(separator: ", ") + more
    ]
  }

  /// The bytes of the different places of a kind.
  private static func total(
    _ title: String, _ plan: Plan, _ isCounted: (Plan.Location) -> Bool
  ) -> String {
    var seen = Set<Plan.Location>()
    let bytes = plan.buffers.reduce(0) {
      isCounted($1.location) && seen.insert($1.location).inserted ? $0 + $1.byteCount : $0
    }
    return "\(title): \(bytes) bytes in \(seen.count) buffers"
  }
}
