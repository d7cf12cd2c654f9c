import Dataflow
import Testing

/// Results have the same bits at every number of threads, and run after run.
@Suite struct DeterminismTests {
  private func expectAlike(
    _ graph: Graph, _ fetches: [Tensor], targets: [any GraphElement] = [], _ feeds: Feeds
  ) throws {
    func results(_ threads: Int) throws -> [TensorValue] {
      let session = try Session(graph, backend: .llvm, threads: threads)
      if !graph.variables().isEmpty { try session.run(graph.globalVariablesInitializer()) }
      var values: [TensorValue] = []
      for _ in 0..<3 { values += try session.run(fetches, targets: targets, feeding: feeds) }
      return try values + graph.variables().map { try session.value(of: $0) }
    }
    let one = try results(1)
    for threads in [1, 2, 8] {
      let other = try results(threads)
      #expect(other == one, "\(threads) threads")
      // Equal values may still be zeros of two signs.
      for (a, b) in zip(one, other) {
        let isSame = a.withUnsafeBytes { a in b.withUnsafeBytes { a.elementsEqual($0) } }
        #expect(isSame, "\(threads) threads")
      }
    }
  }

  @Test func productsAndReductions() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [513, 291])
    let w = graph.variable(try Numbers.ordinary([291, 317], seed: 2), name: "w")
    let y = tanh(matmul(x, w.value) + 0.1)
    try expectAlike(
      graph,
      [
        y, reduceSum(y, axes: [0]), reduceMean(y, axes: [1]), reduceSum(y * y),
        matmul(x, x, transposeA: true), matmul(y, y, transposeB: true), softmax(y),
      ], [x: Numbers.ordinary([513, 291])])
  }

  @Test func convolutionsWithTheirTraining() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4, 31, 29, 24])
    let w = graph.variable(try Numbers.ordinary([3, 3, 24, 20], seed: 2), name: "w")
    let d = graph.variable(try Numbers.ordinary([3, 3, 20, 1], seed: 3), name: "d")
    let hidden = relu(conv2d(x, w.value, padding: "SAME"))
    let y = depthwiseConv2d(hidden, d.value, strides: [2, 2], padding: "SAME")
    let loss = reduceMean(square(y))
    let step = AdamOptimizer(learningRate: 0.01).minimize(loss)
    try expectAlike(graph, [loss], targets: [step], [x: Numbers.ordinary([4, 31, 29, 24])])
  }

  @Test func aClassifiersTraining() throws {
    let graph = Graph()
    graph.setRandomSeed(1)
    let x = graph.placeholder(.float32, [50, 300])
    let y = graph.placeholder(.int64, [50])
    let hidden = elu(
      Layers.batchNormalization(
        Layers.dense(x, units: 200, kernelInitializer: .varianceScaling()), training: true))
    let logits = Layers.dense(hidden, units: 10, kernelInitializer: .varianceScaling())
    let loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
    let step = AdamOptimizer(learningRate: 0.01).minimize(loss)
    try expectAlike(
      graph, [loss], targets: [step] + graph.collection(.updateOps),
      [x: Numbers.ordinary([50, 300]), y: TensorValue((0..<50).map { Int64($0 % 10) })])
  }
}
