import GraphCompiler
import GraphCore
import GraphRuntime

extension BenchReport {
  /// The whole run in a few lines, and a row for each kernel.
  package func lines(sortedBy order: Order = .plan) -> [String] {
    let work = work
    let seconds = times.best / 1000
    let rate = seconds > 0 ? Double(work.operations) / seconds : 0
    let bandwidth = seconds > 0 ? Double(work.bytes) / seconds : 0
    var lines = [
      "first \(fixed(times.first, 3)) ms with planning and compiling, "
        + "best \(fixed(times.best, 3)) ms, median \(fixed(times.median, 3)) ms "
        + "of \(times.count) run\(times.count == 1 ? "" : "s")",
      "a run is \(scaled(work.operations, "FLOP")), reads \(scaled(work.bytesRead, "B")), "
        + "writes \(scaled(work.bytesWritten, "B")): at best \(fixed(rate / 1e9, 2)) GFLOP/s, "
        + "\(fixed(bandwidth / 1e9, 2)) GB/s, \(percent(shareOfPeak(rate))) of the peak",
      "peak: \(fixed(peak.operationsPerSecond / 1e9, 1)) GFLOP/s, a product of "
        + "\(peak.size)x\(peak.size) matrices by \(peak.backend) on \(peak.threadCount) "
        + "thread\(peak.threadCount == 1 ? "" : "s")",
    ]
    if profile.parts.count > 1 {
      lines.append(
        "the run has segments or loops: \(profile.parts.count) plans, the first number is the plan's"
      )
    }
    let (every, apart) = rows(order)
    lines += table(every, shows: .share)
    lines.append(
      every.isEmpty
        ? "no kernel runs: what is asked for is fed, constant or kept, or has no effect"
        : "kernels take \(percent(every.reduce(0) { $0 + $1.share })) of \(profile.runCount) "
          + "profiled runs, the rest is finding plans, binding, and copying what is fetched")
    if !apart.isEmpty {
      lines.append("only after a variable changed:")
      lines += table(apart, shows: .nothing)
    }
    return lines
  }

  private enum ShareColumn { case share, nothing }

  private func table(_ kernels: [KernelProfile], shows column: ShareColumn) -> [String] {
    guard !kernels.isEmpty else { return [] }
    let hasCalls = kernels.contains { !$0.isApart && $0.callsPerRun != 1 }
    var titles = ["#", "best us", "median us", "share", "GFLOP/s", "GB/s", "peak"]
    if hasCalls { titles.insert("calls", at: 1) }
    let textColumns = ["by", "kernel", "computes"]
    let rows = kernels.map { kernel -> [String] in
      var cells = [
        number(kernel), fixed(kernel.best, 1), fixed(kernel.median, 1),
        column == .share ? percent(kernel.share) : "-",
        fixed(kernel.operationsPerSecond / 1e9, 2), fixed(kernel.bytesPerSecond / 1e9, 2),
        percent(shareOfPeak(kernel.operationsPerSecond)),
      ]
      if hasCalls { cells.insert(short(kernel.callsPerRun), at: 1) }
      return cells + [kernel.backend, kernel.form, computed(kernel)]
    }
    let all = [titles + textColumns] + rows
    let widths = all[0].indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if column < titles.count { return padding + cell }
        return column == row.count - 1 ? cell : cell + padding
      }
      return cells.joined(separator: "  ")
    }
  }

  /// The nodes of the user's graph, the first few with the line that made them.
  private func computed(_ kernel: KernelProfile) -> String {
    let shown = kernel.sources.prefix(Self.shownSources).map { source in
      source.name + (source.site.map { " (\(place($0)))" } ?? "")
    }
    let more = kernel.sources.count - shown.count
    return shown.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  /// More nodes make rows that nobody reads; the JSON holds all.
  private static let shownSources = 3

  /// File and line without the directories.
  private func place(_ site: SourceSite) -> String {
    let file = site.file.split(separator: "/").last.map(String.init) ?? site.file
    return "\(file):\(site.line)"
  }

  private func percent(_ part: Double) -> String { fixed(part * 100, 1) + "%" }

  /// How often, without decimals where it is a whole number.
  private func short(_ number: Double) -> String {
    number == number.rounded() ? fixed(number, 0) : fixed(number, 2)
  }

  private func scaled(_ count: Int, _ unit: String) -> String {
    let scales: [(Double, String)] = [(1e9, "G"), (1e6, "M"), (1e3, "K")]
    for (scale, prefix) in scales where Double(count) >= scale {
      return "\(fixed(Double(count) / scale, 2)) \(prefix)\(unit)"
    }
    return "\(count) \(unit)"
  }

  /// A number with so many decimals.
  private func fixed(_ number: Double, _ places: Int) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "-" }
    let power = (0..<places).reduce(1) { power, _ in power * 10 }
    let whole = Int((abs(number) * Double(power)).rounded())
    let sign = number < 0 && whole > 0 ? "-" : ""
    if places == 0 { return "\(sign)\(whole)" }
    let decimals = String(whole % power)
    return "\(sign)\(whole / power)."
      + String(repeating: "0", count: places - decimals.count) + decimals
  }
}
