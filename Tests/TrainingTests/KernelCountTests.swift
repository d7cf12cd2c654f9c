import Dataflow
import GraphCompiler
import Testing

/// How many kernels a batch-normalised classifier takes, whatever its layers are called and however
/// many there are.
@Suite struct KernelCountTests {
  private struct Classifier {
    let graph = Graph()
    let x: Tensor
    let y: Tensor
    let training: Tensor
    let logits: Tensor
    let loss: Tensor
    let train: Node

    /// - Parameters:
    ///   - units: the sizes of the hidden layers.
    ///   - prefix: what the layers' names begin with.
    ///   - labelsFirst: whether the placeholders are made in another order.
    init(_ units: [Int], prefix: String = "hidden", labelsFirst: Bool = false) {
      let graph = graph
      if labelsFirst {
        y = graph.placeholder(.int64, [nil], name: "labels")
        training = graph.placeholder(default: false, name: "is_training")
        x = graph.placeholder(.float32, [nil, 77], name: "images")
      } else {
        x = graph.placeholder(.float32, [nil, 77], name: "X")
        y = graph.placeholder(.int64, [nil], name: "y")
        training = graph.placeholder(default: false, name: "training")
      }
      var hidden = x
      for (index, size) in units.enumerated() {
        let dense = Layers.dense(hidden, units: size, name: "\(prefix)\(index)")
        hidden = elu(Layers.batchNormalization(dense, momentum: 0.9, training: training))
      }
      let outputs = Layers.dense(hidden, units: 10, name: "\(prefix)outputs")
      logits = Layers.batchNormalization(outputs, momentum: 0.9, training: training)
      loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
      train = GradientDescentOptimizer(learningRate: 0.01).minimize(loss)
    }

    /// The kernels of a run that is not once a change.
    func kernels(_ fetch: Tensor, training isTraining: Bool, batch: Int) throws -> [Kernel] {
      let session = try Session(graph)
      let updates = isTraining ? [train] + graph.collection(.updateOps).map(\.target) : []
      var feeds: Feeds = [
        x: TensorValue(zeros: [batch, 77], dtype: .float32), training: isTraining,
      ]
      if isTraining { feeds.feed(TensorValue(zeros: [batch], dtype: .int64), to: y) }
      return try session.planned(fetching: [fetch], targets: updates, feeding: feeds).plan
        .steps.filter { !$0.isLive }.map(\.kernel)
    }
  }

  @Test(arguments: [[300, 100], [64], [31, 41, 59, 26], [100, 100, 100, 100, 100, 100]])
  func aLayerTakesOneProductAndAStepFiveKernels(_ units: [Int]) throws {
    for (prefix, labelsFirst) in [("hidden", false), ("another/name", true)] {
      let net = Classifier(units, prefix: prefix, labelsFirst: labelsFirst)
      let layers = units.count + 1
      let evaluation = try net.kernels(net.logits, training: false, batch: 50)
      #expect(evaluation.count == layers)
      #expect(
        evaluation.allSatisfy {
          if case .contraction(let product) = $0 { product.epilogue != nil } else { false }
        })
      // Forwards a product and its normalization; backwards its normalization, the product for the
      // layer below and the weights' update; the cross-entropy with its mean and gradient.
      let step = try net.kernels(net.loss, training: true, batch: 50)
      #expect(step.count == 5 * layers, "\(step.count) kernels")
    }
  }
}
