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
    /// The next tile of each worker's own range, a cache line apart.
    let next: UnsafeMutablePointer<Atomic<Int>>
    static let nextStep = 16
    private let capacity: Int
    /// How many there are: known once they are started, before the first work is posted.
    var workerCount: Int
    let pending = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)
    var work: Work?
    var context: UnsafeMutableRawPointer?
    var tileCount = 0
    var grain = 1

    init(capacity: Int) {
      self.capacity = capacity
      workerCount = capacity
      generation.initialize(to: 0)
      next = .allocate(capacity: capacity * Self.nextStep)
      for worker in 0..<capacity { (next + worker * Self.nextStep).initialize(to: Atomic(0)) }
    }

    deinit {
      generation.deallocate()
      for worker in 0..<capacity {
        (next + worker * Self.nextStep).deinitialize(count: 1)
      }
      next.deallocate()
    }

    /// Where a worker's own range begins: neighbouring tiles write to neighbouring memory, whose cache
    /// lines would go to and fro if they ran on different processors at once.
    private func firstTile(_ worker: Int) -> Int {
      worker * tileCount / workerCount / grain * grain
    }

    func begin() {
      for worker in 0..<workerCount {
        next[worker * Self.nextStep].store(firstTile(worker), ordering: .relaxed)
      }
    }

    /// Runs the worker's own tiles, then what others have not begun.
    func runTiles(_ worker: Int) {
      for distance in 0..<workerCount {
        let owner = (worker + distance) % workerCount
        let end = owner + 1 == workerCount ? tileCount : firstTile(owner + 1)
        while true {
          let start = next[owner * Self.nextStep].add(grain, ordering: .relaxed).oldValue
          if start >= end { break }
          if let work, let context { work(context, start..<min(start + grain, end), worker) }
        }
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

  /// A pool of that many threads, or of as many as the system grants.
  init(threadCount wanted: Int) {
    let shared = Shared(capacity: max(1, wanted))
    var started = 1
    while started < wanted {
      let worker = started
      guard Self.start({ shared.loop(worker) }) else { break }
      started += 1
    }
    shared.workerCount = started
    self.shared = shared
    threadCount = started
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
    shared.begin()
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

  /// Whether the system granted a thread for the body.
  private static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let status = pthread_create(
      &thread, nil,
      { pointer in
        guard let pointer else { return nil }
        Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body()
        return nil
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      return false
    }
    pthread_detach(thread)
    return true
  }

  /// The number of processors that this process may run on. More threads than these would spin in each
  /// other's way.
  static var availableProcessors: Int {
    let usable = Int(dataflow_usable_processors())
    return usable > 0 ? usable : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }
}
