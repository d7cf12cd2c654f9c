import GraphCore
import StandardOps
import TensorCore

/// A linear op with live weights: a dense layer's matrix product or a convolution of any kind, which
/// scales and offsets of channels can move into.
struct LinearProduct {
  private enum Kind {
    case matrices(transposesData: Bool, transposesWeights: Bool)
    case convolution(ConvolutionGeometry)
    case depthwise(ConvolutionGeometry)
    /// The backward form as a layer of its own, also called deconvolution.
    case transposedConvolution(ConvolutionGeometry)
  }

  /// The ops that may be linear products.
  static let ops: Set<String> = [
    "MatMul", "BatchMatMul", "BatchMatMulV2", "Conv2D", "DepthwiseConv2dNative",
    "Conv2DBackpropInput",
  ]

  private let kind: Kind
  private let node: Node
  private let inputs: [Tensor]

  /// The node on its inputs in the new graph, if it is linear in one of them and the other is live.
  init?(_ node: Node, _ inputs: [Tensor], _ isLive: (Tensor) -> Bool) {
    guard Self.ops.contains(node.op), let op = node.definition as? any KernelOp.Type,
      [.float32, .float64].contains(node.output(0).dtype)
    else { return nil }
    self.node = node
    self.inputs = inputs
    switch op.kernel(of: node) {
    case .contraction(let a, let b):
      kind = .matrices(transposesData: a, transposesWeights: b)
    case .convolution(let geometry, .output, let isDepthwise):
      kind = isDepthwise ? .depthwise(geometry) : .convolution(geometry)
    case .convolution(let geometry, .inputGradient, isDepthwise: false):
      kind = .transposedConvolution(geometry)
    default: return nil
    }
    guard isLive(weights), !isLive(data) else { return nil }
  }

  /// Which input the op is linear in.
  var dataPosition: Int {
    if case .transposedConvolution = kind { 2 } else { 0 }
  }
  var data: Tensor { inputs[dataPosition] }
  private var weights: Tensor { inputs[1] }
  private var weightsRank: Int { weights.shape.rank ?? 2 }

  /// The axis of the output along which each weight has its place.
  var outputAxis: Int { axis(false, node.output(0).shape.rank ?? 2) }
  /// The axis of the data that is summed over.
  var inputAxis: Int {
    if case .matrices(let transposed, _) = kind { return axis(transposed, data.shape.rank ?? 2) }
    return axis(false, 4)
  }

  private func axis(_ isTransposed: Bool, _ rank: Int) -> Int {
    switch kind {
    case .matrices: rank - (isTransposed ? 2 : 1)
    case .convolution(let geometry), .depthwise(let geometry), .transposedConvolution(let geometry):
      geometry.isChannelsFirst ? 1 : 3
    }
  }

  /// The op with each output channel scaled, by way of its weights.
  func scalingOutputs(by scale: ChannelScale) -> Tensor {
    switch kind {
    case .matrices(_, let transposed):
      return with(weights: scale.applied(to: weights, [weightsRank - (transposed ? 2 : 1)]))
    case .convolution: return with(weights: scale.applied(to: weights, [3]))
    case .depthwise: return with(weights: scale.applied(to: weights, [2, 3]))
    case .transposedConvolution: return with(weights: scale.applied(to: weights, [2]))
    }
  }

  /// The op on other data, each of whose channels is scaled, by way of the weights.
  func scalingInputs(_ data: Tensor, by scale: ChannelScale) -> Tensor {
    switch kind {
    case .matrices(_, let transposed):
      return with(data, weights: scale.applied(to: weights, [weightsRank - (transposed ? 1 : 2)]))
    case .convolution, .depthwise: return with(data, weights: scale.applied(to: weights, [2]))
    case .transposedConvolution: return with(data, weights: scale.applied(to: weights, [3]))
    }
  }

  /// Whether each weight's input channel is a channel of the data: not so in groups.
  var seesEveryChannel: Bool {
    if case .convolution(let geometry) = kind { return geometry.groups == 1 }
    return true
  }

  /// What an offset of the data's channels adds to each output channel, if that is the same
  /// everywhere: not where windows reach into zeros around the image, which the offset is not added
  /// to, nor where a transposed convolution's windows overlap more or less.
  func offset(from offset: ChannelVector) -> Tensor? {
    switch kind {
    case .matrices(_, let transposed):
      guard weightsRank == 2 else { return nil }
      return summed(offset, along: transposed ? 1 : 0, [transposed ? 1 : 0])
    case .convolution(let geometry):
      guard !geometry.isPadded, seesEveryChannel else { return nil }
      return summed(offset, along: 2, [0, 1, 2])
    case .depthwise(let geometry):
      guard !geometry.isPadded else { return nil }
      return reshape(summed(offset, along: 2, [0, 1]), to: [-1])
    case .transposedConvolution: return nil
    }
  }

  /// The weights times an offset of the channels along an axis, summed.
  private func summed(_ offset: ChannelVector, along axis: Int, _ axes: [Int]) -> Tensor {
    let sizes = weights.shape.fullyDefined?.dimensions ?? []
    return reduceSum(weights * offset.shaped(along: [axis], of: sizes), axes: axes)
  }

  /// The op's result with a number added to each output channel.
  func adding(_ vector: Tensor, to product: Tensor) -> Tensor {
    let rank = node.output(0).shape.rank ?? 2
    if outputAxis == rank - 1 || vector.shape.count == 1 { return product + vector }
    return product + reshape(vector, to: [-1] + [Int](repeating: 1, count: rank - 1 - outputAxis))
  }

  private func with(_ data: Tensor? = nil, weights: Tensor) -> Tensor {
    var inputs = inputs
    inputs[1] = weights
    if let data { inputs[dataPosition] = data }
    let op = node.definition ?? Ops.MatMul.self
    return inputs[0].apply(op, Array(inputs.dropFirst()), node.attributes)
  }
}

/// One number for each place along an axis of a tensor, or one for all.
struct ChannelVector {
  private let tensor: Tensor
  private let count: Int

  /// The tensor, if beside one of `shape` it varies along `axis` alone.
  init?(_ tensor: Tensor, along axis: Int, of shape: PartialShape) {
    guard let sizes = tensor.shape.fullyDefined?.dimensions, let rank = shape.rank,
      let channels = shape[axis], sizes.count <= rank
    else { return nil }
    let missing = rank - sizes.count
    for (position, size) in sizes.enumerated() where size != 1 {
      guard position + missing == axis, size == channels else { return nil }
    }
    self.tensor = tensor
    count = sizes.reduce(1, *)
  }

  /// A vector whose axis the op states, as `BiasAdd` does.
  init(bias: Tensor) {
    tensor = bias
    count = bias.shape.count ?? 1
  }

  /// The numbers as a vector.
  var vector: Tensor { tensor.shape.rank == 1 ? tensor : reshape(tensor, to: [count]) }

  /// The numbers so that they vary along the given axes of a tensor of `sizes`, the last one fastest.
  func shaped(along axes: [Int], of sizes: [Int]) -> Tensor {
    if count == 1 { return tensor.shape.rank == 0 ? tensor : reshape(tensor, to: []) }
    let trailing = sizes.indices.dropFirst(axes[0])
    if trailing.count == 1 { return vector }
    return reshape(tensor, to: trailing.map { axes.contains($0) ? sizes[$0] : 1 })
  }
}

/// A factor or divisor for each channel.
struct ChannelScale {
  let vector: ChannelVector
  let divides: Bool

  /// The tensor scaled by numbers that vary along the given of its axes.
  func applied(to tensor: Tensor, _ axes: [Int]) -> Tensor {
    let factor = vector.shaped(along: axes, of: tensor.shape.fullyDefined?.dimensions ?? [])
    return divides ? tensor / factor : tensor * factor
  }

  /// A vector of numbers for the same channels, scaled.
  func applied(to numbers: Tensor) -> Tensor {
    divides ? numbers / vector.vector : numbers * vector.vector
  }
}

extension ConvolutionGeometry {
  /// Whether any window reaches beyond the image.
  var isPadded: Bool {
    func reaches(
      _ output: Int, _ stride: Int, _ window: Int, _ dilation: Int, _ input: Int, _ pad: Int
    )
      -> Bool
    { pad > 0 || (output - 1) * stride + (window - 1) * dilation + 1 > input }
    return reaches(outputHeight, strideHeight, windowHeight, dilationHeight, inputHeight, padTop)
      || reaches(outputWidth, strideWidth, windowWidth, dilationWidth, inputWidth, padLeft)
  }
}
