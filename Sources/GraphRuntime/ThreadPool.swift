import CThreads
import Glibc
import Synchronization

/// The threads that run tiles: persistent, spinning briefly for the next work, then asleep.
///
/// One caller at a time uses the pool; another that finds it busy runs its work alone. Which thread
/// runs which tile changes no result, since tiles are cut by shape.
final class ThreadPool: Sendable {
  /// Runs the tiles of a range with the worker's scratch. A function without captures, on what the
  /// caller has on its stack: a closure would be allocated for each call.
  typealias Work =
    @Sendable (_ context: UnsafeMutableRawPointer, _ tiles: Range<Int>, _ worker: Int) -> Void

  /// The number of threads, the caller's included.
  let threadCount: Int
  private let shared: Shared
  private let isBusy = Atomic<Bool>(false)

  /// About 100 µs: longer than the serial part between two parallel steps, shorter than a time slice.
  private static let spins = 20_000

  private final class Shared: @unchecked Sendable {
    /// Raised for each piece of work; its address is what sleepers wait on.
    let generation = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    let epoch = Atomic<UInt32>(0)
    let sleepers = Atomic<Int>(0)
    let next = Atomic<Int>(0)
    let pending = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)
    var work: Work?
    var context: UnsafeMutableRawPointer?
    var tileCount = 0
    var grain = 1

    init() { generation.initialize(to: 0) }
    deinit { generation.deallocate() }

    func runTiles(_ worker: Int) {
      while true {
        let start = next.add(grain, ordering: .relaxed).oldValue
        if start >= tileCount { return }
        if let work, let context { work(context, start..<min(start + grain, tileCount), worker) }
      }
    }

    func loop(_ worker: Int) {
      _ = dataflow_flush_denormals()
      var seen: UInt32 = 0
      while true {
        var spins = 0
        while epoch.load(ordering: .acquiring) == seen {
          spins += 1
          if spins < ThreadPool.spins {
            dataflow_pause()
            continue
          }
          sleepers.add(1, ordering: .sequentiallyConsistent)
          // The word is compared by the kernel, so work posted meanwhile is not missed.
          if epoch.load(ordering: .sequentiallyConsistent) == seen {
            dataflow_futex_wait(generation, seen)
          }
          sleepers.subtract(1, ordering: .sequentiallyConsistent)
        }
        seen = epoch.load(ordering: .acquiring)
        if isStopping.load(ordering: .acquiring) { return }
        runTiles(worker)
        pending.subtract(1, ordering: .releasing)
      }
    }
  }

  init(threadCount: Int) {
    self.threadCount = max(1, threadCount)
    let shared = Shared()
    self.shared = shared
    for worker in 1..<max(1, threadCount) {
      Self.start { shared.loop(worker) }
    }
  }

  deinit {
    shared.isStopping.store(true, ordering: .releasing)
    post()
  }

  /// Runs all tiles, on this thread and the pool's, and returns when all are done.
  func run(
    tiles: Int, grain: Int = 1, on context: UnsafeMutableRawPointer, _ work: @escaping Work
  ) {
    if tiles <= grain || threadCount == 1
      || isBusy.exchange(true, ordering: .acquiringAndReleasing)
    {
      work(context, 0..<tiles, 0)
      return
    }
    shared.work = work
    shared.context = context
    shared.tileCount = tiles
    shared.grain = grain
    shared.next.store(0, ordering: .relaxed)
    shared.pending.store(threadCount - 1, ordering: .relaxed)
    post()
    shared.runTiles(0)
    var spins = 0
    while shared.pending.load(ordering: .acquiring) != 0 {
      spins += 1
      // On a busy machine the last worker may wait for this very processor.
      if spins < Self.spins { dataflow_pause() } else { sched_yield() }
    }
    shared.context = nil
    isBusy.store(false, ordering: .releasing)
  }

  private func post() {
    let epoch = shared.epoch.load(ordering: .relaxed) &+ 1
    shared.generation.pointee = epoch
    shared.epoch.store(epoch, ordering: .sequentiallyConsistent)
    if shared.sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      dataflow_futex_wake_all(shared.generation)
    }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) {
    final class Box {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Box(body)).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { pointer in
        guard let pointer else { return nil }
        Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body()
        return nil
      }, context)
    precondition(status == 0, "a thread could not be started: error \(status)")
    pthread_detach(thread)
  }

  /// The number of processors that this process may run on.
  static var availableProcessors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
