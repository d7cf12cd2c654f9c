import Dataflow
import Foundation
import Testing

/// Partial restores from checkpoints that TensorFlow wrote (`Fixtures/make_checkpoints.py`).
@Suite struct PartialRestoreTests {
  private static func path(_ name: String) throws -> String {
    let index = try #require(
      Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "index"))
    return index.deletingPathExtension().path
  }

  /// The variable's numbers.
  private static func numbers(_ variable: Variable, _ session: Session) throws -> [Double] {
    try #require(try session.value(of: variable).doubles)
  }

  /// As many numbers, counted up from the first.
  private static func counted(_ first: Double, _ count: Int) -> [Double] {
    (0..<count).map { first + Double($0) }
  }

  private static func variable(_ graph: Graph, _ shape: Shape, _ name: String) -> Variable {
    graph.variable(graph.constant(-1.0, .float32, shape: shape), name: name)
  }

  @Test func aPartitionedVariableRestoresAsAWholeOfAnotherName() throws {
    let graph = Graph()
    let table = Self.variable(graph, [7, 2], "words/table")
    let kernel = Self.variable(graph, [2, 3], "outputs/kernel")
    let bias = Self.variable(graph, [4], "outputs/bias")
    let added = Self.variable(graph, [2], "added")
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let saver = Saver(graph)
    let names = ["words/table": "embedding/table"]
    let report = try saver.restorePartially(
      session, from: Self.path("partitioned"), names: names)
    #expect(
      report.description == """
        2 restored, 1 missing in the file, 1 unused in the file, 1 of another shape
        restored words/table from embedding/table
        other shape outputs/bias: wanted float32[4], found float32[3]
        missing added
        unused step
        """)
    #expect(try Self.numbers(table, session) == Self.counted(100, 14))
    #expect(try Self.numbers(kernel, session) == Self.counted(200, 6))
    #expect(try Self.numbers(bias, session) == [-1, -1, -1, -1])
    #expect(try Self.numbers(added, session) == [-1, -1])
    #expect {
      try saver.restore(session, from: Self.path("partitioned"), names: names)
    } throws: {
      "\($0)".contains("missing added") && "\($0)".contains("wanted float32[4], found float32[3]")
    }
  }

  @Test func threePartsRestoreAsTwoOfAnotherName() throws {
    let graph = try GraphFile.read(Self.path("partitioned") + ".meta")
    let parts = graph.variables()
    #expect(parts.map(\.name) == ["tower/table/part_0", "tower/table/part_1"])
    let session = try Session(graph)
    try session.run(graph.variablesInitializer(parts))
    #expect(try Self.numbers(parts[1], session) == Self.counted(8, 6))
    let unlike = try Saver(graph).restorePartially(session, from: Self.path("partitioned"))
    #expect(unlike.missing == parts.map(\.name) && unlike.restored.isEmpty)

    // The map names a partitioned variable as a whole, as the file does.
    let report = try Saver(graph).restorePartially(
      session, from: Self.path("partitioned"), names: ["tower/table": "embedding/table"])
    #expect(report.isComplete)
    #expect(report.restored.map(\.variable) == parts.map(\.name))
    #expect(report.restored.map(\.source) == ["embedding/table", "embedding/table"])
    #expect(report.unused == ["outputs/bias", "outputs/kernel", "step"])
    #expect(try Self.numbers(parts[0], session) == Self.counted(100, 8))
    #expect(try Self.numbers(parts[1], session) == Self.counted(108, 6))
  }

  @Test func objectsOfTensorFlow2RestoreByNames() throws {
    let graph = Graph()
    let kernel = Self.variable(graph, [3, 2], "hidden/kernel")
    // The file says which object's variable had this name.
    let bias = Self.variable(graph, [2], "bias")
    let head = Self.variable(graph, [2, 3], "head/kernel")
    let step = graph.variable(Int64(0), name: "global_step", trainable: false)
    let lost = Self.variable(graph, [2], "lost")
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let ending = "/.ATTRIBUTES/VARIABLE_VALUE"
    let report = try Saver(graph).restorePartially(
      session, from: Self.path("objects-1"),
      names: [
        "hidden/kernel": "net/encoder/kernel" + ending,
        "head/kernel": "net/layers/0/kernel" + ending, "global_step": "step" + ending,
        "lost": "net/nowhere" + ending,
      ])
    #expect(
      report.description == """
        3 restored, 1 missing in the file, 1 unused in the file, 1 of another shape
        restored hidden/kernel from net/encoder/kernel/.ATTRIBUTES/VARIABLE_VALUE
        restored bias from net/encoder/bias/.ATTRIBUTES/VARIABLE_VALUE
        restored global_step from step/.ATTRIBUTES/VARIABLE_VALUE
        other shape head/kernel: wanted float32[2, 3], found float32[2, 4]
        missing lost
        unused save_counter/.ATTRIBUTES/VARIABLE_VALUE
        """)
    #expect(try Self.numbers(kernel, session) == Self.counted(400, 6))
    #expect(try Self.numbers(bias, session) == Self.counted(500, 2))
    #expect(try Self.numbers(head, session) == [-1, -1, -1, -1, -1, -1])
    #expect(try session.value(of: step).scalar(as: Int64.self) == 9)
    #expect(try Self.numbers(lost, session) == [-1, -1])
  }
}
