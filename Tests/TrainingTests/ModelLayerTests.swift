import Dataflow
import Testing

/// The layers of a `Sequential` are the functions of `Layers`: with the same options, each makes the
/// same nodes.
@Suite struct ModelLayerTests {
  private typealias Pair = (layer: Layer, function: @Sendable (Tensor, Tensor) -> Tensor)

  private static let mine = Activation("mine") { tanh($0) * 2 }
  private static let none: Initializer = .randomNormal(standardDeviation: 0.1, seed: 3)
  private static let small: Initializer = .constant(0.25)
  private static let rule: Constraint = .maxNorm(3)

  private static let images: [String: Pair] = [
    "conv2d": (
      .conv2D(
        3, kernelSize: [3, 2], strides: [2, 1], padding: .same, dataFormat: .channelsFirst,
        dilationRate: 1, activation: mine, useBias: true, kernelInitializer: none,
        biasInitializer: small, kernelRegularizer: .l2(0.1), biasRegularizer: .l1(0.2),
        kernelConstraint: rule, biasConstraint: .nonNegative(), trainable: false),
      { x, _ in
        Layers.conv2D(
          x, filters: 3, kernelSize: [3, 2], strides: [2, 1], padding: .same,
          dataFormat: .channelsFirst, dilationRate: 1, activation: mine, useBias: true,
          kernelInitializer: none, biasInitializer: small, kernelRegularizer: .l2(0.1),
          biasRegularizer: .l1(0.2), kernelConstraint: rule, biasConstraint: .nonNegative(),
          trainable: false)
      }
    ),
    "conv2d-dilated": (
      .conv2D(3, kernelSize: 2, dilationRate: [2, 1], useBias: false),
      { x, _ in Layers.conv2D(x, filters: 3, kernelSize: 2, dilationRate: [2, 1], useBias: false) }
    ),
    "conv2d_transpose": (
      .conv2DTranspose(
        3, kernelSize: [3, 2], strides: 2, padding: .same, outputPadding: 1,
        dataFormat: .channelsFirst, activation: mine, useBias: true, kernelInitializer: none,
        biasInitializer: small, kernelRegularizer: .l2(0.1), biasRegularizer: .l1(0.2),
        kernelConstraint: rule, biasConstraint: .nonNegative(), trainable: false),
      { x, _ in
        Layers.conv2DTranspose(
          x, filters: 3, kernelSize: [3, 2], strides: 2, padding: .same, outputPadding: 1,
          dataFormat: .channelsFirst, activation: mine, useBias: true, kernelInitializer: none,
          biasInitializer: small, kernelRegularizer: .l2(0.1), biasRegularizer: .l1(0.2),
          kernelConstraint: rule, biasConstraint: .nonNegative(), trainable: false)
      }
    ),
    "depthwise_conv2d": (
      .depthwiseConv2D(
        kernelSize: [3, 2], padding: .same, depthMultiplier: 2, dataFormat: .channelsFirst,
        dilationRate: 2, activation: mine, useBias: true, depthwiseInitializer: none,
        biasInitializer: small, depthwiseRegularizer: .l2(0.1), biasRegularizer: .l1(0.2),
        depthwiseConstraint: rule, biasConstraint: .nonNegative(), trainable: false),
      { x, _ in
        Layers.depthwiseConv2D(
          x, kernelSize: [3, 2], padding: .same, depthMultiplier: 2, dataFormat: .channelsFirst,
          dilationRate: 2, activation: mine, useBias: true, depthwiseInitializer: none,
          biasInitializer: small, depthwiseRegularizer: .l2(0.1), biasRegularizer: .l1(0.2),
          depthwiseConstraint: rule, biasConstraint: .nonNegative(), trainable: false)
      }
    ),
    "separable_conv2d": (
      .separableConv2D(
        3, kernelSize: 2, strides: 2, padding: .same, dataFormat: .channelsFirst,
        dilationRate: 1, depthMultiplier: 2, activation: mine, useBias: true,
        depthwiseInitializer: none, pointwiseInitializer: small, biasInitializer: small,
        depthwiseRegularizer: .l2(0.1), pointwiseRegularizer: .l2(0.3),
        biasRegularizer: .l1(0.2), depthwiseConstraint: rule, pointwiseConstraint: .unitNorm(),
        biasConstraint: .nonNegative(), trainable: false),
      { x, _ in
        Layers.separableConv2D(
          x, filters: 3, kernelSize: 2, strides: 2, padding: .same, dataFormat: .channelsFirst,
          dilationRate: 1, depthMultiplier: 2, activation: mine, useBias: true,
          depthwiseInitializer: none, pointwiseInitializer: small, biasInitializer: small,
          depthwiseRegularizer: .l2(0.1), pointwiseRegularizer: .l2(0.3),
          biasRegularizer: .l1(0.2), depthwiseConstraint: rule, pointwiseConstraint: .unitNorm(),
          biasConstraint: .nonNegative(), trainable: false)
      }
    ),
    "max_pooling2d": (
      .maxPooling2D([3, 2], strides: 1, padding: .same, dataFormat: .channelsFirst),
      { x, _ in
        Layers.maxPooling2D(
          x, poolSize: [3, 2], strides: 1, padding: .same, dataFormat: .channelsFirst)
      }
    ),
    "average_pooling2d": (
      .averagePooling2D([3, 2], strides: 1, padding: .same, dataFormat: .channelsFirst),
      { x, _ in
        Layers.averagePooling2D(
          x, poolSize: [3, 2], strides: 1, padding: .same, dataFormat: .channelsFirst)
      }
    ),
    "global_max_pooling2d": (
      .globalMaxPooling2D(dataFormat: .channelsFirst, keepDimensions: true),
      { x, _ in
        Layers.globalMaxPooling2D(x, dataFormat: .channelsFirst, keepDimensions: true)
      }
    ),
    "global_average_pooling2d": (
      .globalAveragePooling2D(dataFormat: .channelsFirst, keepDimensions: true),
      { x, _ in
        Layers.globalAveragePooling2D(x, dataFormat: .channelsFirst, keepDimensions: true)
      }
    ),
    "batch_normalization": (
      .batchNormalization(
        axis: 1, momentum: 0.8, epsilon: 0.1, center: true, scale: true, betaInitializer: none,
        gammaInitializer: small, movingMeanInitializer: small,
        movingVarianceInitializer: .constant(2), betaRegularizer: .l1(0.1),
        gammaRegularizer: .l2(0.2), betaConstraint: .nonNegative(), gammaConstraint: rule,
        trainable: false, fused: false),
      { x, training in
        Layers.batchNormalization(
          x, axis: 1, momentum: 0.8, epsilon: 0.1, center: true, scale: true,
          betaInitializer: none, gammaInitializer: small, movingMeanInitializer: small,
          movingVarianceInitializer: .constant(2), betaRegularizer: .l1(0.1),
          gammaRegularizer: .l2(0.2), betaConstraint: .nonNegative(), gammaConstraint: rule,
          training: training, trainable: false, fused: false)
      }
    ),
    "batch_normalization-axes": (
      .batchNormalization(axes: [1, 3], center: false, scale: false),
      { x, training in
        Layers.batchNormalization(x, axes: [1, 3], center: false, scale: false, training: training)
      }
    ),
    "layer_normalization": (
      .layerNormalization(
        axes: [1, 2], epsilon: 0.1, center: true, scale: true, betaInitializer: none,
        gammaInitializer: small, betaRegularizer: .l1(0.1), gammaRegularizer: .l2(0.2),
        betaConstraint: .nonNegative(), gammaConstraint: rule, trainable: false),
      { x, _ in
        Layers.layerNormalization(
          x, axes: [1, 2], epsilon: 0.1, center: true, scale: true, betaInitializer: none,
          gammaInitializer: small, betaRegularizer: .l1(0.1), gammaRegularizer: .l2(0.2),
          betaConstraint: .nonNegative(), gammaConstraint: rule, trainable: false)
      }
    ),
    "p_re_lu": (
      .parametricRelu(
        alphaInitializer: none, alphaRegularizer: .l2(0.1), alphaConstraint: .nonNegative(),
        sharedAxes: [1, 2], trainable: false),
      { x, _ in
        Layers.parametricRelu(
          x, alphaInitializer: none, alphaRegularizer: .l2(0.1), alphaConstraint: .nonNegative(),
          sharedAxes: [1, 2], trainable: false)
      }
    ),
    "rrelu": (
      .randomizedLeakyRelu(lower: 0.1, upper: 0.2, seed: 5),
      { x, training in
        Layers.randomizedLeakyRelu(x, lower: 0.1, upper: 0.2, seed: 5, training: training)
      }
    ),
    "dropout": (
      .dropout(noiseShape: [nil, 1, 1, nil], seed: 5),
      { x, training in
        Layers.dropout(x, noiseShape: [nil, 1, 1, nil], seed: 5, training: training)
      }
    ),
    "alpha_dropout": (
      .alphaDropout(0.2, noiseShape: [nil, 1, 1, nil], seed: 5, always: true),
      { x, _ in
        Layers.alphaDropout(x, rate: 0.2, noiseShape: [nil, 1, 1, nil], seed: 5, training: nil)
      }
    ),
    "gaussian_noise": (
      .gaussianNoise(0.2, seed: 5, always: true),
      { x, _ in Layers.gaussianNoise(x, standardDeviation: 0.2, seed: 5, training: nil) }
    ),
  ]
  private static let sequences: [String: Pair] = [
    "conv1d": (
      .conv1D(
        3, kernelSize: 2, strides: 2, padding: .causal, dataFormat: .channelsFirst,
        dilationRate: 2, activation: mine, useBias: true, kernelInitializer: none,
        biasInitializer: small, kernelRegularizer: .l2(0.1), biasRegularizer: .l1(0.2),
        kernelConstraint: rule, biasConstraint: .nonNegative(), trainable: false),
      { x, _ in
        Layers.conv1D(
          x, filters: 3, kernelSize: 2, strides: 2, padding: .causal, dataFormat: .channelsFirst,
          dilationRate: 2, activation: mine, useBias: true, kernelInitializer: none,
          biasInitializer: small, kernelRegularizer: .l2(0.1), biasRegularizer: .l1(0.2),
          kernelConstraint: rule, biasConstraint: .nonNegative(), trainable: false)
      }
    ),
    "max_pooling1d": (
      .maxPooling1D(3, strides: 1, padding: .same, dataFormat: .channelsFirst),
      { x, _ in
        Layers.maxPooling1D(
          x, poolSize: 3, strides: 1, padding: .same, dataFormat: .channelsFirst)
      }
    ),
    "average_pooling1d": (
      .averagePooling1D(3, strides: 1, padding: .same, dataFormat: .channelsFirst),
      { x, _ in
        Layers.averagePooling1D(
          x, poolSize: 3, strides: 1, padding: .same, dataFormat: .channelsFirst)
      }
    ),
    "global_max_pooling1d": (
      .globalMaxPooling1D(dataFormat: .channelsFirst, keepDimensions: true),
      { x, _ in
        Layers.globalMaxPooling1D(x, dataFormat: .channelsFirst, keepDimensions: true)
      }
    ),
    "global_average_pooling1d": (
      .globalAveragePooling1D(dataFormat: .channelsFirst, keepDimensions: true),
      { x, _ in
        Layers.globalAveragePooling1D(x, dataFormat: .channelsFirst, keepDimensions: true)
      }
    ),
  ]
  private static let indices: [String: Pair] = [
    "embedding": (
      .embedding(
        5, 2, dtype: .float64, embeddingsInitializer: small, embeddingsRegularizer: .l2(0.1),
        embeddingsConstraint: rule, trainable: false),
      { x, _ in
        Layers.embedding(
          x, inputDimension: 5, outputDimension: 2, dtype: .float64, embeddingsInitializer: small,
          embeddingsRegularizer: .l2(0.1), embeddingsConstraint: rule, trainable: false)
      }
    )
  ]

  @Test func layersOfImagesTakeAllOptions() throws { try check(Self.images, [4, 6, 6]) }
  @Test func layersOfSequencesTakeAllOptions() throws { try check(Self.sequences, [4, 7]) }
  @Test func embeddingsTakeAllOptions() throws { try check(Self.indices, [3], .int32) }

  private func check(_ pairs: [String: Pair], _ shape: [Int?], _ dtype: DType = .float32) throws {
    for (name, pair) in pairs.sorted(by: { $0.key < $1.key }) {
      let model = try Sequential([pair.layer], inputShape: shape, inputType: dtype)
      let graph = Graph()
      let inputs = graph.placeholder(dtype, PartialShape([nil] + shape), name: "inputs")
      let training = graph.placeholder(default: false, name: "training")
      let outputs = pair.function(inputs, training)
      _ = try Model(inputs: inputs, outputs: outputs, training: training)
      #expect(GraphText.lines(of: model.graph) == GraphText.lines(of: graph), "\(name)")
    }
  }
}
