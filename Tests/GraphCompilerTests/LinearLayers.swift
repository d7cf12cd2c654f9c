import Dataflow

/// A layer without activation, as a test builds it.
enum LinearLayer: String, CaseIterable, Sendable {
  case dense, denseTransposed, batched, convolution, strided, dilated, channelsFirst
  case depthwise, depthwiseChannelsFirst, transposed

  /// Whether windows reach beyond the images.
  var isPadded: Bool { [.convolution, .depthwiseChannelsFirst].contains(self) }
  var isChannelsFirst: Bool { [.channelsFirst, .depthwiseChannelsFirst].contains(self) }
  /// Whether the layer is a matrix product rather than a convolution.
  var isDense: Bool { [.dense, .denseTransposed, .batched].contains(self) }
  var format: String { isChannelsFirst ? "NCHW" : "NHWC" }

  /// The shape of its data, which have 4 channels.
  var input: [Int] {
    switch self {
    case .dense, .denseTransposed: [5, 4]
    case .batched: [2, 3, 4]
    case .channelsFirst, .depthwiseChannelsFirst: [2, 4, 7, 6]
    default: [2, 7, 6, 4]
    }
  }

  /// The number of its output's channels.
  var channels: Int { [.depthwise, .depthwiseChannelsFirst].contains(self) ? 8 : 3 }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    func weights(_ shape: [Int]) throws -> Tensor {
      x.graph.variable(try RuleCheck.numbers(shape, seed: 2), name: "weights").value
    }
    switch self {
    case .dense: return matmul(x, try weights([4, 3]))
    case .denseTransposed: return matmul(x, try weights([3, 4]), transposeB: true)
    case .batched: return batchMatMul(x, try weights([4, 3]))
    case .convolution: return conv2d(x, try weights([3, 3, 4, 3]), padding: "SAME")
    case .strided: return conv2d(x, try weights([3, 2, 4, 3]), strides: [2, 1])
    case .dilated: return conv2d(x, try weights([2, 2, 4, 3]), dilations: [2, 3])
    case .channelsFirst: return conv2d(x, try weights([3, 3, 4, 3]), dataFormat: "NCHW")
    case .depthwise: return depthwiseConv2d(x, try weights([3, 3, 4, 2]))
    case .depthwiseChannelsFirst:
      return depthwiseConv2d(
        x, try weights([3, 3, 4, 2]), padding: "SAME", dataFormat: "NCHW")
    case .transposed:
      return x.graph.constant([2, 14, 12, 3], .int32).apply(
        Ops.Conv2DBackpropInput.self, [try weights([3, 3, 3, 4]), x],
        ["strides": [1, 2, 2, 1].attribute, "padding": "SAME".attribute])
    }
  }
}

/// A batch normalization at inference, in one of the forms that people write.
enum Normalization: String, CaseIterable, Sendable {
  /// x·s + (β − μ·s): TensorFlow's own.
  case factored
  /// (x − μ)·(γ/√(σ² + ε)) + β.
  case centred
  /// (x − μ)/√(σ² + ε)·γ + β.
  case divided
  /// (x − μ)/√(σ² + ε) + β.
  case withoutScale
  /// One op, for images alone.
  case fused

  func callAsFunction(_ x: Tensor, channels: Int, _ format: String) throws -> Tensor {
    let graph = x.graph
    func vector(_ name: String, _ seed: Int, isPositive: Bool = false) throws -> Tensor {
      let numbers = try RuleCheck.numbers([channels], seed: seed).scalars(as: Float.self)
      let value = TensorValue(numbers.map { isPositive ? 0.5 + abs($0) : $0 })
      return graph.variable(value, name: name).value
    }
    let (gamma, beta) = (try vector("gamma", 3), try vector("beta", 4))
    let (mean, variance) = (try vector("mean", 5), try vector("variance", 6, isPositive: true))
    if self == .fused {
      return x.apply(
        Ops.FusedBatchNormV3.self, [gamma, beta, mean, variance],
        [
          "is_training": .bool(false), "epsilon": Float(1e-3).attribute,
          "data_format": format.attribute,
        ])
    }
    func placed(_ vector: Tensor) -> Tensor {
      format == "NCHW" ? reshape(vector, to: [1, channels, 1, 1]) : vector
    }
    let deviation = sqrt(placed(variance) + 1e-3)
    let scale = rsqrt(placed(variance) + 1e-3) * placed(gamma)
    switch self {
    case .factored: return x * scale + (placed(beta) - placed(mean) * scale)
    case .centred: return (x - placed(mean)) * scale + placed(beta)
    case .divided: return (x - placed(mean)) / deviation * placed(gamma) + placed(beta)
    case .withoutScale, .fused: return (x - placed(mean)) / deviation + placed(beta)
    }
  }
}
