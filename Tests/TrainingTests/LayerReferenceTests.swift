import Dataflow
import Testing

/// Layers with given weights against TensorFlow 2.21 and its Keras: results, the gradients of Σ y² with
/// respect to input and variables, and moving averages after their updates; under TensorFlow's names.
@Suite struct LayerReferenceTests {
  private struct Case: Decodable {
    let x: ReferenceTensor
    let y: ReferenceTensor
    let variables: [String: ReferenceTensor]
    let gradients: [String: ReferenceTensor]
    let after: [String: ReferenceTensor]?
  }
  private typealias Layer = @Sendable (Tensor) -> Tensor

  private static let layers: [String: Layer] = [
    "dense": { Layers.dense($0, units: 5, activation: .tanh) },
    "dense-rank3": { Layers.dense($0, units: 5, useBias: false) },
    "conv1d": { Layers.conv1D($0, filters: 4, kernelSize: 3, strides: 2, padding: .same) },
    "conv1d-dilated": { Layers.conv1D($0, filters: 4, kernelSize: 2, dilationRate: 2) },
  ]
  private static let images: [String: Layer] = [
    "conv2d": { Layers.conv2D($0, filters: 4, kernelSize: [3, 2], activation: .relu) },
    "conv2d-strides": {
      Layers.conv2D($0, filters: 4, kernelSize: 3, strides: [2, 1], padding: .same)
    },
    "conv2d-dilated": { Layers.conv2D($0, filters: 4, kernelSize: 2, dilationRate: 2) },
    "conv2d_transpose": {
      Layers.conv2DTranspose($0, filters: 4, kernelSize: [3, 2], strides: 2)
    },
    "conv2d_transpose-same": {
      Layers.conv2DTranspose($0, filters: 4, kernelSize: 3, strides: [2, 1], padding: .same)
    },
    "separable_conv2d": {
      Layers.separableConv2D(
        $0, filters: 4, kernelSize: 3, strides: 2, padding: .same, depthMultiplier: 2)
    },
    "depthwise_conv2d": {
      Layers.depthwiseConv2D($0, kernelSize: 3, strides: 2, padding: .same, depthMultiplier: 2)
    },
    "max_pooling2d": {
      Layers.maxPooling2D($0, poolSize: [3, 2], strides: 2, padding: .same)
    },
    "average_pooling2d": { Layers.averagePooling2D($0, padding: .same) },
    "max_pooling1d": { Layers.maxPooling1D($0, poolSize: 3, strides: 2) },
    "average_pooling1d": { Layers.averagePooling1D($0, padding: .same) },
    "global_max_pooling2d": { Layers.globalMaxPooling2D($0) },
    "global_average_pooling2d": { Layers.globalAveragePooling2D($0) },
    "global_max_pooling2d-first": {
      Layers.globalMaxPooling2D($0, dataFormat: .channelsFirst)
    },
    "global_average_pooling1d": { Layers.globalAveragePooling1D($0) },
  ]
  private static let others: [String: Layer] = [
    "flatten": { Layers.flatten($0) }, "reshape": { Layers.reshape($0, targetShape: [5, -1]) },
    "embedding": { Layers.embedding($0, inputDimension: 6, outputDimension: 3) },
    "batch_normalization": { Layers.batchNormalization($0, momentum: 0.9, training: true) },
    "batch_normalization-inference": { Layers.batchNormalization($0) },
    "batch_normalization-image": {
      Layers.batchNormalization($0, momentum: 0.9, training: true)
    },
    "batch_normalization-unfused": {
      Layers.batchNormalization($0, momentum: 0.9, training: true, fused: false)
    },
    "batch_normalization-axis1": {
      Layers.batchNormalization($0, axis: 1, momentum: 0.9, training: true)
    },
    "batch_normalization-axes": {
      Layers.batchNormalization($0, axes: [1, 3], momentum: 0.9, scale: false, training: true)
    },
    "layer_normalization": { Layers.layerNormalization($0) },
    "layer_normalization-axes": {
      Layers.layerNormalization($0, axes: [1, 2], epsilon: 1e-5)
    },
    "parametric_relu-shared": { Layers.parametricRelu($0, sharedAxes: [1, 2]) },
  ]
  private static let recurrent: [String: Layer] = [
    "simple_rnn": { Layers.simpleRNN($0, units: 4) },
    "simple_rnn-sequences": {
      Layers.simpleRNN($0, units: 4, activation: .relu, returnSequences: true)
    },
    "lstm": { Layers.lstm($0, units: 4) },
    "lstm-sequences": { Layers.lstm($0, units: 4, returnSequences: true) },
    "lstm-backwards": {
      Layers.lstm($0, units: 4, returnSequences: true, goBackwards: true)
    },
    "gru": { Layers.gru($0, units: 4) },
    "gru-sequences": { Layers.gru($0, units: 4, returnSequences: true) },
    "gru-reset-before": { Layers.gru($0, units: 4, resetAfter: false) },
  ]
  private static let unrolled: [String: Layer] = [
    "simple_rnn": { Layers.simpleRNN($0, units: 4, unroll: true) },
    "lstm-backwards": {
      Layers.lstm($0, units: 4, returnSequences: true, goBackwards: true, unroll: true)
    },
    "gru-sequences": { Layers.gru($0, units: 4, returnSequences: true, unroll: true) },
  ]

  @Test func layersAreTensorFlows() throws { try check("layers", Self.layers) }
  @Test func layersOfImagesAreTensorFlows() throws { try check("image-layers", Self.images) }
  @Test func normalizationAndShapesAreTensorFlows() throws {
    try check("normalization-layers", Self.others)
  }
  @Test func recurrentLayersAreKeras() throws { try check("recurrent", Self.recurrent) }
  @Test func unrolledRecurrentLayersAreKeras() throws {
    try check("recurrent", Self.unrolled, isWhole: false)
  }

  private func check(_ file: String, _ layers: [String: Layer], isWhole: Bool = true) throws {
    let reference = try Reference(file, as: Case.self)
    if isWhole { #expect(Set(reference.cases.keys) == Set(layers.keys)) }
    for (name, layer) in layers.sorted(by: { $0.key < $1.key }) {
      try check(layer, reference(name), name)
    }
  }

  private func check(_ layer: Layer, _ expected: Case, _ name: String) throws {
    let graph = Graph()
    let dtype: DType = name == "embedding" ? .int32 : .float32
    let x = graph.placeholder(
      dtype, PartialShape([nil] + expected.x.shape.dropFirst().map { $0 }), name: "x")
    let y = layer(x)
    let variables = graph.variables()
    #expect(Set(variables.map(\.name)) == Set(expected.variables.keys), "\(name): variables")
    let trained = graph.variables(in: .trainableVariables)
    let loss = reduceSum(square(y))
    var found: [(String, Tensor?)] = zip(trained, gradients(of: loss, withRespectTo: trained))
      .map { ($0.name, $1) }
    if dtype == .float32 { found.append(("x", gradients(of: loss, withRespectTo: [x])[0])) }
    let session = try Session(graph)
    for variable in variables {
      try session.set(variable, to: #require(expected.variables[variable.name]).value())
    }
    let feeds: Feeds = [x: try expected.x.value(dtype)]
    try expectEqual(session.run(y, feeding: feeds), expected.y, name)
    for (source, gradient) in found {
      guard let slope = expected.gradients[source] else {
        Issue.record("\(name): there is no gradient with respect to \(source)")
        continue
      }
      let own = try #require(gradient, "\(name): a gradient with respect to \(source)")
      try expectEqual(
        session.run(own, feeding: feeds), slope, "\(name)'s gradient with respect to \(source)")
    }
    #expect(y.shape.matches(Shape(expected.y.shape)), "\(name): a known shape")
    let updates = graph.collection(.updateOps)
    #expect(updates.isEmpty == (expected.after == nil), "\(name): updates")
    if !updates.isEmpty { try session.run(updates, feeding: feeds) }
    for (variable, value) in expected.after ?? [:] {
      let own = try #require(variables.first { $0.name == variable })
      try expectEqual(session.value(of: own), value, "\(name): \(variable) after its update")
    }
  }

  @Test func mistakesNameTheLayerAndItsInput() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, nil, 3], name: "x")
    _ = Layers.conv2D(x, filters: 4, kernelSize: 3)
    _ = Layers.conv1D(x, filters: 0, kernelSize: 3)
    _ = Layers.maxPooling2D(x)
    _ = Layers.lstm(graph.placeholder(.float32, [nil, 3]), units: 4)
    _ = Layers.batchNormalization(x, axes: [1, 2])
    _ = Layers.layerNormalization(x, axes: [3])
    _ = Layers.dropout(x, rate: 1)
    _ = Layers.lstm(x, units: 4, unroll: true)
    #expect(graph.errors.count == 8)
    #expect(graph.errors[0].description.contains("rank 4"))
    #expect(graph.errors[1].description.contains("filters must be positive"))
    #expect(graph.errors.allSatisfy { $0.description.contains("LayerReferenceTests") })
  }
}
