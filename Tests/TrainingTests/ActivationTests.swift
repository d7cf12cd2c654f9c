import Dataflow
import Testing

/// Activations and their gradients against TensorFlow 2.21.
@Suite struct ActivationTests {
  private static let functions: [String: @Sendable (Tensor) -> Tensor] = [
    "linear": { Activation.linear($0) }, "sigmoid": { Activation.sigmoid($0) },
    "tanh": { Activation.tanh($0) }, "softplus": { Activation.softplus($0) },
    "softsign": { Activation.softsign($0) }, "relu": { Activation.relu($0) },
    "relu6": { Activation.relu6($0) }, "elu": { Activation.elu($0) },
    "selu": { Activation.selu($0) }, "leaky_relu": { Activation.leakyRelu()($0) },
    "leaky_relu-0.3": { Activation.leakyRelu(alpha: 0.3)($0) },
    "gelu": { Activation.gelu($0) }, "gelu-approximate": { gelu($0, approximate: true) },
    "swish": { Activation.swish($0) }, "swish-beta": { swish($0, beta: 1.7) },
    "softmax": { Activation.softmax($0) }, "softmax-axis0": { Activation.softmax(axis: 0)($0) },
    "log_softmax-axis0": { logSoftmax($0, axis: 0) },
    "thresholded_relu": { Activation.thresholdedRelu()($0) },
    "rrelu": { Layers.randomizedLeakyRelu($0) },
    "parametric_relu": { Layers.parametricRelu($0, alphaInitializer: .constant(0.3)) },
  ]

  @Test func valuesAndGradientsAreTensorFlows() throws {
    let reference = try Reference("activations", as: ReferenceFunction.self)
    #expect(Set(reference.cases.keys) == Set(Self.functions.keys))
    for (name, function) in Self.functions.sorted(by: { $0.key < $1.key }) {
      let graph = Graph()
      let x = graph.placeholder(.float32, [nil, 5], name: "x")
      let upstream = graph.placeholder(.float32, [nil, 5], name: "upstream")
      let y = function(x)
      let dx = try #require(gradients(of: reduceSum(y * upstream), withRespectTo: [x])[0])
      let session = try Session(graph)
      try session.run(graph.globalVariablesInitializer())
      let feeds: Feeds = [
        x: try #require(reference.inputs["x"]).value(),
        upstream: try #require(reference.inputs["upstream"]).value(),
      ]
      let (value, gradient) = try session.run((y, dx), feeding: feeds)
      let expected = try reference(name)
      try expectEqual(value, expected.y, name)
      try expectEqual(gradient, expected.dx, name + "'s gradient")
    }
  }

  @Test func namesFindActivations() throws {
    for name in ["relu", "selu", "softmax", "gelu", "leaky_relu"] {
      #expect(Activation(named: name)?.name == name)
    }
    #expect(Activation(named: "silu")?.name == "swish")
    #expect(Activation(named: "rely") == nil)
  }

  @Test func randomizedSlopesLieBetweenTheirBoundsWhileTraining() throws {
    let graph = Graph()
    graph.setRandomSeed(2)
    let x = graph.placeholder(.float32, [nil], name: "x")
    let training = graph.placeholder(default: false, name: "training")
    let y = Layers.randomizedLeakyRelu(x, lower: 0.1, upper: 0.3, training: training)
    let session = try Session(graph)
    let ones = [Float](repeating: -1, count: 1000) + [2]
    let slopes = try session.run(y, feeding: [x: ones, training: true]).scalars(as: Float.self)
    #expect(slopes.dropLast().allSatisfy { (-0.3 ... -0.1).contains($0) })
    #expect(slopes.last == 2)
    #expect(Set(slopes).count > 900)
    let mean = try session.run(y, feeding: [x: ones]).scalars(as: Float.self)
    #expect(abs(mean[0] + 0.2) < 1e-6)
  }

  @Test func wrongAxesAndShapesAreReported() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, nil, 3], name: "x")
    _ = softmax(x, axis: 3)
    _ = Layers.parametricRelu(x)
    _ = Layers.randomizedLeakyRelu(x, lower: 1, upper: 0)
    #expect(graph.errors.count == 3)
    #expect(graph.errors[0].description.contains("no axis 3"))
  }
}
