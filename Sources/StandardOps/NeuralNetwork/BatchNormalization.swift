import GraphCore
import TensorCore

/// A batch normalization of images, in one of TensorFlow's three versions.
public protocol FusedBatchNormOp: CompositeOp {}

extension FusedBatchNormOp {
  static func attributes(_ types: [Signature.AttributeDefinition]) -> [Signature
    .AttributeDefinition]
  {
    types + [
      .float("epsilon", default: 0.0001), .float("exponential_avg_factor", default: 1),
      .string("data_format", default: "NHWC"), .flag("is_training", default: true),
    ]
  }

  /// The images' shape, then vectors of one number a channel.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let x = node.input(0).shape
    let layout = try ImageLayout(node)
    var channels = x[layout.channelAxis] ?? node.input(1).shape[0]
    // In training, what was averaged before counts only where it is averaged further.
    let leavesOut =
      node[AttributeKey<Bool>("is_training")]
      && node[AttributeKey<Float>("exponential_avg_factor")] == 1
    for index in 1..<(leavesOut ? 3 : 5) {
      guard let size = node.input(index).shape[0] else { continue }
      guard (channels ?? size) == size else {
        throw GraphError(
          "the images have \(channels ?? 0) channels, input \(index) has \(size) numbers")
      }
      channels = size
    }
    let vectors = Array(repeating: PartialShape([channels]), count: 4)
    return [x] + vectors + (node.record.outputs.count > 5 ? [[0]] : [])
  }

  /// As TensorFlow's CPU kernel: the variance that is given out is the unbiased one, and with an
  /// averaging factor mean and variance are averages with what came in.
  public static func expand(_ node: Node) -> [Tensor] {
    guard let layout = try? ImageLayout(node) else { preconditionFailure("\(node)") }
    let (x, scale, offset) = (node.input(0), node.input(1), node.input(2))
    let wide = cast(x, scale.dtype)
    let epsilon = Double(node[AttributeKey<Float>("epsilon")])
    let factor = Double(node[AttributeKey<Float>("exponential_avg_factor")])
    func normalized(_ mean: Tensor, _ variance: Tensor) -> Tensor {
      let inverse = rsqrt(variance + epsilon) * scale
      let centred = wide - layout.spread(mean)
      return cast(centred * layout.spread(inverse) + layout.spread(offset), x.dtype)
    }
    let rest =
      node.record.outputs.count > 5
      ? [node.graph.constant(TensorValue(zeros: [0], dtype: scale.dtype))] : []
    guard node[AttributeKey<Bool>("is_training")] else {
      let (mean, variance) = (node.input(3), node.input(4))
      return [normalized(mean, variance), mean, variance, mean, variance] + rest
    }
    let axes = layout.reducedAxes
    let mean = reduceMean(wide, axes: axes)
    let centred = wide - layout.spread(mean)
    let variance = reduceMean(square(centred), axes: axes)
    let sizes = x.shape.fullyDefined?.dimensions ?? []
    let count = Double(axes.reduce(1) { $0 * (sizes.isEmpty ? 1 : sizes[$1]) })
    let unbiased = variance * (count / max(count - 1, 1))
    func averaged(_ own: Tensor, _ old: Tensor) -> Tensor {
      factor == 1 ? own : old * (1 - factor) + own * factor
    }
    return [
      normalized(mean, variance), averaged(mean, node.input(3)),
      averaged(unbiased, node.input(4)), mean, variance,
    ] + rest
  }

  /// The gradient op of the same version.
  static func fusedGradient(_ node: Node, _ dy: Tensor?, _ op: any Op.Type) -> Gradient {
    guard let dy else { return .dense(node.inputs.map { _ in nil }) }
    let isTraining = node[AttributeKey<Bool>("is_training")]
    // What a trained net holds is in the inputs, what training used is given out.
    let (mean, variance) =
      isTraining ? (node.output(3), node.output(4)) : (node.input(3), node.input(4))
    var inputs = [node.input(0), node.input(1), mean, variance]
    if node.record.outputs.count > 5 { inputs.append(node.output(5)) }
    let own = node.attributes.filter {
      ["epsilon", "data_format", "is_training"].contains($0.key)
    }
    let result = dy.graph.add(op, [dy] + inputs, own)
    if result.isPoison { return .dense(node.inputs.map { _ in nil }) }
    return .dense([result.output(0), result.output(1), result.output(2), nil, nil])
  }
}

/// The gradient of a batch normalization of images.
public protocol FusedBatchNormGradOp: CompositeOp {}

extension FusedBatchNormGradOp {
  /// The images' shape, two vectors, and two that say nothing.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let layout = try ImageLayout(node)
    let images = try commonShape(Array(node.inputs.prefix(2)))
    var vector: PartialShape = [images[layout.channelAxis]]
    for index in 2..<5 {
      guard let merged = vector.merged(with: node.input(index).shape) else {
        throw GraphError(
          "images of shape \(images) have \(vector) channels, input \(index) has shape "
            + "\(node.input(index).shape)")
      }
      vector = merged
    }
    return [images, vector, vector, [0], [0]]
  }

  /// With x̂ = (x − μ)/√(σ² + ε) and means over a channel:
  /// dx = γ/√(σ² + ε)·(dy − mean(dy) − x̂·mean(dy·x̂)) in training, γ/√(σ² + ε)·dy otherwise.
  public static func expand(_ node: Node) -> [Tensor] {
    guard let layout = try? ImageLayout(node) else { preconditionFailure("\(node)") }
    let scale = node.input(2)
    let (dy, x) = (cast(node.input(0), scale.dtype), cast(node.input(1), scale.dtype))
    let (mean, variance) = (node.input(3), node.input(4))
    let epsilon = Double(node[AttributeKey<Float>("epsilon")])
    let inverse = rsqrt(variance + epsilon)
    let normal = (x - layout.spread(mean)) * layout.spread(inverse)
    let axes = layout.reducedAxes
    let offsetGradient = reduceSum(dy, axes: axes)
    let scaleGradient = reduceSum(dy * normal, axes: axes)
    var centred = dy
    if node[AttributeKey<Bool>("is_training")] {
      let count: Tensor
      if let all = x.shape.count, let channels = x.shape[layout.channelAxis] {
        count = scale.constant(Double(all / max(channels, 1)))
      } else {
        // Gradients of this one are built before sizes are known.
        count = cast(floorDiv(size(of: x), maximum(size(of: mean), 1)), scale.dtype)
      }
      centred =
        dy - layout.spread(offsetGradient / count) - normal * layout.spread(scaleGradient / count)
    }
    let dx = cast(centred * layout.spread(inverse * scale), node.input(1).dtype)
    let nothing = node.graph.constant(TensorValue(zeros: [0], dtype: scale.dtype))
    return [dx, scaleGradient, offsetGradient, nothing, nothing]
  }
}

/// Where the channels of images are.
private struct ImageLayout {
  let isChannelsFirst: Bool
  let rank: Int

  init(_ node: Node) throws(GraphError) {
    let format = node[AttributeKey<String>("data_format")]
    guard ["NHWC", "NCHW", "NDHWC", "NCDHW"].contains(format) else {
      throw GraphError("data_format must be NHWC or NCHW, found \(format)")
    }
    isChannelsFirst = format.hasPrefix("NC")
    rank = format.utf8.count
    let x = node.input(node.definition is any FusedBatchNormGradOp.Type ? 1 : 0)
    guard (x.shape.rank ?? rank) == rank else {
      throw GraphError("images of rank \(rank) are expected, found shape \(x.shape)")
    }
  }

  var channelAxis: Int { isChannelsFirst ? 1 : rank - 1 }
  var reducedAxes: [Int] { (0..<rank).filter { $0 != channelAxis } }

  /// A vector so that it broadcasts over images.
  func spread(_ vector: Tensor) -> Tensor {
    guard isChannelsFirst else { return vector }
    return reshape(vector, to: [-1] + [Int](repeating: 1, count: rank - 2))
  }
}

extension Ops {
  private static let one: [Signature.AttributeDefinition] = [.type("T", [.float32])]
  private static let two: [Signature.AttributeDefinition] = [
    .type("T", [.float16, .bfloat16, .float32]), .type("U", [.float32]),
  ]

  /// Batch normalization of images.
  public enum FusedBatchNorm: FusedBatchNormOp {
    public static let signature = Signature(
      ["x: T", "scale: T vector", "offset: T vector", "mean: T vector", "variance: T vector"],
      gives: [
        "y: T", "batch_mean: T", "batch_variance: T", "reserve_space_1: T", "reserve_space_2: T",
      ], attributes(one))
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { fusedGradient(node, upstream[0], FusedBatchNormGrad.self) }
  }

  /// Batch normalization of images, with statistics of another type.
  public enum FusedBatchNormV2: FusedBatchNormOp {
    public static let signature = Signature(
      ["x: T", "scale: U vector", "offset: U vector", "mean: U vector", "variance: U vector"],
      gives: [
        "y: T", "batch_mean: U", "batch_variance: U", "reserve_space_1: U", "reserve_space_2: U",
      ], attributes(two))
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { fusedGradient(node, upstream[0], FusedBatchNormGradV2.self) }
  }

  /// Batch normalization of images, with room for what a device keeps.
  public enum FusedBatchNormV3: FusedBatchNormOp {
    public static let signature = Signature(
      ["x: T", "scale: U vector", "offset: U vector", "mean: U vector", "variance: U vector"],
      gives: [
        "y: T", "batch_mean: U", "batch_variance: U", "reserve_space_1: U", "reserve_space_2: U",
        "reserve_space_3: U",
      ], attributes(two))
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { fusedGradient(node, upstream[0], FusedBatchNormGradV3.self) }
  }

  private static let grad: [Signature.AttributeDefinition] = [
    .float("epsilon", default: 0.0001), .string("data_format", default: "NHWC"),
    .flag("is_training", default: true),
  ]

  /// The gradient of `FusedBatchNorm`.
  public enum FusedBatchNormGrad: FusedBatchNormGradOp {
    public static let signature = Signature(
      [
        "y_backprop: T", "x: T", "scale: T vector", "reserve_space_1: T vector",
        "reserve_space_2: T vector",
      ],
      gives: [
        "x_backprop: T", "scale_backprop: T", "offset_backprop: T", "reserve_space_3: T",
        "reserve_space_4: T",
      ], one + grad)
  }

  /// The gradient of `FusedBatchNormV2`.
  public enum FusedBatchNormGradV2: FusedBatchNormGradOp {
    public static let signature = Signature(
      [
        "y_backprop: T", "x: T", "scale: float32 vector", "reserve_space_1: U vector",
        "reserve_space_2: U vector",
      ],
      gives: [
        "x_backprop: T", "scale_backprop: U", "offset_backprop: U", "reserve_space_3: U",
        "reserve_space_4: U",
      ], two + grad)
  }

  /// The gradient of `FusedBatchNormV3`.
  public enum FusedBatchNormGradV3: FusedBatchNormGradOp {
    public static let signature = Signature(
      [
        "y_backprop: T", "x: T", "scale: float32 vector", "reserve_space_1: U vector",
        "reserve_space_2: U vector",
        "reserve_space_3: U",
      ],
      gives: [
        "x_backprop: T", "scale_backprop: U", "offset_backprop: U", "reserve_space_4: U",
        "reserve_space_5: U",
      ], two + grad)
  }
}
