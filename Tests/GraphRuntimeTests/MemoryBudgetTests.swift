import Dataflow
import Testing

/// Runs that need more memory than they may take are refused before anything runs.
@Suite struct MemoryBudgetTests {
  private struct Net {
    let graph = Graph()
    let x: Tensor
    let y: Tensor
    let counted: Node

    init() {
      graph.setRandomSeed(1)
      x = graph.placeholder(.float32, [nil, 100], name: "x")
      let hidden = relu(Layers.dense(x, units: 200, name: "dense"), name: "wide")
      y = Layers.dense(hidden, units: 10, name: "narrow")
      let count = graph.variable(Float(0), name: "count")
      counted = count.assignAdd(Float(1))
    }
  }

  /// The initializer takes 80,000 bytes; the packed weights beside the buffers would take 104,400.
  @Test func operandsArePackedOnlyWhereTheBudgetHasRoom() throws {
    let net = Net()
    let value = TensorValue(repeating: Float(1), shape: [10, 100])
    func result(_ budget: Int?) throws -> TensorValue {
      let session = try Session(net.graph, memoryBudget: budget)
      try session.run(net.graph.globalVariablesInitializer())
      return try session.run(net.y, feeding: [net.x: value])
    }
    #expect(try result(90_000) == result(nil))
  }

  @Test func aRunBeyondTheBudgetIsRefused() throws {
    let net = Net()
    let session = try Session(net.graph, memoryBudget: 1 << 20)
    try session.run(net.graph.globalVariablesInitializer())
    func run(_ batch: Int) throws {
      let value = TensorValue(repeating: Float(1), shape: [batch, 100])
      _ = try session.run(net.y, targets: [net.counted], feeding: [net.x: value])
    }
    try run(10)
    let error = try #require(throws: SessionError.self, performing: { try run(10_000) })
    let text = "\(error)"
    // The hidden layer and the result, each rounded to cache lines.
    #expect(text.contains("8400000 bytes"), "\(text)")
    #expect(text.contains("budget of 1048576"), "\(text)")
    #expect(text.contains("float32[10000, 200], 8000000 bytes"), "\(text)")
    #expect(text.contains("of \"wide\""), "\(text)")
    try run(10)
    let count = net.graph.variables().first { $0.name == "count" }!
    #expect(try session.value(of: count).scalar(as: Float.self) == 2)
  }
}
