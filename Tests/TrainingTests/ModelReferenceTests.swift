import Dataflow
import Testing

/// Small nets that Keras 3 trained (`Fixtures/make_model.py`): the same nets from the same weights over
/// the same batches have its losses and metrics, its predictions and its weights afterwards.
@Suite struct ModelReferenceTests {
  private struct Net: Decodable {
    let x: String
    let y: String
    /// How many of the examples train; the others validate.
    let count: Int
    /// The layer of each weight.
    let layers: [String]
    let before: [ReferenceTensor]
    let after: [ReferenceTensor]
    let history: [String: [Double]]
    let evaluation: [String: Double]
    let predictions: ReferenceTensor
  }

  /// Sums in another order: after the steps of five epochs, weights and predictions were found up to 3e-6
  /// of their size away where Adam scales small gradients up, and below 1e-6 elsewhere. A momentum of
  /// 0.89 for 0.9, a norm of 0.9001 for 0.9, or an epsilon of 1e-8 move weights by 6e-5 or more.
  private static let tolerance = 1e-5

  private static let nets: [String: @Sendable () throws -> Model] = [
    "normalized": normalized, "regularized": regularized, "convolutional": convolutional,
    "enlarging": enlarging, "words": words, "branched": branched,
  ]

  private static func normalized() throws -> Model {
    let model = try Sequential(
      [
        .dense(8, useBias: false), .batchNormalization(momentum: 0.9), .activation(.elu),
        .dense(6), .batchNormalization(epsilon: 1e-2, scale: false), .activation(.tanh),
        .dense(3),
      ], inputShape: [8])
    try model.compile(
      optimizer: GradientDescentOptimizer(learningRate: 0.1), loss: .sparseSoftmaxCrossEntropy,
      metrics: [.accuracy, .topKAccuracy(2)])
    return model
  }

  private static func regularized() throws -> Model {
    let model = try Sequential(
      [
        .dense(
          8, activation: .relu, kernelRegularizer: .l2(0.02), kernelConstraint: .maxNorm(0.9)),
        .dense(
          6, activation: .softplus, kernelRegularizer: .l1l2(l1: 0.001, l2: 0.01),
          biasRegularizer: .l1(0.01), biasConstraint: .nonNegative()),
        .dense(3, activation: .softmax, kernelConstraint: .unitNorm()),
      ], inputShape: [8])
    try model.compile(
      optimizer: MomentumOptimizer(learningRate: 0.05, momentum: 0.9, clipNorm: 0.4),
      loss: .categoricalCrossEntropy, metrics: [.accuracy])
    return model
  }

  private static func convolutional() throws -> Model {
    let model = try Sequential(
      [
        .conv2D(3, kernelSize: 3, activation: .relu), .maxPooling2D(),
        .conv2D(4, kernelSize: 2, padding: .same, useBias: false),
        // Of images TensorFlow 1 moves the average towards the unbiased variance, Keras 3 does not.
        .batchNormalization(momentum: 0.8, fused: false), .averagePooling2D(2, strides: 1),
        .flatten(), .dense(1, activation: .sigmoid),
      ], inputShape: [8, 8, 1])
    // TensorFlow 1's epsilon is 1e-8.
    try model.compile(
      optimizer: AdamOptimizer(learningRate: 0.03, epsilon: 1e-7), loss: .binaryCrossEntropy,
      metrics: [.accuracy, .auc, .precision, .recall])
    return model
  }

  private static func enlarging() throws -> Model {
    let model = try Sequential(
      [
        .depthwiseConv2D(kernelSize: 3, strides: 2, depthMultiplier: 2), .activation(.swish),
        .conv2DTranspose(3, kernelSize: 3, strides: 2, padding: .same),
        .separableConv2D(4, kernelSize: 2, activation: .selu), .globalAveragePooling2D(),
        .dense(3),
      ], inputShape: [8, 8, 1])
    try model.compile(
      optimizer: NadamOptimizer(learningRate: 0.02), loss: .softmaxCrossEntropy,
      metrics: [.accuracy])
    return model
  }

  private static func words() throws -> Model {
    let model = try Sequential(
      [
        .embedding(10, 4), .layerNormalization(), .conv1D(3, kernelSize: 2),
        .parametricRelu(sharedAxes: [1]), .flatten(), .dense(1),
      ], inputShape: [6], inputType: .int32)
    try model.compile(
      optimizer: GradientDescentOptimizer(learningRate: 0.05), loss: .meanSquaredError,
      metrics: [.meanAbsoluteError])
    return model
  }

  private static func branched() throws -> Model {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 8], name: "x")
    let low = Layers.dense(x, units: 6, activation: .relu, name: "low")
    let high = Layers.dense(low, units: 5, name: "high")
    let gate = Layers.dense(x, units: 5, activation: .sigmoid, name: "gate")
    let joined = Layers.concatenate([Layers.add([high, gate]), gate, x])
    let model = try Model(inputs: x, outputs: Layers.dense(joined, units: 2, name: "outputs"))
    try model.compile(
      optimizer: MomentumOptimizer(
        learningRate: 0.05, momentum: 0.8, useNesterov: true, globalClipNorm: 1),
      loss: .huber(delta: 0.7), metrics: [.meanSquaredError])
    return model
  }

  @Test(arguments: nets.keys.sorted()) func netsTrainAsInKeras(_ name: String) throws {
    let reference = try Reference("model", as: Net.self)
    #expect(Set(reference.cases.keys) == Set(Self.nets.keys))
    let net = try reference(name)
    let build = try #require(Self.nets[name])
    let model = try build()
    let layers = model.variables.map { variable in
      String(variable.name.split(separator: "/")[0])
    }
    #expect(layers == net.layers)
    try model.setWeights(net.before.map { try $0.value() })

    let examples = try #require(reference.inputs[net.x])
    let labels = try #require(reference.inputs[net.y])
    let labelType = try #require(model.labels).dtype
    let data = try DataSet.Split(
      examples.value(model.inputs.dtype), labels: labels.value(labelType))
    let validation = data[net.count..<data.count]
    let history = try model.fit(
      data[0..<net.count], epochs: 5, batchSize: 16, validation: validation, shuffle: false)
    #expect(Set(history.names) == Set(net.history.keys))
    for (number, course) in net.history {
      expectClose(
        history[number], course, "\(name): \(number)", absolute: Self.tolerance,
        relative: Self.tolerance)
    }
    let evaluation = try model.evaluate(validation)
    #expect(Set(evaluation.keys) == Set(net.evaluation.keys))
    for (number, value) in net.evaluation {
      let own = try #require(evaluation[number])
      expectClose(
        [own], [value], "\(name): \(number) of the evaluation", absolute: Self.tolerance,
        relative: Self.tolerance)
    }
    let predictions = try model.predict(validation.images)
    try expectEqual(
      predictions, net.predictions, "\(name): predictions",
      tolerance: Self.tolerance)
    let weights = try model.weights()
    for (place, variable) in model.variables.enumerated() {
      try expectEqual(
        weights[place], net.after[place], "\(name): \(variable.name)", tolerance: Self.tolerance)
    }
  }
}
