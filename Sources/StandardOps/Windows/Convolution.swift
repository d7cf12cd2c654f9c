import GraphCore
import TensorCore

/// A convolution over images, or one of its backward forms: which tensor's shape comes from where.
public protocol ConvolutionOp: KernelOp {
  /// What is computed.
  static var part: ConvolutionPart { get }
  /// Whether each channel is convolved apart.
  static var isDepthwise: Bool { get }
}

extension ConvolutionOp {
  /// The channels of the output for a filter's shape.
  static func outputChannels(_ filter: PartialShape) -> Int? {
    guard isDepthwise else { return filter[3] }
    return filter[2].flatMap { channels in filter[3].map { [channels, $0].sizeProduct } }
  }

  /// The shapes of input and filter: their tensors', or what a backward form is told.
  static func operands(_ node: Node) throws(GraphError) -> (
    input: PartialShape, filter: PartialShape
  ) {
    switch part {
    case .output: return (node.input(0).shape, node.input(1).shape)
    case .inputGradient: return (try node.sizes(0)?.asSizes() ?? .ofRank(4), node.input(1).shape)
    case .filterGradient: return (node.input(0).shape, try node.sizes(1)?.asSizes() ?? .ofRank(4))
    }
  }

  /// What is known of the result.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let attributes = try WindowAttributes(node)
    let (input, filter) = try operands(node)
    guard (input.rank ?? 4) == 4, (filter.rank ?? 4) == 4 else {
      throw GraphError(
        "images and a filter of four sizes are expected, found \(input) and \(filter)")
    }
    if let channels = input[attributes.axes.channels], let own = filter[2] {
      guard isDepthwise ? channels == own : own > 0 && channels % own == 0 else {
        throw GraphError(
          "the input has \(channels) channels, the filter takes \(own)",
          notes: [Graph.note("input", node.input(0)), Graph.note("filter", node.input(1))])
      }
      if !isDepthwise, channels > 0, let channelsOut = filter[3],
        channelsOut % (channels / own) != 0
      {
        throw GraphError("\(channelsOut) output channels do not make \(channels / own) groups")
      }
    }
    let output = try attributes.outputShape(
      input, windowHeight: filter[0], windowWidth: filter[1], channels: outputChannels(filter))
    if part != .output, !output.isCompatible(with: node.input(2).shape) {
      throw GraphError(
        "out_backprop must have the shape \(output) of what images of \(input) and a filter of "
          + "\(filter) give, found \(node.input(2).shape)",
        notes: [Graph.note("out_backprop", node.input(2))])
    }
    switch part {
    case .output: return [output]
    case .inputGradient: return [input.rank == nil ? .ofRank(4) : input]
    case .filterGradient: return [filter.rank == nil ? .ofRank(4) : filter]
    }
  }

  /// The sizes that a backward form is told.
  public static var staticInputs: [Int] {
    switch part {
    case .output: []
    case .inputGradient: [0]
    case .filterGradient: [1]
    }
  }

  /// The kernel for the sizes that the node has.
  public static func kernel(of node: Node) -> KernelSpecification {
    guard let attributes = try? WindowAttributes(node), let (input, filter) = try? operands(node),
      let sizes = input.fullyDefined, let window = filter.fullyDefined,
      let geometry = try? attributes.geometry(
        sizes, windowHeight: window[0], windowWidth: window[1],
        channels: outputChannels(filter) ?? 1, perGroup: isDepthwise ? 1 : window[2])
    else { preconditionFailure("\(node) has unknown sizes") }
    return .convolution(geometry, part, isDepthwise: isDepthwise)
  }
}

extension Ops {
  private static let attributes: [Signature.AttributeDefinition] = [
    .type("T", [.float32, .float64]), .value("strides", .listOfInt),
    .flag("use_cudnn_on_gpu", default: true), .string("padding"),
    .value("explicit_paddings", .listOfInt, default: .list([])),
    .string("data_format", default: "NHWC"),
    .value("dilations", .listOfInt, default: [1, 1, 1, 1].attribute),
  ]
  private static let depthwiseAttributes = attributes.filter { $0.name != "use_cudnn_on_gpu" }

  /// The sum over a window of input channels times a filter, at every place of the window.
  public enum Conv2D: ConvolutionOp {
    public static let part = ConvolutionPart.output
    public static let isDepthwise = false
    public static let signature = Signature(
      ["input: T images", "filter: T images"], gives: ["output: T"], attributes)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      convolutionGradient(
        node, upstream[0], Conv2DBackpropInput.self, Conv2DBackpropFilter.self)
    }
  }

  /// The gradient of a convolution with respect to its input; a transposed convolution.
  public enum Conv2DBackpropInput: ConvolutionOp {
    public static let part = ConvolutionPart.inputGradient
    public static let isDepthwise = false
    public static let signature = Signature(
      ["input_sizes: int32 vector", "filter: T images", "out_backprop: T images"],
      gives: ["output: T"], attributes)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      inputFormGradient(node, upstream[0], Conv2D.self, Conv2DBackpropFilter.self)
    }
  }

  /// The gradient of a convolution with respect to its filter.
  public enum Conv2DBackpropFilter: ConvolutionOp {
    public static let part = ConvolutionPart.filterGradient
    public static let isDepthwise = false
    public static let signature = Signature(
      ["input: T images", "filter_sizes: int32 vector", "out_backprop: T images"],
      gives: ["output: T"], attributes)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      filterFormGradient(node, upstream[0], Conv2D.self, Conv2DBackpropInput.self)
    }
  }

  /// A convolution of each channel with filters of its own.
  public enum DepthwiseConv2dNative: ConvolutionOp {
    public static let part = ConvolutionPart.output
    public static let isDepthwise = true
    public static let signature = Signature(
      ["input: T images", "filter: T images"], gives: ["output: T"], depthwiseAttributes)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      convolutionGradient(
        node, upstream[0], DepthwiseConv2dNativeBackpropInput.self,
        DepthwiseConv2dNativeBackpropFilter.self)
    }
  }

  /// The gradient of a depthwise convolution with respect to its input.
  public enum DepthwiseConv2dNativeBackpropInput: ConvolutionOp {
    public static let part = ConvolutionPart.inputGradient
    public static let isDepthwise = true
    public static let signature = Signature(
      ["input_sizes: int32 vector", "filter: T images", "out_backprop: T images"],
      gives: ["output: T"],
      depthwiseAttributes)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      inputFormGradient(
        node, upstream[0], DepthwiseConv2dNative.self, DepthwiseConv2dNativeBackpropFilter.self)
    }
  }

  /// The gradient of a depthwise convolution with respect to its filter.
  public enum DepthwiseConv2dNativeBackpropFilter: ConvolutionOp {
    public static let part = ConvolutionPart.filterGradient
    public static let isDepthwise = true
    public static let signature = Signature(
      ["input: T images", "filter_sizes: int32 vector", "out_backprop: T images"],
      gives: ["output: T"],
      depthwiseAttributes)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      filterFormGradient(
        node, upstream[0], DepthwiseConv2dNative.self, DepthwiseConv2dNativeBackpropInput.self)
    }
  }

  private static func convolutionGradient(
    _ node: Node, _ dy: Tensor?, _ toInput: any Op.Type, _ toFilter: any Op.Type
  ) -> Gradient {
    guard let dy else { return .dense([nil, nil]) }
    let (input, filter) = (node.input(0), node.input(1))
    return .dense([
      shapeTensor(of: input).apply(toInput, [filter, dy], node.attributes),
      input.apply(toFilter, [shapeTensor(of: filter), dy], node.attributes),
    ])
  }

  /// Of the form that gives the input's gradient from a filter and the output's gradient.
  private static func inputFormGradient(
    _ node: Node, _ dy: Tensor?, _ forward: any Op.Type, _ toFilter: any Op.Type
  ) -> Gradient {
    guard let dy else { return .dense([nil, nil, nil]) }
    let (filter, output) = (node.input(1), node.input(2))
    return .dense([
      nil, dy.apply(toFilter, [shapeTensor(of: filter), output], node.attributes),
      dy.apply(forward, [filter], node.attributes),
    ])
  }

  /// Of the form that gives the filter's gradient from an input and the output's gradient.
  private static func filterFormGradient(
    _ node: Node, _ dy: Tensor?, _ forward: any Op.Type, _ toInput: any Op.Type
  ) -> Gradient {
    guard let dy else { return .dense([nil, nil, nil]) }
    let (input, output) = (node.input(0), node.input(2))
    return .dense([
      shapeTensor(of: input).apply(toInput, [dy, output], node.attributes), nil,
      input.apply(forward, [dy], node.attributes),
    ])
  }
}

/// A convolution of images with a filter, TensorFlow's `tf.nn.conv2d`.
///
/// - Parameters:
///   - input: `[batch, rows, columns, channels]`, or channels first for `NCHW`.
///   - filter: `[rows, columns, input channels, output channels]`.
///   - strides: the steps along rows and columns.
///   - padding: `SAME` or `VALID`.
public func conv2d(
  _ input: Tensor, _ filter: Tensor, strides: [Int] = [1, 1], padding: String = "VALID",
  dataFormat: String = "NHWC", dilations: [Int] = [1, 1], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  input.apply(
    Ops.Conv2D.self, [filter], name: name,
    [
      "strides": spread(strides, dataFormat), "dilations": spread(dilations, dataFormat),
      "padding": padding.attribute, "data_format": dataFormat.attribute,
    ], site: SourceSite(file, line))
}

/// A convolution of each channel with filters of its own, TensorFlow's `tf.nn.depthwise_conv2d`.
///
/// - Parameter filter: `[rows, columns, channels, multiplier]`.
public func depthwiseConv2d(
  _ input: Tensor, _ filter: Tensor, strides: [Int] = [1, 1], padding: String = "VALID",
  dataFormat: String = "NHWC", dilations: [Int] = [1, 1], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  input.apply(
    Ops.DepthwiseConv2dNative.self, [filter], name: name ?? "depthwise",
    [
      "strides": spread(strides, dataFormat), "dilations": spread(dilations, dataFormat),
      "padding": padding.attribute, "data_format": dataFormat.attribute,
    ], site: SourceSite(file, line))
}

/// The gradient of a convolution with respect to its input, which makes images larger; TensorFlow's
/// `tf.nn.conv2d_transpose`.
///
/// - Parameters:
///   - input: `[batch, rows, columns, channels]`, or channels first for `NCHW`.
///   - filter: `[rows, columns, output channels, input channels]`.
///   - outputShape: the result's shape, of which the convolution would make the input's.
public func conv2dTranspose(
  _ input: Tensor, _ filter: Tensor, outputShape: Tensor, strides: [Int] = [1, 1],
  padding: String = "SAME", dataFormat: String = "NHWC", name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  outputShape.apply(
    Ops.Conv2DBackpropInput.self, [filter, input], name: name ?? "conv2d_transpose",
    [
      "strides": spread(strides, dataFormat), "padding": padding.attribute,
      "data_format": dataFormat.attribute,
    ], site: SourceSite(file, line))
}

/// Numbers for rows and columns as TensorFlow states them, with 1 for images and channels.
package func spread(_ pair: [Int], _ format: String) -> Attribute {
  let (height, width) = (pair.first ?? 1, pair.last ?? 1)
  return (format == "NCHW" ? [1, 1, height, width] : [1, height, width, 1]).attribute
}
