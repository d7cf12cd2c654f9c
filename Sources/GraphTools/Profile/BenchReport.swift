import GraphCompiler
import GraphCore
import GraphRuntime

/// What a benchmark of one run found.
package struct BenchReport {
  /// The time of whole runs, in milliseconds.
  package struct Times {
    /// The first run, with finding its plan and compiling it.
    package var first: Double
    /// The quickest run after it.
    package var best: Double
    /// The middle one.
    package var median: Double
    /// How many there were.
    package var count: Int

    /// Times of several runs.
    init(first: Double, others: [Double]) {
      let sorted = others.sorted()
      self.first = first
      best = sorted.first ?? first
      median = sorted.isEmpty ? first : sorted[sorted.count / 2]
      count = others.count
    }
  }

  /// Which rows of the table come first.
  package enum Order: String, CaseIterable, Sendable {
    /// The order in which they run.
    case plan
    /// Those that take most of the run's time.
    case time
  }

  /// What was measured: the file's name, for titles.
  package let title: String
  /// Whole runs.
  package let times: Times
  /// The steps' own times, measured in runs apart.
  package let profile: RunProfile
  /// What the machine reaches.
  package let peak: MachinePeak
  /// A row for each kernel of each plan.
  package let kernels: [KernelProfile]

  /// Measures a run: its first time with planning and compiling, then whole runs, then runs with a
  /// look at the clock around each kernel. They are true runs: a training step trains.
  ///
  /// - Parameters:
  ///   - title: what the report is called.
  ///   - runs: how many runs are measured at the least.
  ///   - seconds: for how long whole runs go on, and half as long the others.
  ///   - tracing: of how many runs each thread's work is noted.
  /// - Throws: whatever preparing and running it throws.
  package init(
    _ title: String, of session: Session, fetching fetches: [Tensor],
    targets: [any GraphElement] = [], feeding feeds: Feeds, runs: Int, seconds: Double,
    tracing: Int = 0
  ) throws {
    // Before anything else and after all of it.
    let early = try MachinePeak(of: session)
    let clock = ContinuousClock()
    let begin = clock.now
    let prepared = try session.prepare(fetches, targets: targets, feeding: feeds)
    let values = prepared.preparedValues
    _ = try prepared.run(values)
    var now = clock.now
    let first = (now - begin) / .milliseconds(1)
    let end = now + .seconds(seconds)
    var others: [Double] = []
    while others.count < runs || now < end {
      _ = try prepared.run(values)
      let then = clock.now
      others.append((then - now) / .milliseconds(1))
      now = then
    }
    self.title = title
    times = Times(first: first, others: others)
    profile = try prepared.profile(
      values, runs: runs, for: .seconds(seconds / 2), tracing: tracing)
    peak = try MachinePeak(of: session).best(early)
    kernels = KernelProfile.all(of: profile)
  }

  /// What the kernels of one run have to do, all together.
  package var work: KernelWork {
    var operations = 0.0
    var (read, written) = (0.0, 0.0)
    for kernel in kernels {
      operations += kernel.callsPerRun * Double(kernel.work.operations)
      read += kernel.callsPerRun * Double(kernel.work.bytesRead)
      written += kernel.callsPerRun * Double(kernel.work.bytesWritten)
    }
    var work = KernelWork()
    work.operations = Int(operations.rounded())
    work.bytesRead = Int(read.rounded())
    work.bytesWritten = Int(written.rounded())
    return work
  }

  /// The kernels of the runs, and those that only run after a variable changed.
  package func rows(_ order: Order) -> (every: [KernelProfile], apart: [KernelProfile]) {
    func sorted(_ kernels: [KernelProfile]) -> [KernelProfile] {
      guard order == .time else { return kernels }
      // Kernels that no run waits for compare by their own time.
      return kernels.sorted { ($0.share, $0.median) > ($1.share, $1.median) }
    }
    return (sorted(kernels.filter { !$0.isApart }), sorted(kernels.filter(\.isApart)))
  }

  /// The part of the machine's peak that a rate is.
  func shareOfPeak(_ operationsPerSecond: Double) -> Double {
    operationsPerSecond / peak.operationsPerSecond
  }

  /// What a kernel is called in the table: its number, after that of its plan if there are several.
  func number(_ kernel: KernelProfile) -> String {
    profile.parts.count == 1 ? "\(kernel.step + 1)" : "\(kernel.part + 1).\(kernel.step + 1)"
  }
}

extension Session {
  /// Where the time of a run goes: the time of whole runs, and for each kernel the nodes that it
  /// computes, its time, its share, and its rates beside what the machine reaches.
  ///
  /// Runs it for about a second and a half. They are true runs: a training step trains.
  ///
  /// - Throws: whatever running it throws.
  public func profile(
    fetching fetches: [Tensor], targets: [any GraphElement] = [], feeding feeds: Feeds
  ) throws -> String {
    try BenchReport(
      "run", of: self, fetching: fetches, targets: targets, feeding: feeds, runs: 10, seconds: 1
    ).lines().joined(separator: "\n")
  }
}
