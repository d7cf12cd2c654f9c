import GraphCompiler
import GraphCore
import Synchronization
import TensorCore

/// What a plan is made for, apart from the values of feeds.
struct PlanSignature: Hashable {
  let serial: Int
  let fetches: [Endpoint]
  let targets: [Int]
  let feeds: [Endpoint]
  let shapes: [Shape]
  let completed: Set<Int>
  let check: RunCheck?
}

/// An executable with what it keeps between runs.
final class CachedPlan: Sendable {
  let executable: Executable
  /// What follows, if this is a segment of a run.
  let segment: Segment?
  /// Whether it is all of a run.
  let isWhole: Bool
  /// Where the live steps' results are; nil if there are none.
  let live: LiveConstants.Block?
  private let idle = Mutex<[RunMemory]>([])

  init(_ executable: Executable, segment: Segment? = nil, live: LiveConstants.Block? = nil) {
    self.executable = executable
    self.segment = segment
    isWhole = segment == nil
    self.live = live
  }

  func takeMemory(threads: Int) -> RunMemory {
    idle.withLock { $0.popLast() } ?? RunMemory(executable, threads: threads)
  }

  func giveBack(_ memory: RunMemory) {
    idle.withLock { if $0.count < 4 { $0.append(memory) } }
  }
}

/// The plans of a session: by signature, then by the values of the feeds that decide them.
struct PlanCache {
  struct Entry {
    /// The positions of the feeds whose values the plans depend on.
    var deciding: [Int] = []
    var plans: [[TensorValue]: CachedPlan] = [:]
  }

  private var entries: [PlanSignature: Entry] = [:]
  private var order: [PlanSignature] = []

  /// Scripts use a handful of signatures; a server with varying batches a few dozen.
  private static let limit = 64
  private static let valuesLimit = 32

  func find(_ signature: PlanSignature, _ values: [TensorValue]) -> (CachedPlan?, [Int]) {
    guard let entry = entries[signature] else { return (nil, []) }
    return (entry.plans[entry.deciding.map { values[$0] }], entry.deciding)
  }

  /// The plans in the order of their signatures' first use.
  var plans: [CachedPlan] { order.flatMap { entries[$0].map { Array($0.plans.values) } ?? [] } }

  mutating func insert(
    _ plan: CachedPlan, _ signature: PlanSignature, deciding: [Int], _ values: [TensorValue]
  ) {
    if entries[signature] == nil {
      order.append(signature)
      if order.count > Self.limit { entries[order.removeFirst()] = nil }
    }
    var entry = entries[signature] ?? Entry()
    if entry.deciding != deciding || entry.plans.count >= Self.valuesLimit { entry.plans = [:] }
    entry.deciding = deciding
    entry.plans[deciding.map { values[$0] }] = plan
    entries[signature] = entry
  }
}
