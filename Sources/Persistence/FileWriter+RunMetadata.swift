import Glibc
import GraphCore
import GraphRuntime
import TensorFlowFormats

extension FileWriter {
  /// Runs something, measures it, and writes the times of its kernels, which TensorBoard shows on the
  /// graph.
  ///
  /// It runs about a dozen times: these are true runs, a training step trains.
  ///
  /// - Parameter tag: what the measurement is called; each may be used once.
  /// - Throws: whatever running it throws; `FileError` if the tag was used before, or the file cannot
  ///   be written.
  public func addRunMetadata(
    of session: Session, fetching fetches: [Tensor], targets: [any GraphElement] = [],
    feeding feeds: Feeds = [:], tag: String, globalStep: Int = 0
  ) throws {
    let prepared = try session.prepare(fetches, targets: targets, feeding: feeds)
    let profile = try prepared.profile(
      prepared.preparedValues, runs: 1, for: .zero, tracing: 2)
    try addRunMetadata(profile, tag: tag, globalStep: globalStep)
  }

  /// Writes the times of a profile's kernels, each under the node whose value it gives: those of the last
  /// run that was traced, or the median ones, one after the other, if none was.
  ///
  /// - Throws: `FileError` if the tag was used before, or the file cannot be written.
  package func addRunMetadata(_ profile: RunProfile, tag: String, globalStep: Int = 0)
    throws(FileError)
  {
    try addRunMetadata(TFRunMetadata(profile), tag: tag, globalStep: globalStep)
  }
}

extension TFRunMetadata {
  /// TensorFlow's form of a profile: one `NodeExecStats` for each kernel.
  init(_ profile: RunProfile) {
    self.init()
    var device = TFDeviceStepStats()
    device.device = "/job:localhost/replica:0/task:0/device:CPU:0"
    device.nodeStats = Self.statistics(of: profile)
    for thread in 0..<profile.threadCount {
      device.threadNames[UInt32(thread)] = thread == 0 ? "caller" : "worker \(thread)"
    }
    stepStats.devStats = [device]
  }

  private static func statistics(of profile: RunProfile) -> [TFNodeExecStats] {
    let sources = profile.parts.map(\.flat.sources)
    func statistics(_ part: Int, _ step: Int, start: Int, duration: Int) -> TFNodeExecStats {
      let step = profile.parts[part].plan.steps[step]
      let nodes = step.origins.compactMap { sources[part][$0] }
      return TFNodeExecStats(
        name: nodes.first?.name ?? step.nodes.first ?? "", op: nodes.first?.op ?? "",
        others: nodes.dropFirst().map(\.name), start: start, duration: duration)
    }
    // Steps are noted on a clock that nobody sets; files state the time of day.
    let now = Int(FileWriter.now * 1e9)
    if let run = profile.traced.last {
      return profile.calls.filter { $0.start >= run.start && $0.end <= run.end }.map { call in
        statistics(
          call.part, call.step, start: now - Int(run.end - call.start),
          duration: Int(call.end - call.start))
      }
    }
    var start = now
    var all: [TFNodeExecStats] = []
    for (part, times) in profile.parts.map(\.steps).enumerated() {
      for (step, time) in times.enumerated() where time.calls > 0 {
        all.append(statistics(part, step, start: start, duration: time.median))
        start += time.median
      }
    }
    return all
  }
}

extension TFNodeExecStats {
  /// - Parameters:
  ///   - name: the node whose value the kernel gives, of the op that is named.
  ///   - others: the nodes that it computes besides.
  ///   - start: nanoseconds since 1970.
  ///   - duration: nanoseconds.
  fileprivate init(
    name: String, op: String, others: [String], start: Int, duration: Int
  ) {
    self.init()
    nodeName = name
    timelineLabel = "\(name) = \(op)(\(others.joined(separator: ", ")))"
    allStartMicros = Int64(start / 1000)
    allStartNanos = Int64(start)
    scheduledMicros = allStartMicros
    scheduledNanos = allStartNanos
    opEndRelMicros = Int64(duration / 1000)
    opEndRelNanos = Int64(duration)
    allEndRelMicros = opEndRelMicros
    allEndRelNanos = opEndRelNanos
  }
}
