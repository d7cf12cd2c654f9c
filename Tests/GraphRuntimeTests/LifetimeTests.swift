import Dataflow
import Testing

/// What nobody holds any longer is freed: graphs with collections, and the sessions on them.
@Suite struct LifetimeTests {
  private func trained(_ number: Int) throws -> Graph {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let y = graph.placeholder(.int64, [nil], name: "y")
    let training = graph.placeholder(default: true, name: "training")
    let hidden = Layers.batchNormalization(Layers.dense(x, units: 3), training: training)
    let logits = Layers.dropout(relu(hidden), rate: 0.5, training: training)
    let loss = Losses.sparseSoftmaxCrossEntropy(labels: y, logits: logits)
    let train = AdamOptimizer().minimize(loss)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let images = TensorValue(zeros: [2, 4], dtype: .float32)
    try session.run(
      [train] + graph.collection(.updateOps),
      feeding: [x: images, y: TensorValue([Int64(0), Int64(number % 3)])])
    return graph
  }

  @Test func graphsThatWereTrainedAreFreed() throws {
    for number in 0..<100 {
      weak var graph: Graph?
      do {
        let own = try trained(number)
        graph = own
        #expect(!own.collection(.trainOp).isEmpty)
      }
      #expect(graph == nil, "graph \(number) is held by something")
    }
  }

  @Test func graphsWithFunctionsAndFromTextAreFreed() throws {
    weak var read: Graph?
    weak var source: Graph?
    do {
      let graph = Graph()
      let x = graph.placeholder(.float32, [], name: "x")
      let loop = graph.whileLoop([x], condition: { $1[0] .< 10 }, body: { [$1[0] * 2] })
      graph.add(loop[0], to: .losses)
      source = graph
      #expect(try Session(graph).run(loop[0], feeding: [x: 3.0]).doubles == [12])
      let text = try GraphText.lines(of: trained(1)).map { $0 + "\n" }.joined()
      let own = Graph()
      try GraphText.parse(text, path: "text.graph", into: own)
      read = own
      #expect(!own.variables().isEmpty && !own.collection(.trainOp).isEmpty)
    }
    #expect(read == nil && source == nil)
  }

  @Test func anElementOfAnotherGraphIsRefused() {
    let (one, other) = (Graph(), Graph())
    one.add(other.constant(1.0, name: "c"), to: .losses)
    #expect(one.collection(.losses).isEmpty && "\(one.errors)".contains("another graph"))
  }
}
