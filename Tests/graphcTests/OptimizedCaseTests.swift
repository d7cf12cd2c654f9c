import Dataflow
import Foundation
import TensorFlowFormats
import Testing

/// Conformance cases optimized for the shapes that they are fed give the same values.
///
/// `DATAFLOW_OPTIMIZED_CASES` names a folder that keeps them for TensorFlow to run too.
@Suite struct OptimizedCaseTests {
  private struct Description: Codable {
    let feeds: [String: String]
    let fetches: [String: String]
    var `init`: [String]?
    var targets: [String]?
    var steps: Int?
    let rtol: Double
    let atol: Double
  }

  @Test(arguments: [("conformance", 330), ("loops", 18), ("recurrent", 77)])
  func optimizedCasesGiveTheSameValues(_ cases: (name: String, count: Int)) throws {
    let kept = ProcessInfo.processInfo.environment["DATAFLOW_OPTIMIZED_CASES"].map {
      URL(filePath: $0)
    }
    let root =
      kept ?? FileManager.default.temporaryDirectory.appending(path: "optimized-\(UUID())")
    defer { if kept == nil { try? FileManager.default.removeItem(at: root) } }
    let folder = root.appending(path: cases.name)
    try PackedFixture.unpacked(cases.name) { source in
      for name in try FileManager.default.contentsOfDirectory(atPath: source.path).sorted() {
        let target = folder.appending(path: name)
        #expect(throws: Never.self, "\(name)") {
          try optimize(source.appending(path: name), to: target)
        }
      }
    }
    let lines = try GraphcProcess.run(["conformance", folder.path]).output.split(separator: "\n")
    #expect(
      lines.last == "\(cases.count) passed, 0 failed", "\(lines.prefix(5).joined(separator: "\n"))")
  }

  /// Writes a case whose graph is another one's after its steps, with constants instead of variables.
  private func optimize(_ source: URL, to target: URL) throws {
    var description = try JSONDecoder().decode(
      Description.self, from: Data(contentsOf: source.appending(path: "case.json")))
    let session = try Session(GraphFile.read(source.appending(path: "graph.pb").path))
    var feeds = Feeds()
    var shapes: [Tensor: PartialShape] = [:]
    for (name, file) in description.feeds {
      let value = try NPY.read(source.appending(path: file).path)
      let tensor = try session.tensor(named: name)
      feeds.feed(value, to: tensor)
      shapes[tensor] = PartialShape(value.shape)
    }
    if let initial = description.`init` {
      try session.run(try initial.map { try session.node(named: $0) })
    }
    if let targets = try description.targets?.map({ try session.node(named: $0) }) {
      for _ in 0..<(description.steps ?? 1) { try session.run(targets, feeding: feeds) }
    }
    let fetches = try description.fetches.keys.sorted().map { try session.tensor(named: $0) }
    let optimized = try OptimizedGraph(of: session, fetching: fetches, shapes: shapes)
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    try optimized.write(to: target.appending(path: "graph.pb").path)
    for file in Set(description.feeds.values).union(description.fetches.values) {
      try FileManager.default.copyItem(
        at: source.appending(path: file), to: target.appending(path: file))
    }
    (description.`init`, description.targets, description.steps) = (nil, nil, nil)
    try JSONEncoder().encode(description).write(to: target.appending(path: "case.json"))
  }
}
