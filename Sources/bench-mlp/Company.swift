import Dataflow
import Foundation
import Synchronization

/// The training step on a machine that has other work too: beside processes that compute all the
/// time, and beside others of its kind.
struct Company {
  /// A session with the training step to run in it; sessions run at the same time have one each.
  typealias Maker = @Sendable (_ threads: Int?) throws -> () throws -> Void
  let seconds: Double
  let make: Maker
  let rounds = 5

  /// One thread and as many as there are processors in turn, beside busy processes.
  func measure(beside count: Int) throws {
    let (one, all) = (try make(1), try make(nil))
    let others = try (0..<count).map { _ in try Self.busyProcess() }
    defer { for other in others { other.terminate() } }
    var best = [Double.infinity, .infinity]
    for _ in 0..<rounds {
      best[0] = min(best[0], 1e6 / pace(of: try steps(of: one)))
      best[1] = min(best[1], 1e6 / pace(of: try steps(of: all)))
    }
    print(
      "dataflow busy=\(count) one_thread_us=\(Int(best[0])) default_us=\(Int(best[1])) "
        + "ratio=\((best[1] / best[0] * 100).rounded() / 100)")
  }

  /// Several sessions of this process at the same time, and one alone, in turn.
  func measure(sessions count: Int) throws {
    let steps = try (0..<count).map { _ in Step(run: try make(nil)) }
    var (alone, together) = (0.0, 0.0)
    for _ in 0..<rounds {
      alone = max(alone, pace(of: try self.steps(of: steps[0].run)))
      let counts = Mutex(0)
      let group = DispatchGroup()
      for step in steps {
        group.enter()
        Thread {
          let done = (try? self.steps(of: step.run)) ?? 0
          counts.withLock { $0 += done }
          group.leave()
        }.start()
      }
      group.wait()
      together = max(together, pace(of: counts.withLock { $0 }))
    }
    report("sessions", count, alone, together)
  }

  /// Several processes like this one at the same time, and one alone, in turn.
  ///
  /// - Parameter arguments: what has another process do `answer`.
  func measure(processes count: Int, _ arguments: [String]) throws {
    let processes = try (0..<count).map { _ in try Pacer(arguments) }
    var (alone, together) = (0.0, 0.0)
    for _ in 0..<rounds {
      processes[0].begin()
      alone = max(alone, pace(of: processes[0].end()))
      for process in processes { process.begin() }
      together = max(together, pace(of: processes.reduce(0) { $0 + $1.end() }))
    }
    for process in processes { process.stop() }
    report("processes", count, alone, together)
  }

  /// Takes steps for each line that it is given, and says how many.
  func answer() throws {
    let step = try make(nil)
    print("ready")
    fflush(nil)
    while readLine() != nil {
      print(try steps(of: step))
      fflush(nil)
    }
  }

  private func report(_ kind: String, _ count: Int, _ alone: Double, _ together: Double) {
    print(
      "dataflow \(kind)=\(count) alone_steps_per_s=\(Int(alone)) together=\(Int(together)) "
        + "ratio=\((together / alone * 100).rounded() / 100)")
  }

  private func pace(of count: Int) -> Double { Double(count) / seconds }

  /// How many steps the time is enough for.
  private func steps(of step: () throws -> Void) throws -> Int {
    let end = ContinuousClock.now + .seconds(seconds)
    var count = 0
    while ContinuousClock.now < end {
      try step()
      count += 1
    }
    return count
  }

  /// A process that computes until it is told to end, or this one has ended.
  private static func busyProcess() throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c",
      "while [ -d /proc/\(getpid()) ]; do i=0; while [ $i -lt 99999 ]; do i=$((i+1)); done; done",
    ]
    try process.run()
    return process
  }

  /// Each is run by one thread at a time.
  private struct Step: @unchecked Sendable { let run: () throws -> Void }
}

/// Another process of this program that answers how many steps it takes.
private final class Pacer {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = line()
  }

  func begin() { input.fileHandleForWriting.write(Data("\n".utf8)) }

  func end() -> Int { Int(line()) ?? 0 }

  func stop() {
    input.fileHandleForWriting.closeFile()
    process.waitUntilExit()
  }

  private func line() -> String {
    var bytes: [UInt8] = []
    while let byte = output.fileHandleForReading.readData(ofLength: 1).first, byte != 10 {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
