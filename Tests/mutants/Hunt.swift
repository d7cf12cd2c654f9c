import Foundation

/// Hands ranges of mutants to processes, and notes at which mutant one died.
final class Hunt {
  private let command: Mutants
  private var next = 0
  private let total: Int
  /// The mutants that took too long once.
  private var late = Set<Int>()
  /// A line for each mutant that ended a process.
  private(set) var failures: [String] = []

  /// The mutants of one process, unless one ends it before.
  private static let batch = 500

  init(_ command: Mutants, total: Int) {
    self.command = command
    self.total = total
  }

  func run() {
    let trails = (0..<command.jobs).map { _ in
      NSTemporaryDirectory() + "/dataflow-mutants-\(UUID().uuidString)"
    }
    var running: [(process: Process, range: Range<Int>, trail: String)] = []
    var free = trails
    var pending: [Range<Int>] = []
    while true {
      while let trail = free.last, let range = pending.popLast() ?? nextRange() {
        free.removeLast()
        running.append((start(range, trail), range, trail))
      }
      if running.isEmpty { break }
      Thread.sleep(forTimeInterval: 0.02)
      for index in running.indices.reversed() where !running[index].process.isRunning {
        let (process, range, trail) = running.remove(at: index)
        free.append(trail)
        if process.terminationStatus == 0, process.terminationReason == .exit { continue }
        let last = (try? String(contentsOfFile: trail, encoding: .utf8)) ?? ""
        let line = last.split(separator: "\n").last.map(String.init) ?? "\(range.lowerBound) start"
        let number = Int(line.split(separator: " ")[0]) ?? range.lowerBound
        let isLate = process.terminationReason != .exit && process.terminationStatus == SIGPROF
        // Seconds of a processor are no steady measure: a second try tells a hang from a slow machine.
        if isLate, late.insert(number).inserted {
          pending.append(number..<range.upperBound)
          continue
        }
        let kind = process.terminationReason == .exit ? "exit" : isLate ? "hang" : "signal"
        failures.append("\(kind) \(process.terminationStatus): \(line)")
        print(failures[failures.count - 1])
        fflush(nil)
        if number + 1 < range.upperBound { pending.append((number + 1)..<range.upperBound) }
      }
    }
    for trail in trails {
      try? FileManager.default.removeItem(atPath: trail)
      try? FileManager.default.removeItem(atPath: trail + ".d")
    }
  }

  private func nextRange() -> Range<Int>? {
    guard next < total else { return nil }
    let range = next..<min(next + Self.batch, total)
    next = range.upperBound
    return range
  }

  private func start(_ range: Range<Int>, _ trail: String) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      command.cases + [
        "--count", "\(command.count)", "--seed", "\(command.seed)", "--from",
        "\(range.lowerBound)", "--to", "\(range.upperBound)", "--trail", trail,
      ] + (command.extremes ? ["--extremes"] : []) + command.step.flatMap { ["--step", $0] }
    // A trap's backtrace takes half a minute, and is looked at by running the mutant alone.
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["SWIFT_BACKTRACE": "enable=no", "DATAFLOW_CACHE": ""]) { _, new in new }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try? process.run()
    return process
  }
}
