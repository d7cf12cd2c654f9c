import Dataflow
import Testing

@Suite struct ErrorTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func everyMistakeOfAGraphIsReportedAtOnceWithItsLine() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    _ = matmul(x, graph.constant([[1.0, 2]], name: "w"), name: "first")
    _ = x + graph.constant([1, 2, 3, 4])
    let text = message { _ = try Session(graph) }
    #expect(text.contains("2 mistakes"))
    #expect(text.contains("\"first\"") && text.contains("ErrorTests.swift:"))
    #expect(text.contains("float32") && text.contains("int32"))
  }

  @Test func badFeedsAreNamed() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 2], name: "x")
    let y = x * 2
    let session = try Session(graph)
    #expect(message { _ = try session.run(y) }.contains("\"x:0\""))
    #expect(message { _ = try session.run(y, feeding: [x: [1.0, 2, 3]]) }.contains("[3]"))
    #expect(
      message { _ = try session.run(y, feeding: [x: TensorValue([Int32(1)])]) }
        .contains("int32"))
    #expect(
      message { _ = try session.run(fetching: ["z:0"], feeding: [:]) }.contains("\"z:0\""))
    let other = Graph().placeholder(.float32, name: "other")
    #expect(message { _ = try session.run(other) }.contains("not part of"))
  }

  @Test func anUninitialisedVariableIsNamed() throws {
    let graph = Graph()
    let v = graph.variable([1.0], name: "weights")
    let session = try Session(graph)
    #expect(message { _ = try session.run(v.value * 2) }.contains("\"weights\""))
  }

  @Test func anEmptyBatchRuns() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 3], name: "x")
    let y = relu(matmul(x, graph.constant([[1.0], [2.0], [3.0]])) + 1)
    let empty = TensorValue(zeros: [0, 3], dtype: .float32)
    #expect(try Session(graph).run(y, feeding: [x: empty]).shape == [0, 1])
  }
}
