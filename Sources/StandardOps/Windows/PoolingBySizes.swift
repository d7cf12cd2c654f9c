import GraphCore
import TensorCore

/// A pooling of maxima whose window and strides are its last two inputs.
public protocol PoolingBySizesOp: CompositeOp {
  /// The op that states them.
  static var stated: any KernelOp.Type { get }
  /// What gives the gradient of its last tensor.
  static var gradientOp: any Op.Type { get }
  /// Whether what it gives has the shape of its first input.
  static var isGradient: Bool { get }
}

extension PoolingBySizesOp {
  static var tensorCount: Int { signature.inputs.count - 2 }
  /// Of these the kernel is made.
  public static var staticInputs: [Int] { [tensorCount, tensorCount + 1] }

  private static func window(_ node: Node) -> (size: [Int], strides: [Int])? {
    guard let size = node.partialValue(tensorCount)?.known,
      let strides = node.partialValue(tensorCount + 1)?.known
    else { return nil }
    return (size, strides)
  }

  /// The pooled images' shape, or the images' own.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let input = node.input(0).shape
    guard let (size, strides) = window(node) else {
      return [isGradient && input.rank != nil ? input : .ofRank(4)]
    }
    let attributes = try WindowAttributes(node, window: size, strides: strides)
    let (_, height, width, channels) = attributes.axes
    let pooled = try attributes.outputShape(
      input, windowHeight: size[height], windowWidth: size[width], channels: input[channels])
    return [isGradient ? input : pooled]
  }

  /// The op that states them.
  public static func expand(_ node: Node) -> [Tensor] {
    guard let (size, strides) = window(node) else {
      preconditionFailure("\(node) is expanded before its window is known")
    }
    let sizes = ["ksize": size.attribute, "strides": strides.attribute]
    let tensors = Array(node.inputs[1..<tensorCount])
    return [node.input(0).apply(stated, tensors, node.attributes.merging(sizes) { $1 })]
  }

  /// By the form for the gradient, with the same window.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let dy = upstream[0] else { return .dense(node.inputs.map { _ in nil }) }
    let sizes = [node.input(tensorCount), node.input(tensorCount + 1)]
    let x = node.input(0)
    if tensorCount == 1 {
      return .dense([x.apply(gradientOp, [node.output(0), dy] + sizes, node.attributes), nil, nil])
    }
    let y = node.input(1)
    return .dense([
      zerosLike(x), zerosLike(y), x.apply(gradientOp, [y, dy] + sizes, node.attributes), nil, nil,
    ])
  }
}

extension Ops {
  private static let pooling: [Signature.AttributeDefinition] = [
    .type("T", [.float32, .float64], default: .float32), .string("padding"),
    .string("data_format", default: "NHWC"),
  ]
  private static let sizedGradient = Signature(
    ["orig_input: T", "orig_output: T", "grad: T", "ksize: int32", "strides: int32"],
    gives: ["output: T"], pooling)
  private static let types: [Signature.AttributeDefinition] =
    [.type("T", [.float32, .float64])] + pooling.dropFirst()

  /// `MaxPool` whose window is an input.
  public enum MaxPoolV2: PoolingBySizesOp {
    public static let stated: any KernelOp.Type = MaxPool.self
    public static let gradientOp: any Op.Type = MaxPoolGradV2.self
    public static let isGradient = false
    public static let signature = Signature(
      ["input: T", "ksize: int32", "strides: int32"], gives: ["output: T"], pooling)
  }

  /// `MaxPoolGrad` whose window is an input.
  public enum MaxPoolGradV2: PoolingBySizesOp {
    public static let stated: any KernelOp.Type = MaxPoolGrad.self
    public static let gradientOp: any Op.Type = MaxPoolGradGradV2.self
    public static let isGradient = true
    public static let signature = sizedGradient
  }

  /// `MaxPoolGradGrad` whose window is an input.
  public enum MaxPoolGradGradV2: PoolingBySizesOp {
    public static let stated: any KernelOp.Type = MaxPoolGradGrad.self
    public static let gradientOp: any Op.Type = MaxPoolGradV2.self
    public static let isGradient = false
    public static let signature = Signature(
      sizedGradient.inputs, gives: sizedGradient.outputs, types)
  }
}
