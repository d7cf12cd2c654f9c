import Dataflow
import Foundation
import GraphTools
import Testing

/// The page that shows a graph beside what runs.
@Suite struct ReportTests {
  private struct Data: Decodable {
    struct Node: Decodable { var name: String, kernels: [Int], needed: Bool, why: [String] }
    struct Kernel: Decodable {
      var form: String, nodes: [Int], rules: [String], backend: String
      var best: Double?
    }
    struct Rule: Decodable { var identity: String }
    struct Memory: Decodable {
      struct Buffer: Decodable { var offset: Int, bytes: Int, from: Int, to: Int }
      var bytes: Int, buffers: [Buffer], inUse: [Int]
    }
    var title: String, nodes: [Node], kernels: [Kernel], rules: [String: Rule], memory: Memory
  }

  /// The data that the page holds, as its script reads them.
  private func data(of page: String) throws -> Data {
    let mark = "<script id=\"data\" type=\"application/json\">"
    let start = try #require(page.firstRange(of: mark)).upperBound
    let end = try #require(page[start...].firstRange(of: "</script>")).lowerBound
    return try JSONDecoder().decode(Data.self, from: Foundation.Data(page[start..<end].utf8))
  }

  private func report(_ title: String, isProfiled: Bool = false) throws -> Data {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let weights = graph.constant([[Float]](repeating: [1, 2], count: 4), name: "dense/weights")
    let product = matmul(x, weights, name: "dense/product")
    let y = relu(product * graph.constant([Float(2), 3], name: "scale"), name: "y")
    let z = softmax(y, name: "z")
    _ = tanh(x, name: "unused")
    let session = try Session(graph)
    let feeds: Feeds = [x: [[Float]](repeating: [1, 2, 3, 4], count: 3)]
    let planned = try session.planned(fetching: [z], feeding: feeds)
    let profile =
      isProfiled
      ? try BenchReport(title, of: session, fetching: [z], feeding: feeds, runs: 3, seconds: 0)
      : nil
    let page = GraphReport(title, of: graph, planned, feeds: ["x=3,4"], profile: profile).html
    #expect(!page.contains("src="), "the page asks for another file")
    return try data(of: page)
  }

  @Test func nodesAndKernelsPointAtEachOther() throws {
    let found = try report("net.pb")
    let numbers = Dictionary(uniqueKeysWithValues: found.nodes.enumerated().map { ($1.name, $0) })
    let product = found.nodes[try #require(numbers["dense/product"])]
    let kernel = found.kernels[try #require(product.kernels.first)]
    #expect(kernel.form.hasPrefix("contraction[3, 2, 4]"), "\(kernel.form)")
    #expect(kernel.nodes.contains(try #require(numbers["y"])))
    #expect(kernel.rules == ["scale-into-weights"])
    #expect(found.rules["scale-into-weights"]?.identity.isEmpty == false)
    let unused = found.nodes[try #require(numbers["unused"])]
    #expect(!unused.needed && unused.kernels.isEmpty)
    #expect(unused.why.contains("no kernel: nothing that is fetched or run needs it"))
    #expect(found.kernels.allSatisfy { ["llvm", "cpu"].contains($0.backend) && $0.best == nil })
  }

  @Test func memoryIsInsideTheArena() throws {
    let memory = try report("net.pb").memory
    #expect(!memory.buffers.isEmpty)
    for buffer in memory.buffers {
      #expect(buffer.offset >= 0 && buffer.offset + buffer.bytes <= memory.bytes)
      #expect(buffer.from <= buffer.to)
    }
    #expect(memory.inUse.allSatisfy { $0 <= memory.bytes } && memory.inUse.contains { $0 > 0 })
  }

  @Test func timesAreThereIfTheRunWasMeasured() throws {
    let found = try report("net.pb", isProfiled: true)
    #expect(found.kernels.allSatisfy { ($0.best ?? 0) > 0 })
  }

  @Test func namesAreTextWhateverTheyHold() throws {
    let title = "</script><b>\"it's\" \\ \u{7}é"
    #expect(try report(title).title == title)
  }
}
