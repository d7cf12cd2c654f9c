import Dataflow
import Foundation
import Testing

/// Graphs rewritten for sizes that are not known.
@Suite struct OpenSizesTests {
  private func optimized(
    _ graph: Graph, _ fetches: [Tensor], variables: [(Variable, TensorValue)] = []
  ) throws -> (graph: Graph, result: OptimizedGraph) {
    let session = try Session(graph)
    for (variable, value) in variables { try session.set(variable, to: value) }
    let result = try OptimizedGraph(of: session, fetching: fetches)
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).pb")
    defer { try? FileManager.default.removeItem(at: file) }
    try result.write(to: file.path)
    return (try GraphFile.read(file.path), result)
  }

  /// Shape arithmetic on the batch stays, a normalization after a layer goes, at every size.
  @Test func batchesStayUnknown() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 2, 3], name: "x")
    let w = graph.variable(graph.constant(TensorValue(zeros: [6, 4], dtype: .float32)), name: "w")
    let batch = slice(shape(of: x), begin: [0], size: [1])
    let flat = reshape(x, to: concat([batch, graph.constant([Int32(6)])], axis: 0))
    let scaled = matmul(flat, w.value) * graph.constant([Float(1), 2, 3, 4]) + 1
    let y = identity(scaled, name: "y")
    let value = try TensorValue((0..<24).map { Float($0) / 7 }, shape: [6, 4])
    let (small, result) = try optimized(graph, [y], variables: [(w, value)])
    #expect(result.notes == [])
    #expect(small.operations.filter { $0.op == "Mul" || $0.op == "VarHandleOp" }.isEmpty)
    #expect(small.tensor(named: "x:0")?.shape == [nil, 2, 3])
    let session = try Session(graph)
    try session.set(w, to: value)
    for batch in [1, 2, 5] {
      let input = try TensorValue(
        (0..<(batch * 6)).map { Float($0 % 11) - 4 }, shape: [batch, 2, 3])
      let wanted = try session.run(y, feeding: [x: input]).scalars(as: Float.self)
      let found = try Session(small).run(fetching: ["y:0"], feeding: ["x:0": input])[0]
      #expect(found.shape == [batch, 4])
      let numbers = try found.scalars(as: Float.self)
      #expect(zip(wanted, numbers).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($0)) })
    }
  }

  @Test func severalOutputsOfOneNodeKeepTheirNames() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let halves = split(x * 1, into: 2, axis: 1, name: "halves")
    let (small, _) = try optimized(graph, halves)
    let found = try Session(small).run(
      fetching: ["halves:0", "halves:1"], feeding: ["x:0": [[1, 2, 3, 4]] as [[Float]]])
    #expect(try found.map { try $0.scalars(as: Float.self) } == [[1, 2], [3, 4]])
  }

  @Test func aVariableWithoutValueIsNamed() throws {
    let graph = Graph()
    let w = graph.variable(graph.constant([Float(1)]), name: "w")
    let error = #expect(throws: (any Error).self) { try optimized(graph, [identity(w.value)]) }
    #expect("\(String(describing: error))".contains("\"w\" has no value"))
  }
}
