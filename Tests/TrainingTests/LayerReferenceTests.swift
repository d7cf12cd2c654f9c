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
  private static let convolutions: [String: Layer] = [
    "conv1d-causal": { Layers.conv1D($0, filters: 4, kernelSize: 3, padding: .causal) },
    "conv1d-causal-strides": {
      Layers.conv1D($0, filters: 2, kernelSize: 2, strides: 2, padding: .causal)
    },
    "conv1d-causal-dilated": {
      Layers.conv1D($0, filters: 2, kernelSize: 3, padding: .causal, dilationRate: 2)
    },
    "depthwise_conv2d-dilated": {
      Layers.depthwiseConv2D($0, kernelSize: 2, depthMultiplier: 2, dilationRate: 2)
    },
    "depthwise_conv2d-dilated-same": {
      Layers.depthwiseConv2D($0, kernelSize: [2, 3], padding: .same, dilationRate: [3, 2])
    },
    "separable_conv2d-dilated": {
      Layers.separableConv2D($0, filters: 3, kernelSize: 2, padding: .same, dilationRate: 2)
    },
    "conv2d_transpose-padded": {
      Layers.conv2DTranspose(
        $0, filters: 2, kernelSize: [3, 2], strides: 2, outputPadding: [1, 0])
    },
    "conv2d_transpose-padded-same": {
      Layers.conv2DTranspose(
        $0, filters: 2, kernelSize: 3, strides: [3, 2], padding: .same, outputPadding: 1)
    },
    "conv2d_transpose-padded-even": {
      Layers.conv2DTranspose(
        $0, filters: 2, kernelSize: 2, strides: 2, padding: .same, outputPadding: 1)
    },
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
  @Test func convolutionsAreKeras() throws { try check("convolutions", Self.convolutions) }
  @Test func convolutionsTakeSizesThatARunFinds() throws {
    try check("convolutions", Self.convolutions, isOpen: true)
    let transposed = Self.images.filter { $0.key.contains("transpose") }
    try check("image-layers", transposed, isWhole: false, isOpen: true)
  }
  @Test func normalizationAndShapesAreTensorFlows() throws {
    try check("normalization-layers", Self.others)
  }
  @Test func recurrentLayersAreKeras() throws { try check("recurrent", Self.recurrent) }
  @Test func unrolledRecurrentLayersAreKeras() throws {
    try check("recurrent", Self.unrolled, isWhole: false)
  }

  /// - Parameters:
  ///   - isWhole: whether these are all cases of the file.
  ///   - isOpen: whether the graph knows of the input's sizes only the channels.
  private func check(
    _ file: String, _ layers: [String: Layer], isWhole: Bool = true, isOpen: Bool = false
  ) throws {
    let reference = try Reference(file, as: Case.self)
    if isWhole { #expect(Set(reference.cases.keys) == Set(layers.keys)) }
    for (name, layer) in layers.sorted(by: { $0.key < $1.key }) {
      try check(layer, reference(name), name, isOpen: isOpen)
    }
  }

  private func check(
    _ layer: Layer, _ expected: Case, _ name: String, isOpen: Bool
  ) throws {
    let graph = Graph()
    let dtype: DType = name == "embedding" ? .int32 : .float32
    let sizes = expected.x.shape.enumerated().map { axis, size in
      axis == 0 || isOpen && axis < expected.x.shape.count - 1 ? nil : size
    }
    let x = graph.placeholder(dtype, PartialShape(sizes), name: "x")
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
    let image = graph.placeholder(.float32, [nil, 6, 6, 2], name: "image")
    _ = Layers.conv2D(image, filters: 4, kernelSize: 3, padding: .causal)
    _ = Layers.averagePooling1D(x, padding: .causal)
    _ = Layers.separableConv2D(image, filters: 4, kernelSize: 3, strides: 2, dilationRate: 2)
    _ = Layers.conv2DTranspose(image, filters: 4, kernelSize: 3, strides: 2, outputPadding: 2)
    _ = Layers.conv2DTranspose(
      image, filters: 4, kernelSize: 2, strides: 2, padding: .same, outputPadding: 0)
    #expect(graph.errors.count == 13)
    #expect(graph.errors[8].description.contains("causal padding is for conv1D alone"))
    #expect(graph.errors[9].description.contains("causal padding is for conv1D alone"))
    #expect(graph.errors[10].description.contains("strides must be 1 where dilationRate"))
    #expect(graph.errors[11].description.contains("less than the stride 2, found 2"))
    #expect(graph.errors[12].description.contains("at least 1 with .same and an even window"))
    #expect(graph.errors[0].description.contains("rank 4"))
    #expect(graph.errors[1].description.contains("filters must be positive"))
    #expect(graph.errors.allSatisfy { $0.description.contains("LayerReferenceTests") })
  }
}
