import CThreads
import Synchronization

/// A place for one job of a pool: its tiles, claimed one by one by whoever comes.
///
/// What the job works on may be on its caller's stack, so a worker touches it only between two
/// points: when it has claimed a tile, and when it has reported the tile finished. The caller
/// returns when all claimed tiles are reported. A worker that comes late finds no tile, and one
/// that never comes is not waited for.
final class JobSlot: @unchecked Sendable {
  /// Of each thread's own tiles those that nobody has claimed: the first in the lower half, the end
  /// in the upper.
  ///
  /// One word, so that a claim is one exchange, and needs no other sign that the job is still open:
  /// a tile that is there to be claimed keeps its job alive, even if it is of a later job than the
  /// worker looked for.
  private let ranges: UnsafeMutablePointer<Atomic<UInt64>>
  private let threadCount: Int
  /// The finished tiles that workers had claimed. Its address is what a caller sleeps on.
  private let finished: UnsafeMutablePointer<Atomic<UInt32>>
  private let callerSleeps = Atomic<Bool>(false)
  private let isTaken = Atomic<Bool>(false)
  /// Whether it pays to look for tiles.
  private let isOpen = Atomic<Bool>(false)
  // Written before the tiles can be claimed, and read after one was.
  private var work: ThreadPool.Work?
  private var context: UnsafeMutableRawPointer?

  /// Words that different threads change are two cache lines apart, since processors fetch lines in
  /// pairs.
  private static let step = 128 / MemoryLayout<Atomic<UInt64>>.stride

  init(threadCount: Int) {
    self.threadCount = threadCount
    ranges = .allocate(capacity: threadCount * Self.step)
    for thread in 0..<threadCount { (ranges + thread * Self.step).initialize(to: Atomic(0)) }
    finished = .allocate(capacity: 1)
    finished.initialize(to: Atomic(0))
  }

  deinit {
    for thread in 0..<threadCount { (ranges + thread * Self.step).deinitialize(count: 1) }
    ranges.deallocate()
    finished.deinitialize(count: 1)
    finished.deallocate()
  }

  /// Whether the slot was free, and is now the caller's.
  func take() -> Bool {
    !isTaken.load(ordering: .relaxed)
      && !isTaken.exchange(true, ordering: .acquiring)
  }

  /// Puts the tiles there to be claimed.
  ///
  /// Each thread has a range of its own to begin with: neighbouring tiles write to neighbouring
  /// memory, whose cache lines would go to and fro if they ran on different processors at once.
  func open(_ tiles: Int, on context: UnsafeMutableRawPointer, _ work: @escaping ThreadPool.Work) {
    self.work = work
    self.context = context
    finished[0].store(0, ordering: .relaxed)
    for thread in 0..<threadCount {
      let range = thread * tiles / threadCount..<(thread + 1) * tiles / threadCount
      ranges[thread * Self.step].store(
        UInt64(range.lowerBound) | UInt64(range.upperBound) << 32, ordering: .releasing)
    }
    isOpen.store(true, ordering: .releasing)
  }

  /// Runs tiles until none is left to claim.
  ///
  /// - Returns: the number of tiles that this thread ran.
  func runTiles(_ thread: Int) -> Int {
    var count = 0
    for distance in 0..<threadCount {
      let owner = (thread + distance) % threadCount
      while let tile = distance == 0 ? claimFirst(owner) : claimLast(owner) {
        if let work, let context { work(context, tile..<tile + 1, thread) }
        count += 1
        if thread != 0 { report() }
      }
    }
    return count
  }

  /// Runs what tiles are left of a job that a caller has put here.
  ///
  /// - Returns: whether there was one.
  func help(_ worker: Int) -> Bool {
    isOpen.load(ordering: .acquiring) && runTiles(worker) > 0
  }

  private func claimFirst(_ owner: Int) -> Int? {
    let range = ranges + owner * Self.step
    var word = range.pointee.load(ordering: .relaxed)
    while word & 0xFFFF_FFFF < word >> 32 {
      let (done, found) = range.pointee.weakCompareExchange(
        expected: word, desired: word + 1, successOrdering: .acquiring, failureOrdering: .relaxed)
      if done { return Int(word & 0xFFFF_FFFF) }
      word = found
    }
    return nil
  }

  /// Claims from the end what the owner comes to last.
  private func claimLast(_ owner: Int) -> Int? {
    let range = ranges + owner * Self.step
    var word = range.pointee.load(ordering: .relaxed)
    while word & 0xFFFF_FFFF < word >> 32 {
      let (done, found) = range.pointee.weakCompareExchange(
        expected: word, desired: word - 1 << 32, successOrdering: .acquiring,
        failureOrdering: .relaxed)
      if done { return Int(word >> 32) - 1 }
      word = found
    }
    return nil
  }

  private func report() {
    finished[0].add(1, ordering: .sequentiallyConsistent)
    if callerSleeps.load(ordering: .sequentiallyConsistent) { dataflow_futex_wake(finished, 1) }
  }

  /// Returns when the workers have finished that many tiles, which they have claimed.
  ///
  /// - Parameter nanoseconds: how long workers that are on a processor may well take.
  func waitForWorkers(_ count: Int, spinning nanoseconds: Int) {
    let end = Clock.now + min(max(nanoseconds, Clock.longestSpin), Clock.slice)
    while finished[0].load(ordering: .acquiring) != count {
      for _ in 0..<Clock.pauses { dataflow_pause() }
      if Clock.now > end { return sleep(until: count) }
    }
  }

  /// A worker that is not on a processor may wait for this very one.
  private func sleep(until count: Int) {
    callerSleeps.store(true, ordering: .sequentiallyConsistent)
    while true {
      let found = finished[0].load(ordering: .sequentiallyConsistent)
      if found == count { break }
      dataflow_futex_wait(finished, found)
    }
    callerSleeps.store(false, ordering: .relaxed)
  }

  /// Gives the slot back; all tiles are finished.
  func close() {
    isOpen.store(false, ordering: .relaxed)
    work = nil
    context = nil
    isTaken.store(false, ordering: .releasing)
  }
}
