import Dataflow
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct SaverTests {
  private func folder() throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("dataflow-\(UInt64.random(in: 0 ... .max))").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  private func model() -> (Graph, Variable, Variable) {
    let graph = Graph()
    let w = graph.variable([[1.0, 2], [3, 4]], name: "layer/w")
    let n = graph.variable(Int64(7), name: "n", trainable: false)
    return (graph, w, n)
  }

  @Test func savedVariablesComeBack() throws {
    let path = try folder() + "/model.ckpt"
    let (graph, w, n) = model()
    let saver = Saver(graph)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.set(w, to: TensorValue([Float(5), 6, 7, 8], shape: [2, 2]))
    try saver.save(session, to: path)
    let other = try Session(graph)
    try saver.restore(other, from: path)
    #expect(try other.value(of: w).scalars(as: Float.self) == [5, 6, 7, 8])
    #expect(try other.value(of: n).scalar(as: Int64.self) == 7)
  }

  @Test func everyFlippedBitIsFound() throws {
    let path = try folder() + "/model.ckpt"
    let (graph, w, _) = model()
    let saver = Saver(graph)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try saver.save(session, to: path, writesMetaGraph: false)
    let good = try session.value(of: w)
    for ending in [".index", ".data-00000-of-00001"] {
      let url = URL(fileURLWithPath: path + ending)
      let bytes = try Data(contentsOf: url)
      for bit in 0..<(bytes.count * 8) {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        try damaged.write(to: url)
        let fresh = try Session(graph)
        if (try? saver.restore(fresh, from: path)) != nil {
          #expect(try fresh.value(of: w) == good, "bit \(bit) of \(ending)")
        }
      }
      for length in 0..<bytes.count {
        try bytes.prefix(length).write(to: url)
        #expect(throws: (any Error).self) { try saver.restore(session, from: path) }
      }
      try bytes.write(to: url)
    }
    try saver.restore(session, from: path)
  }

  @Test func onlyTheLatestAreKept() throws {
    let directory = try folder()
    let (graph, _, _) = model()
    let saver = Saver(graph, maxToKeep: 2)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    for step in 1...3 { try saver.save(session, to: directory + "/m", globalStep: step) }
    let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    #expect(files.filter { $0.hasSuffix(".index") } == ["m-2.index", "m-3.index"])
    let state = try String(contentsOfFile: directory + "/checkpoint", encoding: .utf8)
    #expect(state.hasPrefix("model_checkpoint_path: \"m-3\"\n"))
  }

  @Test func anUnwritablePathAndMissingValuesAreNamed() throws {
    let (graph, _, _) = model()
    let saver = Saver(graph)
    let session = try Session(graph)
    #expect(throws: SessionError.self) { try saver.save(session, to: "/tmp/never") }
    try session.run(graph.globalVariablesInitializer())
    #expect(throws: (any Error).self) { try saver.save(session, to: "/proc/none/m") }
  }
}
