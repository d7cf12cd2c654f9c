import Dataflow
import Testing

@Suite struct LayerTests {
  @Test func dropoutScalesWhatItKeepsAndOnlyInTraining() throws {
    let graph = Graph()
    graph.setRandomSeed(3)
    let x = graph.placeholder(.float32, [nil], name: "x")
    let training = graph.placeholder(default: false, name: "training")
    let y = Layers.dropout(x, rate: 0.25, training: training)
    let session = try Session(graph)
    let ones = [Float](repeating: 1, count: 4000)
    #expect(try session.run(y, feeding: [x: ones]).scalars(as: Float.self) == ones)
    let first = try session.run(y, feeding: [x: ones, training: true]).scalars(as: Float.self)
    #expect(Set(first) == [0, 1 / 0.75])
    let dropped = first.filter { $0 == 0 }.count
    #expect((880...1120).contains(dropped), "\(dropped) of 4000")
    let second = try session.run(y, feeding: [x: ones, training: true]).scalars(as: Float.self)
    #expect(first != second)
  }

  @Test func layersBearTensorFlowsNames() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let h = Layers.batchNormalization(Layers.dense(x, units: 3, name: "hidden"), training: true)
    _ = Layers.dense(h, units: 2)
    _ = Layers.dense(h, units: 2)
    let names = graph.variables().map(\.name)
    #expect(
      names == [
        "hidden/kernel", "hidden/bias", "batch_normalization/gamma", "batch_normalization/beta",
        "batch_normalization/moving_mean", "batch_normalization/moving_variance", "dense/kernel",
        "dense/bias", "dense_1/kernel", "dense_1/bias",
      ])
    #expect(graph.operation(named: "hidden/MatMul") != nil)
    #expect(graph.operation(named: "hidden/BiasAdd") != nil)
    #expect(graph.variables(in: .trainableVariables).count == 8)
    #expect(graph.collection(.updateOps).count == 2)
  }

  @Test func movingAveragesFollowOnlyTheUpdateOps() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 1], name: "x")
    let training = graph.placeholder(default: false, name: "training")
    let y = Layers.batchNormalization(x, momentum: 0.5, epsilon: 0, training: training)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let data: [[Float]] = [[1], [3]]
    let normal = try session.run(y, feeding: [x: data, training: true])
    #expect(try normal.scalars(as: Float.self) == [-1, 1])
    #expect(try session.run(y, feeding: [x: data]).scalars(as: Float.self) == [1, 3])
    try session.run(graph.collection(.updateOps), feeding: [x: data, training: true])
    let moving = graph.variables().suffix(2)
    let values = try moving.map { try session.value(of: $0).scalars(as: Float.self)[0] }
    // Halfway from 0 to the batch's mean 2, and from 1 to its variance 1.
    #expect(values == [1, 1])
  }

  @Test func embeddingsTrainOnlyTheRowsTheyTouch() throws {
    let graph = Graph()
    let table = graph.variable([[Float(1), 2], [3, 4], [5, 6]], name: "table")
    let rows = graph.placeholder(.int32, [nil], name: "rows")
    let loss = reduceSum(square(embeddingLookup(table, rows)))
    let train = GradientDescentOptimizer(learningRate: 0.25).minimize(loss)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.run([train], feeding: [rows: [Int32(0), 2, 2]])
    // Each touched row moves by 0.25 · 2 · row for each time that it is looked up.
    #expect(
      try session.value(of: table).scalars(as: Float.self) == [0.5, 1, 3, 4, 0, 0])
  }
}
