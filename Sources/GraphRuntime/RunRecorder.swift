import Glibc
import GraphCompiler

/// Notes when the steps of runs begin and end; for traced runs also which thread ran which tiles.
///
/// Filled by one run at a time; during a step each worker writes to a list of its own.
final class RunRecorder: @unchecked Sendable {
  /// What is noted of a run.
  enum Manner {
    /// The times of the live steps, all of which are computed anew.
    case live
    /// The times of all steps.
    case plain
    /// Every call of a step and what each thread did in it.
    case traced
  }

  private struct Part {
    let plan: CachedPlan
    let flat: FlatGraph
    /// Nanoseconds of each call of each step.
    var times: [[Int]]
    var live: [[Int]]
  }

  let threadCount: Int
  private(set) var manner = Manner.live
  /// Whether what depends on variables alone is computed anew, for this run alone.
  private(set) var computesLiveAnew = true
  private var parts: [Part] = []
  private var numbers: [ObjectIdentifier: Int] = [:]
  private var part = 0
  private var runStart: UInt64 = 0
  private var runCount = 0
  private var total = 0
  private var traced: [(start: UInt64, end: UInt64)] = []
  private var calls: [RunProfile.Call] = []
  private let tiles: UnsafeMutablePointer<[RunProfile.TileSpan]>

  init(threadCount: Int) {
    self.threadCount = threadCount
    tiles = .allocate(capacity: threadCount)
    tiles.initialize(repeating: [], count: threadCount)
  }

  deinit {
    tiles.deinitialize(count: threadCount)
    tiles.deallocate()
  }

  /// Runs `body`, one run, in the given manner.
  func record<Result>(_ manner: Manner, anew: Bool, _ body: () throws -> Result) rethrows
    -> Result
  {
    self.manner = manner
    computesLiveAnew = anew
    let start = UInt64(Clock.now)
    let result = try body()
    let end = UInt64(Clock.now)
    switch manner {
    case .live: break
    case .plain:
      runCount += 1
      total += Int(end - start)
    case .traced: traced.append((start, end))
    }
    return result
  }

  /// The steps that follow are the plan's.
  func enter(_ plan: CachedPlan, _ flat: FlatGraph) {
    let id = ObjectIdentifier(plan)
    if let known = numbers[id] {
      part = known
      return
    }
    part = parts.count
    numbers[id] = part
    let none = [[Int]](repeating: [], count: plan.executable.plan.steps.count)
    parts.append(Part(plan: plan, flat: flat, times: none, live: none))
  }

  /// Notes a call of a step, after it.
  func note(_ step: Int, from start: UInt64, to end: UInt64) {
    switch manner {
    case .live: parts[part].live[step].append(Int(end - start))
    case .plain: parts[part].times[step].append(Int(end - start))
    case .traced:
      calls.append(RunProfile.Call(part: part, step: step, start: start, end: end))
    }
  }

  /// Notes tiles of the step that runs, on the worker that ran them.
  func note(_ range: Range<Int>, on worker: Int, from start: UInt64, to end: UInt64) {
    tiles[worker].append(
      RunProfile.TileSpan(
        call: calls.count, worker: worker, tiles: range, start: start, end: end))
  }

  /// What was noted so far.
  var profile: RunProfile {
    RunProfile(
      parts: parts.map { part in
        RunProfile.Part(
          plan: part.plan.executable.plan, flat: part.flat,
          backends: part.plan.executable.backendNames, steps: part.times.map(Self.summary),
          live: part.live.map(Self.summary))
      }, runCount: runCount, totalNanoseconds: total, traced: traced, calls: calls,
      tiles: (0..<threadCount).flatMap { tiles[$0] }, threadCount: threadCount)
  }

  private static func summary(_ times: [Int]) -> RunProfile.StepTimes {
    let sorted = times.sorted()
    return RunProfile.StepTimes(
      calls: sorted.count, best: sorted.first ?? 0,
      median: sorted.isEmpty ? 0 : sorted[sorted.count / 2], total: sorted.reduce(0, +))
  }
}
