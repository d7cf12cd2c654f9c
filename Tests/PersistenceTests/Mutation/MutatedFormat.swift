import Dataflow
import Foundation
import GraphRuntime
import GraphTools
import TensorFlowFormats
import Testing

/// A format with a file of it, and what a reader of such files does with it.
struct MutatedFormat: Sendable, CustomTestStringConvertible {
  let name: String
  /// Damages the file and uses it, in a folder of the test's own.
  let use: @Sendable (_ mutator: inout Mutator, _ folder: String) throws -> Void

  var testDescription: String { name }

  static let all: [MutatedFormat] = [
    graph("pb", fixture("mutation/net.pb")), graph("pbtxt", fixture("mutation/net.pbtxt")),
    graph("meta", fixture("mutation/net.meta")), graph("graph", text), tensor, images,
    checkpoint("index", damaging: ".index"), checkpoint("data", damaging: ".data-00000-of-00001"),
    entries(
      "entries", "adam.index", ["adam.data-00000-of-00001"]), version1, table, savedModel, events,
    records,
  ]

  static func fixture(_ name: String) -> [UInt8] {
    guard let url = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil),
      let data = try? Data(contentsOf: url)
    else { preconditionFailure("the fixture \(name) is missing") }
    return [UInt8](data)
  }

  /// The text form of TensorFlow's file.
  private static var text: [UInt8] {
    let path = Bundle.module.resourcePath.map { $0 + "/Fixtures/mutation/net.meta" } ?? ""
    guard let graph = try? GraphFile.read(path) else {
      preconditionFailure("the fixture \(path) cannot be read")
    }
    return Array(GraphText.lines(of: graph).map { $0 + "\n" }.joined().utf8)
  }

  static func write(_ bytes: [UInt8], _ folder: String, _ name: String) throws -> String {
    let path = folder + "/" + name
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  /// A graph's file: read, shown in every form, planned and run.
  static func graph(_ ending: String, _ bytes: [UInt8]) -> MutatedFormat {
    MutatedFormat(name: ending) { mutator, folder in
      let path = try write(mutator.damaged(bytes), folder, "mutant.\(ending)")
      let graph = try GraphFile.read(path)
      _ = GraphText.lines(of: graph)
      _ = JSON.text(of: graph)
      _ = Summary.lines(of: graph)
      _ = GraphFile.text(graph)
      _ = try TFMetaGraphDef(graph).bytes()
      try run(graph, &mutator)
    }
  }

  /// Runs something of a graph, on zeros, within bounds that a test can wait for.
  static func run(_ graph: Graph, _ mutator: inout Mutator) throws {
    var settings = CompilerSettings()
    settings.roundLimit = 1000
    let session = try Session(
      graph, backend: .cpu, threads: 1, memoryBudget: 256 << 20, compiler: settings)
    var feeds = Feeds()
    for node in graph.operations where node.op == "Placeholder" {
      let sizes = (node.output(0).shape.dimensions ?? []).map { $0 ?? 2 }
      guard let count = Shape(sizes).checkedCount, count <= 1 << 20,
        node.output(0).dtype.byteCount != nil
      else { continue }
      feeds.feed(
        TensorValue(zeros: Shape(sizes), dtype: node.output(0).dtype), to: node.output(0))
    }
    let outputs = graph.operations.flatMap(\.outputs)
    guard !outputs.isEmpty else { return }
    for _ in 0..<2 {
      _ = try session.run([outputs[mutator.number(below: outputs.count)]], feeding: feeds)
    }
  }
}
