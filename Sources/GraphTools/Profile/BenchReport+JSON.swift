import GraphCompiler
import GraphRuntime

extension BenchReport {
  /// Everything as one JSON object: times in milliseconds for runs and microseconds for kernels, rates
  /// in operations and bytes a second, shares from 0 to 1.
  package var json: String {
    let work = work
    let rate = times.best > 0 ? Double(work.operations) / times.best * 1000 : 0
    let bandwidth = times.best > 0 ? Double(work.bytes) / times.best * 1000 : 0
    let fields = [
      ("title", JSON.string(title)),
      ("threads", "\(profile.threadCount)"),
      (
        "run",
        JSON.object(
          [
            ("first_ms", JSON.number(times.first)), ("best_ms", JSON.number(times.best)),
            ("median_ms", JSON.number(times.median)), ("runs", "\(times.count)"),
          ] + fields(of: work)
            + [
              ("operations_per_second", JSON.number(rate)),
              ("bytes_per_second", JSON.number(bandwidth)),
              ("share_of_peak", JSON.number(shareOfPeak(rate))),
            ])
      ),
      (
        "peak",
        JSON.object([
          ("operations_per_second", JSON.number(peak.operationsPerSecond)),
          ("matrix_size", "\(peak.size)"), ("backend", JSON.string(peak.backend)),
          ("threads", "\(peak.threadCount)"),
        ])
      ),
      ("profiled_runs", "\(profile.runCount)"),
      ("plans", "\(profile.parts.count)"),
    ]
    let (every, apart) = rows(.plan)
    let lists = [("kernels", every), ("kernels_after_a_change", apart)].map { name, kernels in
      "\(JSON.string(name)): [\n" + kernels.map(json).joined(separator: ",\n") + "\n]"
    }
    let head = fields.map { "\(JSON.string($0)): \($1)" }
    return "{\n" + (head + lists).joined(separator: ",\n") + "\n}"
  }

  private func json(_ kernel: KernelProfile) -> String {
    JSON.object(
      [
        ("plan", "\(kernel.part + 1)"), ("number", "\(kernel.step + 1)"),
        ("kernel", JSON.string(kernel.form)), ("backend", JSON.string(kernel.backend)),
        ("calls_per_run", JSON.number(kernel.callsPerRun)),
        ("best_us", JSON.number(kernel.best)), ("median_us", JSON.number(kernel.median)),
        ("share", JSON.number(kernel.share)),
      ] + fields(of: kernel.work)
        + [
          ("operations_per_second", JSON.number(kernel.operationsPerSecond)),
          ("bytes_per_second", JSON.number(kernel.bytesPerSecond)),
          ("share_of_peak", JSON.number(shareOfPeak(kernel.operationsPerSecond))),
          ("outputs", JSON.array(kernel.outputs.map(JSON.string))),
          ("inputs", JSON.array(kernel.inputs.map(JSON.string))),
          (
            "nodes",
            JSON.array(
              kernel.sources.map { source in
                JSON.object([
                  ("name", JSON.string(source.name)),
                  ("site", source.site.map { JSON.string("\($0)") } ?? "null"),
                ])
              })
          ),
        ])
  }

  private func fields(of work: KernelWork) -> [(String, String)] {
    [
      ("operations", "\(work.operations)"), ("bytes_read", "\(work.bytesRead)"),
      ("bytes_written", "\(work.bytesWritten)"),
    ]
  }
}
