import GraphCompiler
import TensorCore

/// Where a plan keeps what over the time of a run, as data for a chart.
struct MemoryMap {
  private let plan: Plan

  init(_ plan: Plan) { self.plan = plan }

  /// The arena's buffers with their places and lifetimes in kernels, how much of it is in use at
  /// each kernel, and the bytes of what lies elsewhere.
  var json: String {
    let lifetimes = plan.lifetimes
    var inUse = [Int](repeating: 0, count: plan.steps.count)
    var buffers: [String] = []
    for (index, buffer) in plan.buffers.enumerated() {
      guard case .arena(let offset) = buffer.location, let lifetime = lifetimes[index] else {
        continue
      }
      for step in lifetime where step < inUse.count { inUse[step] += buffer.byteCount }
      buffers.append(
        JSON.object([
          ("name", JSON.string(buffer.name)),
          ("type", JSON.string("\(buffer.dtype)\(buffer.shape)")),
          ("offset", "\(offset)"), ("bytes", "\(buffer.byteCount)"),
          ("from", "\(lifetime.lowerBound)"), ("to", "\(lifetime.upperBound)"),
        ]))
    }
    let constants = plan.constants.reduce(0) { $0 + $1.byteCount }
    return JSON.object([
      ("bytes", "\(plan.arenaByteCount)"), ("kept", "\(plan.liveByteCount)"),
      ("constants", "\(constants)"),
      ("variables", "\(byteCount { if case .variable = $0 { true } else { false } })"),
      ("feeds", "\(byteCount { if case .feed = $0 { true } else { false } })"),
      ("buffers", JSON.array(buffers)), ("inUse", JSON.array(inUse.map { "\($0)" })),
    ])
  }

  /// The bytes of the different places of a kind.
  private func byteCount(_ isCounted: (Plan.Location) -> Bool) -> Int {
    var seen = Set<Plan.Location>()
    return plan.buffers.reduce(0) {
      isCounted($1.location) && seen.insert($1.location).inserted ? $0 + $1.byteCount : $0
    }
  }
}
