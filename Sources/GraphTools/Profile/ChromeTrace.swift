import GraphCompiler
import GraphRuntime

/// A profiled run in Chrome's trace event format, which chrome://tracing and Perfetto show: a process
/// with a row for each thread; on the caller's the runs, in these the kernels, and on each thread the
/// tiles that it ran.
package enum ChromeTrace {
  /// The traced runs of a profile.
  package static func text(of report: BenchReport) -> String {
    let profile = report.profile
    var kernels: [[Int]: KernelProfile] = [:]
    for kernel in report.kernels { kernels[[kernel.part, kernel.step]] = kernel }
    let start = profile.traced.first?.start ?? 0
    var events = [metadata("process_name", thread: 0, report.title)]
    for worker in 0..<profile.threadCount {
      let name = worker == 0 ? "caller" : "worker \(worker)"
      events.append(metadata("thread_name", thread: worker, name))
    }
    for (number, run) in profile.traced.enumerated() {
      events.append(event("run \(number + 1)", "run", 0, run.start, run.end, from: start, []))
    }
    for call in profile.calls {
      guard let kernel = kernels[[call.part, call.step]] else { continue }
      events.append(
        event(
          "\(report.number(kernel)) \(kernel.form)", "kernel", 0, call.start, call.end, from: start,
          arguments(kernel)))
    }
    for span in profile.tiles {
      let call = profile.calls[span.call]
      guard let kernel = kernels[[call.part, call.step]] else { continue }
      let (first, last) = (span.tiles.lowerBound, span.tiles.upperBound - 1)
      let name = first == last ? "tile \(first)" : "tiles \(first) to \(last)"
      events.append(
        event(
          name, "tile", span.worker, span.start, span.end, from: start,
          [("kernel", JSON.string("\(report.number(kernel)) \(kernel.form)"))]))
    }
    return "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n"
      + events.joined(separator: ",\n") + "\n]}\n"
  }

  private static func arguments(_ kernel: KernelProfile) -> [(String, String)] {
    [
      ("nodes", JSON.array(kernel.sources.map { JSON.string($0.name) })),
      ("outputs", JSON.array(kernel.outputs.map(JSON.string))),
      ("inputs", JSON.array(kernel.inputs.map(JSON.string))),
      ("backend", JSON.string(kernel.backend)), ("flops", "\(kernel.work.operations)"),
      ("bytes_read", "\(kernel.work.bytesRead)"),
      ("bytes_written", "\(kernel.work.bytesWritten)"),
    ]
  }

  private static func metadata(_ kind: String, thread: Int, _ name: String) -> String {
    JSON.object([
      ("name", JSON.string(kind)), ("ph", JSON.string("M")), ("pid", "1"), ("tid", "\(thread)"),
      ("args", JSON.object([("name", JSON.string(name))])),
    ])
  }

  /// A complete event; the format counts in microseconds.
  private static func event(
    _ name: String, _ category: String, _ thread: Int, _ begin: UInt64, _ end: UInt64,
    from start: UInt64, _ arguments: [(String, String)]
  ) -> String {
    JSON.object([
      ("name", JSON.string(name)), ("cat", JSON.string(category)), ("ph", JSON.string("X")),
      ("pid", "1"), ("tid", "\(thread)"), ("ts", JSON.number(Double(begin - start) / 1000)),
      ("dur", JSON.number(Double(end - begin) / 1000)), ("args", JSON.object(arguments)),
    ])
  }
}
