import Foundation
import Testing

/// What `graphc bench` prints and writes, and what it refuses; no times.
@Suite struct BenchTests {
  /// A folder that is gone after `body`, with a graph of two kernels in it.
  private func withGraph(_ body: (_ folder: URL, _ graph: String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "t.graph")
    let text = """
      %x = Placeholder() {dtype: float32, shape: (?, 4)} : float32[?, 4]
      %w = Const() {value: float32[4, 3] splat 0.5} : float32[4, 3]
      %p = MatMul(%x, %w) : float32[?, 3]
      %y = Elu(%p) : float32[?, 3]
      %axis = Const() {value: int32[1] [0]} : int32[1]
      %total = Sum(%y, %axis) : float32[3]

      """
    try text.write(to: file, atomically: true, encoding: .utf8)
    try body(folder, file.path)
  }

  private let quick = ["--runs", "2", "--seconds", "0"]

  @Test func theTableHasARowForEachKernelWithItsNodesAndLines() throws {
    try withGraph { _, graph in
      let (output, status) = try GraphcProcess.run(
        ["bench", graph, "--fetch", "total:0", "--feed", "x=50,4"] + quick)
      #expect(status == 0)
      let lines = output.split(separator: "\n")
      #expect(lines.first?.hasSuffix("of 2 runs") == true, "\(output)")
      #expect(
        lines.contains { $0.contains("contraction[50, 3, 4]") && $0.contains("p (t.graph:3)") },
        "\(output)")
      #expect(
        lines.contains {
          $0.contains("over [50]") && $0.contains("total (t.graph:6), y (t.graph:4)")
        }, "\(output)")
      #expect(lines.contains { $0.hasPrefix("peak: ") && $0.contains("product of 512x512") })
    }
  }

  @Test func theJSONIsOneObjectAndTheTraceHasEveryKernel() throws {
    try withGraph { folder, graph in
      let trace = folder.appending(path: "trace.json")
      let (output, status) = try GraphcProcess.run(
        ["bench", graph, "--fetch", "total", "--feed", "x=50,4", "--json", "--trace", trace.path]
          + quick)
      #expect(status == 0, "\(output)")
      let json = try #require(
        JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
      let kernels = try #require(json["kernels"] as? [[String: Any]])
      #expect(kernels.count == 2)
      let written = try #require(
        JSONSerialization.jsonObject(with: Data(contentsOf: trace)) as? [String: Any])
      let events = try #require(written["traceEvents"] as? [[String: Any]])
      for kernel in kernels {
        let form = try #require(kernel["kernel"] as? String)
        #expect(events.contains { ($0["name"] as? String)?.hasSuffix(form) == true })
      }
      // Nothing is left of writing aside.
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
          == ["t.graph", "trace.json"])
    }
  }

  @Test func mistakesNameTheCureBeforeAnythingIsMeasured() throws {
    try withGraph { folder, graph in
      let wrong: [([String], String)] = [
        ([], "name a tensor with --fetch or an operation with --target"),
        (["--fetch", "nothing"], "the graph has no tensor \"nothing\""),
        (["--fetch", "y:0", "--feed", "z=50,4"], "the graph has no tensor \"z\""),
        (["--fetch", "y:0", "--feed", "x=50"], "cannot be fed a value of shape [50]"),
        (["--fetch", "y:0", "--feed", "x=a"], "must be NAME=SIZE"),
        (["--fetch", "y:0", "--feed", "x=50,4", "--runs", "0"], "--runs must be at least 1"),
        (["--fetch", "y:0", "--feed", "x=50,4", "--sort", "size"], "sort"),
        (
          ["--fetch", "y:0", "--feed", "x=50,4", "--trace", folder.path + "/none/t.json"],
          "none/t.json: cannot open it for writing"
        ),
        (["--fetch", "y:0", "--feed", "x=50,4", "--trace", folder.path], "it is a directory"),
      ]
      for (arguments, message) in wrong {
        let (output, status) = try GraphcProcess.run(["bench", graph] + arguments)
        #expect(status != 0 && output.contains(message), "\(arguments) gave \(output)")
        #expect(!output.contains("best"), "\(output)")
      }
    }
  }
}
