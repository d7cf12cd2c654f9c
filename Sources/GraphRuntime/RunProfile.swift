import GraphCompiler

/// Where the time of many runs went: each step of each plan, one after the other.
package struct RunProfile {
  /// What a step took.
  package struct StepTimes {
    /// How often it ran.
    package var calls = 0
    /// Nanoseconds of its quickest call; 0 if it never ran.
    package var best = 0
    /// Nanoseconds of the middle one.
    package var median = 0
    /// Nanoseconds of all calls.
    package var total = 0
  }

  /// A plan of the run: the only one, or a segment's or a loop's in the order of their first use.
  package struct Part {
    /// The plan.
    package let plan: Plan
    /// The flat form of the graph that it was made of.
    package let flat: FlatGraph
    /// The name of the backend that compiled each step.
    package let backends: [String]
    /// The times of each step in the plain runs.
    package let steps: [StepTimes]
    /// The times of the live steps alone, in runs that computed all of them anew.
    package let live: [StepTimes]
  }

  /// One call of a step, in a run of which everything was noted.
  package struct Call {
    /// The position in `parts`, and in its plan.
    package let part: Int, step: Int
    /// When it began and ended, in nanoseconds of the monotonic clock.
    package let start: UInt64, end: UInt64
  }

  /// Some tiles of a call on one thread.
  package struct TileSpan {
    /// The position in `calls`.
    package let call: Int
    /// The thread: 0 is the one that called.
    package let worker: Int
    /// The tiles, all of them if the step ran on one thread.
    package let tiles: Range<Int>
    /// When they began and ended.
    package let start: UInt64, end: UInt64
  }

  /// The plans.
  package let parts: [Part]
  /// How many runs the steps' times are of.
  package let runCount: Int
  /// Nanoseconds of these runs, all together.
  package let totalNanoseconds: Int
  /// When each traced run began and ended.
  package let traced: [(start: UInt64, end: UInt64)]
  /// The steps of the traced runs.
  package let calls: [Call]
  /// What each thread did in them.
  package let tiles: [TileSpan]
  /// The number of threads, the caller's included.
  package let threadCount: Int
}
