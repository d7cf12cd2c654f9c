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
    entries,
  ]

  private static func fixture(_ name: String) -> [UInt8] {
    guard let url = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil),
      let data = try? Data(contentsOf: url)
    else { preconditionFailure("the fixture \(name) is missing") }
    return [UInt8](data)
  }

  /// The text form of TensorFlow's file.
  private static var text: [UInt8] {
    let path = Bundle.module.resourcePath.map { $0 + "/Fixtures/mutation/net.meta" } ?? ""
    guard let graph = try? GraphFile.read(path) else { return [] }
    return Array(GraphText.lines(of: graph).map { $0 + "\n" }.joined().utf8)
  }

  private static func write(_ bytes: [UInt8], _ folder: String, _ name: String) throws -> String {
    let path = folder + "/" + name
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  /// A graph's file: read, shown in every form, planned and run.
  private static func graph(_ ending: String, _ bytes: [UInt8]) -> MutatedFormat {
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
  private static func run(_ graph: Graph, _ mutator: inout Mutator) throws {
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

  /// NumPy's file of one tensor.
  private static let tensor = MutatedFormat(name: "npy") { mutator, folder in
    let path = try write(
      mutator.damaged(fixture("mutation/tensor.npy")), folder, "mutant.npy")
    _ = try NPY.read(path)
  }

  /// The digits' format.
  private static let images = MutatedFormat(name: "idx") { mutator, folder in
    let sizes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 5]
    let pixels = (0..<120).map { UInt8($0) }
    let path = try write(mutator.damaged(sizes + pixels), folder, "mutant-idx3-ubyte")
    _ = try IDX.read(path)
  }

  /// One file of a checkpoint damaged, the other whole.
  private static func checkpoint(_ name: String, damaging ending: String) -> MutatedFormat {
    let files = [".index", ".data-00000-of-00001"].map { ($0, fixture("adam" + $0)) }
    return MutatedFormat(name: name) { mutator, folder in
      for (own, bytes) in files {
        _ = try write(own == ending ? mutator.damaged(bytes) : bytes, folder, "mutant" + own)
      }
      try readAll(folder + "/mutant")
    }
  }

  /// An index whose entries are damaged and whose checksums are right: what a stranger would write.
  private static let entries: MutatedFormat = {
    let data = fixture("adam.data-00000-of-00001")
    let index = (try? SortedTable.read(fixture("adam.index"), path: "adam.index")) ?? []
    return MutatedFormat(name: "entries") { mutator, folder in
      var table = index
      let number = mutator.number(below: table.count)
      if mutator.number(below: 4) == 0 {
        table[number].key = mutator.damaged(table[number].key)
      } else {
        table[number].value = mutator.damaged(table[number].value)
      }
      table.sort { $0.key.lexicographicallyPrecedes($1.key) }
      _ = try write(SortedTable.write(table), folder, "mutant.index")
      _ = try write(data, folder, "mutant.data-00000-of-00001")
      try readAll(folder + "/mutant")
    }
  }()

  private static func readAll(_ prefix: String) throws {
    let reader = try CheckpointReader(prefix: prefix)
    for entry in reader.entries { _ = try reader.value(of: entry.name) }
  }
}
