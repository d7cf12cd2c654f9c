import Dataflow
import Foundation
import Testing

/// Damaged files of every format give errors and results, never a trap, a hang, or a gigabyte.
///
/// `DATAFLOW_MUTANTS=100000` tries more, `DATAFLOW_FORMAT=pb` those of one format; `DATAFLOW_SEED` repeats
/// a run and `DATAFLOW_FIRST` begins it at a mutant: the one that a trap leaves in the file that is
/// printed.
@Suite(.serialized) struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["DATAFLOW_MUTANTS"].flatMap { Int($0) } ?? 2000
  private static let seed =
    environment["DATAFLOW_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)

  private static let first = environment["DATAFLOW_FIRST"].flatMap { Int($0) } ?? 0
  private static let formats = MutatedFormat.all.filter {
    $0.name == environment["DATAFLOW_FORMAT"] ?? $0.name
  }

  @Test(arguments: formats) func mutantsGiveErrorsOnly(_ format: MutatedFormat) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "dataflow-mutants-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let trail = FileManager.default.temporaryDirectory.path + "/dataflow-mutant-\(format.name)"
    print(
      "\(format.name): \(Self.count) mutants of seed \(Self.seed); the last begun is in \(trail)")
    defer { try? FileManager.default.removeItem(atPath: trail) }
    Self.forgetPeak()
    var refused = 0
    for number in min(Self.first, Self.count)..<Self.count {
      try Data("\(number)\n".utf8).write(to: URL(filePath: trail))
      var mutator = Mutator(seed: Self.seed &* 1_000_003 &+ UInt64(number))
      let clock = ContinuousClock.now
      do {
        try format.use(&mutator, folder.path)
      } catch {
        refused += 1
        #expect(
          "\(error)".count < 20_000, "mutant \(number): an error of \("\(error)".count) letters")
      }
      // Not a measurement: a loop that a file makes endless would end here too.
      #expect(ContinuousClock.now - clock < .seconds(60), "mutant \(number) hangs")
    }
    #expect(Self.peakMegabytes() < 1024, "\(format.name) took \(Self.peakMegabytes()) MB")
    #expect(Self.first > 0 || refused > 0, "no mutant was refused")
  }

  /// Begins to measure the greatest memory use anew.
  private static func forgetPeak() {
    try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
  }

  private static func peakMegabytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) / 1024
  }
}
