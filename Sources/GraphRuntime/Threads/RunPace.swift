import Synchronization

/// How long an executable's runs take with one thread and with all of them, by the clock, and so
/// which way the next one goes.
///
/// Kernels of a few microseconds may gain by a second thread, and the run lose: what one processor
/// has written the next kernel reads on another, and on a busy machine a worker that wakes up may
/// take the caller's own processor. No estimate of a kernel tells, so that both ways are tried now
/// and then. The median of a few runs counts, since a mean would be that of the one run in which
/// the processor was lost.
package final class RunPace: Sendable {
  private let state = Mutex(State())

  package init() {}

  /// Whether the next run shares its kernels.
  package func nextShares() -> Bool {
    // Another caller that is here just now is no reason to wait.
    state.withLockIfAvailable { $0.nextShares() } ?? true
  }

  /// Enters how long a run took.
  package func enter(_ nanoseconds: Int, shares: Bool) {
    state.withLockIfAvailable { state in
      if shares { state.shared.enter(nanoseconds) } else { state.alone.enter(nanoseconds) }
    }
  }

  private struct State {
    var alone = RecentTimes()
    var shared = RecentTimes()
    /// The way of a trial, and how many runs are left of it.
    private var triesSharing = false
    private var trialRuns = 0
    /// The runs until the next trial; nil if that is still to be found.
    private var runsToTrial: Int?

    mutating func nextShares() -> Bool {
      guard let shared = shared.median else { return true }
      // To try is dear, and caches matter little.
      if shared > RunPace.longest { return true }
      guard let alone = alone.median else { return false }
      if trialRuns > 0 {
        trialRuns -= 1
        return triesSharing
      }
      // Less than a thirtieth is no gain: the other processors may have something better to do.
      let prefersSharing = shared < alone - alone / 32
      let (better, worse) = (min(alone, shared), max(alone, shared))
      let left = runsToTrial ?? RunPace.runs(better: better, worse: worse)
      runsToTrial = left - 1
      if left > 0 { return prefersSharing }
      runsToTrial = nil
      triesSharing = !prefersSharing
      trialRuns = RecentTimes.count - 1
      return triesSharing
    }
  }

  /// Longer runs are not tried.
  private static let longest = 200_000_000

  /// The runs between trials: the worse way takes about a hundredth of the time more.
  private static func runs(better: Int, worse: Int) -> Int {
    max(32, 100 * RecentTimes.count * (worse - better) / max(better, 1))
  }
}

/// The nanoseconds of the last runs of one kind.
private struct RecentTimes {
  /// As many as a trial has: the first has the caches as the other way left them.
  static let count = 5
  private var times = [Int](repeating: 0, count: Self.count)
  private var entered = 0

  mutating func enter(_ nanoseconds: Int) {
    times[entered % Self.count] = nanoseconds
    // Only the rest matters from then on.
    entered = entered + 1 < 2 * Self.count ? entered + 1 : Self.count
  }

  /// Nil as long as there are too few.
  var median: Int? {
    if entered < Self.count { return nil }
    // Sorting would allocate.
    return times.indices.first { index in
      let before = times.indices.count { other in
        times[other] < times[index] || times[other] == times[index] && other < index
      }
      return before == Self.count / 2
    }.map { times[$0] }
  }
}

extension Executor {
  /// The way that a run goes.
  struct Turn {
    /// Whether it shares its kernels.
    let shares: Bool
    /// When it began; 0 if nobody asks how long it takes.
    let start: Int
  }

  /// Decides how the next run goes.
  ///
  /// - Parameter pace: how runs of this kind went; nil if they are not worth a look at the clock.
  func turn(_ pace: RunPace?) -> Turn {
    guard pool.threadCount > 1, let pace else { return Turn(shares: true, start: 0) }
    return Turn(shares: pool.allowsSharing && pace.nextShares(), start: Clock.now)
  }

  /// Notes how long a run took.
  func end(_ turn: Turn, _ pace: RunPace?) {
    guard turn.start > 0, let pace else { return }
    pace.enter(Clock.now - turn.start, shares: turn.shares)
  }
}
