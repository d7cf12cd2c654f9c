import Dataflow
import Foundation
import GraphCompiler
import GraphCore
import GraphRuntime
import GraphTools
import StandardOps
import Testing

/// What a profiled run says of its kernels, and the work that is counted for them; no times.
@Suite struct BenchTests {
  private let graph = Graph()

  private func report(
    _ fetches: [Tensor], _ feeds: Feeds, tracing: Int = 0
  ) throws -> BenchReport {
    let session = try Session(graph, threads: 2)
    if !graph.variables().isEmpty { try session.run(graph.globalVariablesInitializer()) }
    return try BenchReport(
      "test", of: session, fetching: fetches, feeding: feeds, runs: 3, seconds: 0, tracing: tracing)
  }

  private func zeros(_ shape: Shape) -> TensorValue { TensorValue(zeros: shape, dtype: .float32) }

  @Test func rowsNameTheSourceNodesAndTheirWork() throws {
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let line = #line + 1
    let product = matmul(x, graph.constant([[Float]](repeating: [1, 2, 3], count: 4)), name: "p")
    let y = relu(product + graph.constant([Float(1), 2, 3]), name: "y")
    let total = reduceSum(y, axes: [1], name: "total")
    let report = try report([y, total], [x: zeros([5, 4])])
    #expect(report.kernels.count == 2 && report.kernels.allSatisfy { $0.callsPerRun == 1 })
    let first = try #require(report.kernels.first)
    #expect(first.form == "contraction[5, 3, 4] + epilogue")
    #expect(Set(first.sources.map(\.name)).isSuperset(of: ["p", "y"]), "\(first.sources)")
    #expect(first.sources.first { $0.name == "p" }?.site?.line == UInt(line))
    #expect(!first.backend.isEmpty)
    // Two operations a term, and a sum and a maximum (however the latter is written) an element.
    let epilogue = first.work.operations - 2 * 5 * 3 * 4
    #expect(epilogue >= 2 * 15 && epilogue.isMultiple(of: 15))
    #expect(first.work.bytesRead == 4 * (5 * 4 + 4 * 3 + 3))
    #expect(first.work.bytesWritten == 4 * 15)
    let last = try #require(report.kernels.last)
    #expect(last.form == "reduction[5] over [3]" && last.sources.map(\.name) == ["total"])
    #expect(last.work.operations == 15 && last.work.bytes == 4 * (15 + 5))
    // The steps are part of the runs around them.
    let share = report.kernels.reduce(0) { $0 + $1.share }
    #expect(share > 0 && share <= 1)
    #expect(report.kernels.allSatisfy { $0.best > 0 && $0.best <= $0.median })
    let lines = report.lines()
    #expect(lines.contains { $0.contains("p (BenchTests.swift:\(line))") }, "\(lines)")
    #expect(report.lines(sortedBy: .time).count == lines.count)
  }

  @Test func convolutionsAndRepeatedElementsAreCountedOnce() throws {
    let x = graph.placeholder(.float32, [1, 6, 6, 2], name: "x")
    let filter = graph.placeholder(.float32, [3, 3, 2, 4], name: "filter")
    let y = conv2d(x, filter, name: "y")
    let report = try report([y], [x: zeros([1, 6, 6, 2]), filter: zeros([3, 3, 2, 4])])
    let work = report.work
    #expect(work.operations == 2 * 4 * 4 * 4 * 3 * 3 * 2)
    #expect(work.bytesRead == 4 * (6 * 6 * 2 + 3 * 3 * 2 * 4))
    #expect(work.bytesWritten == 4 * 4 * 4 * 4)
  }

  @Test func whatIsKeptIsListedApart() throws {
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let kernel = graph.variable([[Float]](repeating: [1, 2, 3], count: 4), name: "kernel")
    let y = matmul(x, exp(kernel.value), name: "y")
    let report = try report([y], [x: zeros([2, 4])], tracing: 2)
    let (every, apart) = report.rows(.plan)
    #expect(every.map(\.form) == ["contraction[2, 3, 4]"])
    #expect(apart.count == 1 && apart[0].best > 0 && apart[0].share == 0)
    let lines = report.lines()
    let title = try #require(lines.firstIndex(of: "only after a variable changed:"))
    #expect(lines.count == title + 3)
    // The first traced run computes it too.
    let live = report.profile.calls.filter { report.profile.parts[0].plan.steps[$0.step].isLive }
    #expect(live.count == 1)
  }

  @Test func roundsAreCounted() throws {
    let limit = graph.placeholder(.float32, [], name: "limit")
    let condition = Function.built("go", [.float32, .float32], in: graph) { _, v in [v[0] .< v[1]] }
    let body = Function.built("squared", [.float32, .float32], in: graph) { _, v in
      [square(v[0], name: "square"), v[1]]
    }
    let loop = graph.add(
      Ops.StatelessWhile.self, [graph.constant(Float(2)), limit], name: "loop",
      ["cond": .function(condition.name, [:]), "body": .function(body.name, [:])])
    let report = try report([loop.output(0)], [limit: TensorValue(Float(100))])
    #expect(report.profile.parts.count == 1)
    // 2 → 4 → 16 → 256.
    let squaring = try #require(report.kernels.first { $0.sources.map(\.name).contains("square") })
    #expect(squaring.callsPerRun == 3)
  }

  @Test func segmentsHaveAPlanEach() throws {
    let x = graph.placeholder(.float32, [4], name: "x")
    let places = x.apply(Ops.Where.self)
    let report = try report([reduceSum(places + 1)], [x: TensorValue([Float(0), 1, 0, 2])])
    #expect(report.profile.parts.count > 1)
    #expect(report.lines().contains { $0.hasPrefix("the run has segments or loops") })
  }

  @Test func aSessionProfilesARunOfItsOwn() throws {
    let x = graph.placeholder(.float32, [nil], name: "x")
    let y = graph.placeholder(default: Float(2), name: "y")
    // Feeds are what Swift's literals make, not only tensors.
    let text = try Session(graph).profile(
      fetching: [tanh(x * y, name: "z")], feeding: [x: [Float(1), 2, 3], y: 3.0])
    #expect(text.contains("loop[3]") && text.contains("z (BenchTests.swift:"), "\(text)")
    let nothing = try Session(graph).profile(fetching: [x], feeding: [x: [Float(1)]])
    #expect(nothing.contains("no kernel runs"), "\(nothing)")
  }

  @Test func theJSONAndTheTraceHoldEveryKernel() throws {
    let x = graph.placeholder(.float32, [nil, 300], name: "x")
    let weights = graph.constant(
      [[Float]](repeating: Array(repeating: 0.5, count: 200), count: 300))
    let hidden = matmul(x, weights, name: "hidden")
    let y = softmax(tanh(hidden), name: "y")
    let report = try report([y], [x: zeros([400, 300])], tracing: 3)
    let json = try #require(
      JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
    let kernels = try #require(json["kernels"] as? [[String: Any]])
    #expect(kernels.count == report.kernels.count)
    #expect(kernels.compactMap { $0["kernel"] as? String } == report.kernels.map(\.form))
    #expect((json["run"] as? [String: Any])?["runs"] as? Int == 3)
    #expect((json["run"] as? [String: Any])?["operations"] as? Int == report.work.operations)

    let text = ChromeTrace.text(of: report)
    let trace = try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let events = try #require(trace["traceEvents"] as? [[String: Any]])
    func count(_ category: String) -> Int { events.count { $0["cat"] as? String == category } }
    #expect(count("run") == 3 && count("kernel") == 3 * report.kernels.count)
    for kernel in report.kernels {
      let name = "\(kernel.step + 1) \(kernel.form)"
      #expect(events.count { $0["name"] as? String == name } == 3, "\(name)")
    }
    // Every tile of every call ran on some thread.
    for (number, _) in report.profile.calls.enumerated() {
      let ranges = report.profile.tiles.filter { $0.call == number }.map(\.tiles)
      let tiles = ranges.flatMap { Array($0) }.sorted()
      #expect(!tiles.isEmpty && tiles == Array(0..<tiles.count))
    }
    #expect(events.filter { $0["ph"] as? String == "M" }.count == 3)
  }
}
