import CThreads
import Foundation
import GraphRuntime
import Synchronization
import Testing

/// Every tile runs exactly once, and nothing of a caller's is touched after it has returned.
@Suite struct ThreadPoolTests {
  /// What a job counts in: freed, and overwritten, as soon as its caller returns.
  private struct Job {
    static let magic: UInt64 = 0x0123_4567_89AB_CDEF
    var magic = Self.magic
    var counts: UnsafeMutablePointer<Int32>
    var tiles: Int
    /// For how long a tile works.
    var turns: Int
  }

  /// - Returns: how many tiles did not run exactly once.
  private static func run(_ pool: ThreadPool, tiles: Int, turns: Int = 0) -> Int {
    let counts = UnsafeMutablePointer<Int32>.allocate(capacity: max(tiles, 1))
    counts.initialize(repeating: 0, count: max(tiles, 1))
    let job = UnsafeMutablePointer<Job>.allocate(capacity: 1)
    job.initialize(to: Job(counts: counts, tiles: tiles, turns: turns))
    pool.run(tiles: tiles, nanoseconds: 100_000, on: job) { context, tiles, worker in
      let job = context.assumingMemoryBound(to: Job.self)
      guard job.pointee.magic == Job.magic, tiles.upperBound <= job.pointee.tiles else {
        // The memory is another's: there is nowhere to note it.
        fatalError("a worker ran a tile of a job whose caller had returned")
      }
      for tile in tiles {
        for _ in 0..<job.pointee.turns { dataflow_pause() }
        job.pointee.counts[tile] += 1
      }
    }
    var wrong = 0
    for tile in 0..<tiles where counts[tile] != 1 { wrong += 1 }
    job.pointee.magic = 0
    job.pointee.tiles = 0
    job.deallocate()
    counts.deallocate()
    return wrong
  }

  private static func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      Thread {
        body(number)
        group.leave()
      }.start()
    }
    group.wait()
  }

  @Test(arguments: [1, 2, 3, 8, 33]) func everyTileRunsOnce(_ threads: Int) {
    let pool = ThreadPool(threadCount: threads, sharesAlways: true)
    #expect(pool.threadCount == threads)
    for tiles in [0, 1, 2, 3, 7, 31, 64, 1000] {
      for _ in 0..<50 { #expect(Self.run(pool, tiles: tiles) == 0) }
    }
  }

  @Test func callersAtTheSameTimeShareAPool() {
    for threads in [2, 3, 16] {
      let pool = ThreadPool(threadCount: threads, sharesAlways: true)
      let wrong = Atomic(0)
      Self.onThreads(8) { caller in
        for round in 0..<300 {
          let found = Self.run(pool, tiles: 1 + (round * 7 + caller) % 40, turns: round % 3 * 20)
          wrong.add(found, ordering: .relaxed)
        }
      }
      #expect(wrong.load(ordering: .relaxed) == 0)
    }
  }

  /// Many more threads than processors: most come late, or leave theirs in the middle of a tile.
  @Test func poolsAtTheSameTimeOnTooFewProcessors() {
    let wrong = Atomic(0)
    Self.onThreads(6) { caller in
      let pool = ThreadPool(threadCount: 2 + caller * 3, sharesAlways: caller % 2 == 0)
      for round in 0..<300 {
        let found = Self.run(pool, tiles: 2 + round % 50, turns: round % 5 * 30)
        wrong.add(found, ordering: .relaxed)
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test func poolsComeAndGo() {
    for round in 0..<100 {
      let pool = ThreadPool(threadCount: 1 + round % 9, sharesAlways: true)
      #expect(Self.run(pool, tiles: 20) == 0)
    }
  }

  /// Scratch is a thread's own: no two tiles run on one number at a time.
  @Test func threadsOfAJobHaveNumbersOfTheirOwn() {
    struct Numbers: Sendable { let inUse: [Flag] }
    final class Flag: Sendable { let isUp = Atomic(false), wrong = Atomic(0) }
    let pool = ThreadPool(threadCount: 5, sharesAlways: true)
    var numbers = Numbers(inUse: (0..<pool.threadCount).map { _ in Flag() })
    for _ in 0..<500 {
      withUnsafeMutablePointer(to: &numbers) {
        pool.run(tiles: 40, nanoseconds: 100_000, on: $0) { context, _, worker in
          let flag = context.assumingMemoryBound(to: Numbers.self).pointee.inUse[worker]
          if flag.isUp.exchange(true, ordering: .acquiring) {
            flag.wrong.add(1, ordering: .relaxed)
          }
          for _ in 0..<20 { dataflow_pause() }
          flag.isUp.store(false, ordering: .releasing)
        }
      }
    }
    #expect(numbers.inUse.allSatisfy { $0.wrong.load(ordering: .relaxed) == 0 })
  }
}
