import Synchronization

/// What sharing jobs has gained and lost of late, by the clock; a pool that lost works alone for a
/// while.
///
/// On a busy machine a worker may leave its processor in the middle of a tile, and the caller waits
/// for many times what the tile takes. Nobody can tell beforehand, but looking back the loss is
/// known. Working alone for a time in proportion to it bounds what is lost in the long run, however
/// the machine behaves, and an accident on an idle machine is soon forgotten.
package final class ParallelAccount: Sendable {
  /// Nanoseconds gained, less those lost. Callers at the same time may overwrite one another's
  /// entries, which are estimates anyway.
  private let balance = Atomic<Int>(0)
  /// Until when jobs are not shared; 0 if they are.
  private let aloneUntil = Atomic<Int>(0)

  /// Earlier gains excuse a loss up to this.
  private static let most = 500_000
  private static let least = -50_000
  /// The time alone for each nanosecond lost: at most a twentieth is lost in the long run.
  private static let penalty = 20
  private static let longestPenalty = 500_000_000

  package init() {}

  /// Whether jobs are to be shared now; nobody looks at the clock as long as nothing was lost.
  package func allowsSharing(at now: @autoclosure () -> Int = Clock.now) -> Bool {
    let end = aloneUntil.load(ordering: .relaxed)
    if end == 0 { return true }
    if now() < end { return false }
    aloneUntil.store(0, ordering: .relaxed)
    return true
  }

  /// Enters what a shared job gained over running it alone; a loss is negative.
  package func enter(_ gain: Int, at now: Int) {
    let sum = min(balance.load(ordering: .relaxed) + gain, Self.most)
    guard sum < Self.least else { return balance.store(sum, ordering: .relaxed) }
    balance.store(0, ordering: .relaxed)
    aloneUntil.store(
      now + min(-sum * Self.penalty, Self.longestPenalty), ordering: .relaxed)
  }
}
