import CThreads
import Glibc
import Synchronization

/// The threads that run tiles: persistent, spinning briefly for the next work, then asleep.
///
/// A caller runs its tiles itself, one after the other, and workers that are there take some of
/// them away. It waits for no worker but those in the middle of a tile. Which thread runs which
/// tile changes no result, since tiles are cut by shape.
package final class ThreadPool: Sendable {
  /// Runs the tiles of a range with the worker's scratch. A function without captures, on what the
  /// caller has on its stack: a closure would be allocated for each call.
  package typealias Work =
    @Sendable (_ context: UnsafeMutableRawPointer, _ tiles: Range<Int>, _ worker: Int) -> Void

  /// The number of threads, the caller's included.
  package let threadCount: Int
  private let workers: Workers
  private let account = ParallelAccount()

  /// More callers at once than this run alone.
  private static let mostSlots = 8

  private let sharesAlways: Bool

  /// A pool of that many threads, or of as many as the system grants.
  ///
  /// - Parameter sharesAlways: whether jobs are shared even where that has cost time of late, which
  ///   only tests want.
  package init(threadCount wanted: Int, sharesAlways: Bool = false) {
    self.sharesAlways = sharesAlways
    // One caller less than threads: with as many, every processor has its caller.
    let slots = (0..<min(max(wanted - 1, 0), Self.mostSlots)).map { _ in
      JobSlot(threadCount: wanted)
    }
    let workers = Workers(slots: slots)
    var started = 1
    while started < wanted {
      let worker = started
      guard WorkerThread.start({ workers.loop(worker) }) else { break }
      started += 1
    }
    self.workers = workers
    threadCount = started
  }

  deinit { workers.stop() }

  /// Whether sharing jobs has cost no time of late.
  var allowsSharing: Bool { sharesAlways || account.allowsSharing() }

  /// Runs all tiles, on this thread and the pool's, and returns when all are done.
  ///
  /// - Parameter nanoseconds: roughly how long all tiles take on one thread.
  package func run(
    tiles: Int, nanoseconds: Int, on context: UnsafeMutableRawPointer, _ work: @escaping Work
  ) {
    guard tiles > 1, threadCount > 1, tiles <= UInt32.max,
      allowsSharing, let slot = workers.slots.first(where: { $0.take() })
    else { return work(context, 0..<tiles, 0) }
    let called = Clock.now
    slot.open(tiles, on: context, work)
    workers.call(tiles - 1)
    let start = Clock.now
    let own = slot.runTiles(0)
    let end = Clock.now
    let others = tiles - own
    // What a tile takes; it seems to take much longer if this thread lost its processor meanwhile.
    let tile = own > 0 ? min((end - start) / own, 4 * nanoseconds / tiles) : nanoseconds / tiles
    if others > 0 { slot.waitForWorkers(others, spinning: 2 * tile) }
    slot.close()
    let now = others > 0 ? Clock.now : end
    account.enter(tile * others - (now - end) - (start - called), at: now)
  }
}
