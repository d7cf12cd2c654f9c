import Foundation
import Testing

/// The graphs in `graphs/`: each comes back from `graphc dump` byte for byte, and the command in its
/// first line prints what follows `#>` and exits with 0, or with N if the second line is `# exits N`.
/// In both `%` stands for the graph's own path; in the command `%/` is the folder.
@Suite struct GoldenTests {
  @Test(arguments: Graphs.all) func comesBackByteForByte(_ graph: URL) throws {
    let (output, status) = try GraphcProcess.run(["dump", graph.path])
    #expect(status == 0)
    #expect(output == (try String(contentsOf: graph, encoding: .utf8)))
  }

  @Test(arguments: Graphs.all) func commandPrintsWhatIsExpected(_ graph: URL) throws {
    let lines = try String(contentsOf: graph, encoding: .utf8).split(separator: "\n")
    let command = try #require(lines.first.flatMap { $0.hasPrefix("# graphc ") ? $0 : nil })
    let arguments = command.dropFirst("# graphc ".count).split(separator: " ").map {
      if $0 == "%" { return graph.path }
      return $0.hasPrefix("%/") ? Graphs.folder.path + $0.dropFirst(1) : String($0)
    }
    let exits = lines.dropFirst().first.flatMap {
      $0.hasPrefix("# exits ") ? Int32($0.dropFirst(8)) : nil
    }
    let expected = lines.filter { $0.hasPrefix("#> ") }.map { $0.dropFirst(3) }
    guard !expected.isEmpty else { return }
    let (output, status) = try GraphcProcess.run(arguments)
    #expect(status == exits ?? 0)
    let shown = output.split(separator: graph.path).joined(separator: "%")
    #expect(shown.split(separator: "\n") == expected)
  }

  @Test func unknownOpsAreReportedBeforeAnythingRuns() throws {
    let graph = try #require(Graphs.all.first { $0.lastPathComponent == "everything-said.graph" })
    let (output, status) = try GraphcProcess.run(
      ["run", graph.path, "--fetch", "taken:0", "--fetch", "half:0"])
    #expect(status != 0)
    #expect(output.contains("SomebodysOp (1 node, such as \"unknown\")"), "\(output)")
    #expect(output.contains("taken:0 needs SomebodysOp"), "\(output)")
    #expect(output.contains("without them run: half:0"), "\(output)")
    let (alone, good) = try GraphcProcess.run(["run", graph.path, "--fetch", "half:0"])
    #expect(good == 0 && alone.contains("half:0 = float16[] 0.5"), "\(alone)")
  }

  @Test func mistakesNameTheirLine() throws {
    let broken = [
      ("%a = Const() {value: float32[2] [1.0]} : float32[2]\n", "broken.graph:1:"),
      ("# fine\n%a = Tanh(%b) : float32[]\n", "broken.graph:2:"),
      ("%a = Const() {value: float32[] 1.0} : float32[]\n%b = Tanh(%a) : int32[]\n", "graph:2:"),
      ("collection c {\n", "has no end"),
      ("%a = Tanh(%a) : float32[]\n", "cycle"),
    ]
    let folder = FileManager.default.temporaryDirectory.appending(path: "graphs-\(getpid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "broken.graph")
    for (text, expected) in broken {
      try text.write(to: file, atomically: true, encoding: .utf8)
      let (output, status) = try GraphcProcess.run(["dump", file.path])
      #expect(status != 0)
      #expect(output.contains(expected), "\(text) gave \(output)")
    }
  }
}

/// The graphs of the repository.
enum Graphs {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "graphs")
  static let all =
    ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
    ?? []).filter { $0.pathExtension == "graph" }.sorted { $0.path < $1.path }
}

/// The tool that was built beside the tests.
enum GraphcProcess {
  /// What it printed, errors included, and its status.
  ///
  /// - Parameters:
  ///   - environment: variables beside those of the tests.
  ///   - folder: where it runs.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], in folder: URL? = nil
  ) throws -> (output: String, status: Int32) {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = folder }
    process.executableURL = Bundle.main.executableURL?.deletingLastPathComponent()
      .appending(path: "graphc")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
  }
}
