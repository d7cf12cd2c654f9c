import CThreads
import Synchronization

/// What a pool's workers share: the slots where they find tiles, and what they sleep on.
final class Workers: @unchecked Sendable {
  let slots: [JobSlot]
  /// Raised for each job; its address is what sleepers wait on.
  private let epoch: UnsafeMutablePointer<Atomic<UInt32>>
  private let sleepers = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)

  init(slots: [JobSlot]) {
    self.slots = slots
    epoch = .allocate(capacity: 1)
    epoch.initialize(to: Atomic(0))
  }

  deinit {
    epoch.deinitialize(count: 1)
    epoch.deallocate()
  }

  /// Tells workers of a job, and wakes as many as have a tile each.
  func call(_ count: Int) {
    epoch[0].add(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      dataflow_futex_wake(epoch, Int32(clamping: count))
    }
  }

  /// Has all workers end.
  func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    call(Int.max)
  }

  /// What a worker does until the pool is stopped.
  func loop(_ worker: Int) {
    _ = dataflow_flush_denormals()
    var spin = SpinBudget()
    while true {
      let seen = epoch[0].load(ordering: .sequentiallyConsistent)
      if isStopping.load(ordering: .sequentiallyConsistent) { return }
      var found = false
      for slot in slots where slot.help(worker) { found = true }
      if found {
        spin.foundWork()
        continue
      }
      if spin.wait(whileTrue: { epoch[0].load(ordering: .acquiring) == seen }) { continue }
      sleepers.add(1, ordering: .sequentiallyConsistent)
      // The word is compared by the kernel, so a job posted meanwhile is not missed.
      dataflow_futex_wait(epoch, seen)
      sleepers.subtract(1, ordering: .sequentiallyConsistent)
    }
  }
}

/// How long a worker spins before it sleeps, learned from how long it waited before.
///
/// A worker that sleeps takes tens of microseconds to come, so it spins where the next job comes
/// sooner than that; where it does not, or where the machine has other work for the processor,
/// spinning only takes time from others.
struct SpinBudget {
  private var budget = Clock.longestSpin
  /// When the last job ended.
  private var idleSince = Clock.now
  private var isIdle = false

  /// A tile was found.
  mutating func foundWork() {
    let now = Clock.now
    if isIdle {
      // Asleep or not: had it spun, it would have been there.
      budget =
        now - idleSince <= Clock.longestSpin ? Clock.longestSpin : max(budget / 2, Self.least)
    }
    idleSince = now
    isIdle = false
  }

  /// Spins while the condition holds, as long as that is likely to end in work.
  ///
  /// - Returns: whether the condition ended.
  mutating func wait(whileTrue condition: () -> Bool) -> Bool {
    isIdle = true
    var last = Clock.now
    let end = idleSince + budget
    while last < end {
      for _ in 0..<Clock.pauses {
        if !condition() { return true }
        dataflow_pause()
      }
      let now = Clock.now
      // Somebody else had the processor, and will want it again.
      if now - last > Self.absence { return false }
      last = now
    }
    return !condition()
  }

  private static let least = 4_000
  /// Looks further apart than this have had another thread between them.
  private static let absence = 25_000
}
