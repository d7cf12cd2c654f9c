import GraphCompiler
import TensorCore

extension PreparedRun {
  /// Where the time of runs with these values goes.
  ///
  /// The steps run one after the other, as in any run, with a look at the clock around each. First come
  /// a few runs that compute everything anew that depends on variables alone, for the times of these
  /// steps; then the runs that count; then some of which every thread's work is noted, the first of
  /// which computes all anew too. They are true runs: a training step trains.
  ///
  /// - Parameters:
  ///   - runs: how many runs count at the least.
  ///   - duration: for how long runs go on; a few thousand are enough.
  ///   - tracing: how many runs are noted thread by thread.
  /// - Throws: whatever `run` throws.
  package func profile(
    _ values: [TensorValue], runs: Int, for duration: Duration, tracing: Int = 0
  ) throws -> RunProfile {
    try check(values)
    let (found, ordered) = (known.found, known.ordered(values))
    let recorder = RunRecorder(threadCount: session.executor.pool.threadCount)
    var recorded = known.request(ordered)
    recorded.recorder = recorder
    func run(_ manner: RunRecorder.Manner, anew: Bool) throws {
      try recorder.record(manner, anew: anew) {
        if found.plan.isWhole {
          _ = try session.execute(found.plan, ordered, manner: recorded.manner(of: found.plan))
        } else {
          _ = try session.run(recorded)
        }
      }
    }
    // What is kept is up to date when the runs that count begin.
    _ = try self.run(values)
    for _ in 0..<Self.liveRuns { try run(.live, anew: true) }
    let end = ContinuousClock.now + duration
    var count = 0
    while count < runs || (count < Self.enoughRuns && ContinuousClock.now < end) {
      try run(.plain, anew: false)
      count += 1
    }
    for number in 0..<tracing { try run(.traced, anew: number == 0) }
    return recorder.profile
  }

  /// The values that the run was prepared with, in the order in which `run` takes them.
  package var preparedValues: [TensorValue] { known.places.indices.map { known.feed($0).value } }

  /// The runs that compute everything anew.
  private static let liveRuns = 5
  /// More runs tell nothing more about their median.
  private static let enoughRuns = 5_000
}
