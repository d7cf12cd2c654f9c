import Dataflow
import Testing

/// Losses and their gradients against `tf.losses` of TensorFlow 2.21 and Keras 3.
@Suite struct LossTests {
  private struct Inputs {
    let graph: Graph
    let tensors: [String: Tensor]
    subscript(name: String) -> Tensor { tensors[name]! }
  }
  private typealias Loss = @Sendable (_ x: Tensor, Inputs) -> Tensor

  private static let losses: [String: (source: String, loss: Loss)] = {
    var all: [String: (source: String, loss: Loss)] = [
      "mean_squared_error": (
        "predictions", { Losses.meanSquaredError(labels: $1["labels"], predictions: $0) }
      ),
      "absolute_difference": (
        "predictions",
        {
          Losses.absoluteDifference(
            labels: $1["labels"], predictions: $0, weights: $1["weights"])
        }
      ),
      "huber_loss": ("predictions", { Losses.huber(labels: $1["labels"], predictions: $0) }),
      "huber_loss-delta": (
        "predictions", { Losses.huber(labels: $1["labels"], predictions: $0, delta: 0.4) }
      ),
      "hinge_loss": ("predictions", { Losses.hinge(labels: $1["binary"], logits: $0) }),
      "sigmoid_cross_entropy": (
        "predictions", { Losses.sigmoidCrossEntropy(labels: $1["binary"], logits: $0) }
      ),
      "sigmoid_cross_entropy-smooth": (
        "predictions",
        { Losses.sigmoidCrossEntropy(labels: $1["binary"], logits: $0, labelSmoothing: 0.1) }
      ),
      "softmax_cross_entropy": (
        "predictions", { Losses.softmaxCrossEntropy(labels: $1["onehot"], logits: $0) }
      ),
      "softmax_cross_entropy-smooth": (
        "predictions",
        {
          Losses.softmaxCrossEntropy(
            labels: $1["onehot"], logits: $0, weights: reshape($1["weights"], to: [-1]),
            labelSmoothing: 0.1)
        }
      ),
      "sparse_softmax_cross_entropy": (
        "predictions", { Losses.sparseSoftmaxCrossEntropy(labels: $1["classes"], logits: $0) }
      ),
      "log_loss": ("probabilities", { Losses.log(labels: $1["binary"], predictions: $0) }),
    ]
    let reductions: [(String, Losses.Reduction)] = [
      ("none", .none), ("sum", .sum), ("mean", .mean),
      ("sum_over_batch_size", .sumOverBatchSize),
      ("sum_by_nonzero_weights", .sumByNonzeroWeights),
    ]
    for (name, reduction) in reductions {
      all["mean_squared_error-\(name)"] = (
        "predictions",
        {
          Losses.meanSquaredError(
            labels: $1["labels"], predictions: $0, weights: $1["weights"], reduction: reduction)
        }
      )
    }
    return all
  }()

  private static let keras: [String: (source: String, loss: Loss)] = [
    "binary_crossentropy": (
      "probabilities", { Losses.binaryCrossEntropy(labels: $1["binary"], predictions: $0) }
    ),
    "binary_crossentropy-smooth": (
      "probabilities",
      { Losses.binaryCrossEntropy(labels: $1["binary"], predictions: $0, labelSmoothing: 0.2) }
    ),
    "categorical_crossentropy": (
      "probabilities", { Losses.categoricalCrossEntropy(labels: $1["onehot"], predictions: $0) }
    ),
    "categorical_crossentropy-smooth": (
      "simplex",
      {
        Losses.categoricalCrossEntropy(
          labels: $1["onehot"], predictions: $0, labelSmoothing: 0.2)
      }
    ),
    "sparse_categorical_crossentropy": (
      "simplex",
      { Losses.sparseCategoricalCrossEntropy(labels: $1["classes"], predictions: $0) }
    ),
    "kl_divergence": (
      "simplex", { Losses.kullbackLeiblerDivergence(labels: $1["other"], predictions: $0) }
    ),
  ]

  @Test func lossesAreTensorFlows() throws { try check("losses", Self.losses) }
  @Test func lossesOfProbabilitiesAreKeras() throws { try check("keras-losses", Self.keras) }

  private func check(_ file: String, _ losses: [String: (source: String, loss: Loss)]) throws {
    let reference = try Reference(file, as: ReferenceFunction.self)
    #expect(Set(reference.cases.keys) == Set(losses.keys))
    let shared = try Reference("losses", as: ReferenceFunction.self).inputs
    let inputs = shared.merging(reference.inputs) { $1 }
    for (name, (source, loss)) in losses.sorted(by: { $0.key < $1.key }) {
      let graph = Graph()
      var tensors: [String: Tensor] = [:]
      for (key, input) in inputs {
        tensors[key] = graph.constant(try input.value(key == "classes" ? .int32 : .float32))
      }
      let x = graph.placeholder(.float32, [nil, 3], name: "x")
      let y = loss(x, Inputs(graph: graph, tensors: tensors))
      #expect(graph.collection(.losses).map(\.target) == [y.node], "\(name): is listed")
      let dx = try #require(gradients(of: y, withRespectTo: [x])[0], "\(name): a gradient")
      let feeds: Feeds = [x: try #require(inputs[source]).value()]
      let (value, gradient) = try Session(graph).run((y, dx), feeding: feeds)
      let expected = try reference(name)
      try expectEqual(value, expected.y, name)
      try expectEqual(gradient, expected.dx, name + "'s gradient")
    }
  }

  @Test func theTotalTakesInPenalties() throws {
    let graph = Graph()
    let x = graph.constant([[Float(1), 2]])
    let y = Layers.dense(
      x, units: 1, kernelInitializer: .ones, kernelRegularizer: .l2(0.5), name: "layer")
    _ = Losses.meanSquaredError(labels: graph.constant([[Float(1)]]), predictions: y)
    let (all, alone) = (
      Losses.total(in: graph), Losses.total(in: graph, addRegularizationLosses: false)
    )
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let (total, loss) = try session.run((all, alone))
    #expect(try total.scalar(as: Float.self) == 5)
    #expect(try loss.scalar(as: Float.self) == 4)
  }
}
