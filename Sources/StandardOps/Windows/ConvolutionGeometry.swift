import GraphCore
import TensorCore

/// The sizes of a convolution or pooling: over two axes of images, with all padding worked out.
public struct ConvolutionGeometry: Hashable, Sendable {
  /// The number of images.
  public var batch = 1
  /// Rows, columns, channels of the input.
  public var inputHeight = 1, inputWidth = 1, inputChannels = 1
  /// Rows and columns of the window.
  public var windowHeight = 1, windowWidth = 1
  /// Rows, columns, channels of the output.
  public var outputHeight = 1, outputWidth = 1, outputChannels = 1
  /// The steps of the window.
  public var strideHeight = 1, strideWidth = 1
  /// The distances between the window's elements.
  public var dilationHeight = 1, dilationWidth = 1
  /// Rows above and columns before the input that are taken as zero.
  public var padTop = 0, padLeft = 0
  /// The input channels that each output channel sees.
  public var groupChannels = 1
  /// Whether channels come before rows and columns.
  public var isChannelsFirst = false

  /// The number of groups of channels.
  public var groups: Int { inputChannels / max(groupChannels, 1) }
}

extension ConvolutionGeometry {
  /// The same windows without the rows and columns that lie outside of the images at every place, of
  /// which a file may state billions: a pooled pixel follows from those inside alone.
  var trimmed: ConvolutionGeometry {
    var result = self
    (result.windowHeight, result.padTop) = Self.trimmed(
      windowHeight, padTop, inputHeight, (outputHeight - 1) * strideHeight)
    (result.windowWidth, result.padLeft) = Self.trimmed(
      windowWidth, padLeft, inputWidth, (outputWidth - 1) * strideWidth)
    return result
  }

  /// - Parameter travel: the distance from the window's first place to its last.
  private static func trimmed(_ window: Int, _ before: Int, _ size: Int, _ travel: Int) -> (
    window: Int, before: Int
  ) {
    let first = max(0, min(before - max(travel, 0), window - 1))
    let end = max(first + 1, min(window, before + size))
    return (end - first, before - first)
  }
}

/// The attributes by which windows move over images.
struct WindowAttributes {
  let isChannelsFirst: Bool
  let padding: String
  let explicit: [Int]
  let window: [Int]?
  let strides: [Int]
  let dilations: [Int]

  /// The positions of batch, rows, columns and channels.
  var axes: (batch: Int, height: Int, width: Int, channels: Int) {
    isChannelsFirst ? (0, 2, 3, 1) : (0, 1, 2, 3)
  }

  /// The node's own; window and strides may be given where they are no attributes.
  ///
  /// - Throws: `GraphError` for values that no window has.
  init(_ node: Node, window stated: [Int]? = nil, strides statedStrides: [Int]? = nil)
    throws(GraphError)
  {
    let format = node[optional: AttributeKey<String>("data_format")] ?? "NHWC"
    guard format == "NHWC" || format == "NCHW" else {
      throw GraphError("data_format must be NHWC or NCHW, found \(format)")
    }
    isChannelsFirst = format == "NCHW"
    padding = node[optional: AttributeKey<String>("padding")] ?? "VALID"
    explicit = node[optional: AttributeKey<[Int]>("explicit_paddings")] ?? []
    window = stated ?? node[optional: AttributeKey<[Int]>("ksize")]
    strides =
      statedStrides ?? node[optional: AttributeKey<[Int]>("strides")] ?? [1, 1, 1, 1]
    dilations = node[optional: AttributeKey<[Int]>("dilations")] ?? [1, 1, 1, 1]
    for (name, list) in [
      ("strides", strides), ("dilations", dilations), ("ksize", window ?? [1, 1, 1, 1]),
    ] {
      guard list.count == 4, list.allSatisfy({ $0 >= 1 }) else {
        throw GraphError("\(name) must be four numbers of at least 1, found \(list)")
      }
    }
    let (batch, _, _, channels) = isChannelsFirst ? (0, 2, 3, 1) : (0, 1, 2, 3)
    guard strides[batch] == 1, strides[channels] == 1, dilations[batch] == 1,
      dilations[channels] == 1, (window?[batch] ?? 1) == 1, (window?[channels] ?? 1) == 1
    else { throw GraphError.unsupported("windows over images or channels are not supported") }
    switch padding {
    case "SAME", "VALID": break
    case "EXPLICIT":
      guard explicit.count == 8, explicit.allSatisfy({ $0 >= 0 }) else {
        throw GraphError("explicit_paddings must be eight numbers, found \(explicit)")
      }
    default: throw GraphError("padding must be SAME, VALID or EXPLICIT, found \(padding)")
    }
  }

  /// The output's size along an axis of the input, and the zeros before it.
  ///
  /// As TensorFlow counts, a window that reaches beyond the padded input by less than a step leaves
  /// an output without elements.
  ///
  /// - Throws: `GraphError` if the window is larger.
  func output(_ size: Int, window: Int, axis: Int) throws(GraphError) -> (size: Int, before: Int) {
    let stride = strides[axis]
    guard window >= 1, let reach = extent(of: window, dilations[axis]) else {
      throw GraphError("a window of \(window) with dilation \(dilations[axis]) cannot be")
    }
    if padding == "SAME" {
      let count = (size + stride - 1) / stride
      return (count, max((count - 1) * stride + reach - size, 0) / 2)
    }
    let before = padding == "EXPLICIT" ? explicit[2 * axis] : 0
    let padded = size + before + (padding == "EXPLICIT" ? explicit[2 * axis + 1] : 0)
    let count = (padded - reach + stride) / stride
    guard count >= 0 else {
      throw GraphError("a window of \(reach) is larger than the padded input's \(padded)")
    }
    return (count, before)
  }

  /// From a window's first element to its last; nil where that is beyond all sizes.
  private func extent(of window: Int, _ dilation: Int) -> Int? {
    let extent = [window - 1, dilation].sizeProduct + 1
    return extent < .beyondSizes ? extent : nil
  }

  /// The output's shape, as far as it is known.
  func outputShape(_ input: PartialShape, windowHeight: Int?, windowWidth: Int?, channels: Int?)
    throws(GraphError) -> PartialShape
  {
    guard (input.rank ?? 4) == 4 else {
      throw GraphError("images of rank 4 are expected, found shape \(input)")
    }
    var sizes: [Int?] = [input[axes.batch], nil, nil, nil]
    sizes[axes.channels] = channels
    for (axis, window) in [(axes.height, windowHeight), (axes.width, windowWidth)] {
      if let size = input[axis], let window {
        sizes[axis] = try output(size, window: window, axis: axis).size
      }
    }
    return PartialShape(sizes)
  }

  /// All sizes, of known shapes.
  func geometry(_ input: Shape, windowHeight: Int, windowWidth: Int, channels: Int, perGroup: Int)
    throws(GraphError) -> ConvolutionGeometry
  {
    var result = ConvolutionGeometry()
    let (batch, height, width, channel) = axes
    result.batch = input[batch]
    (result.inputHeight, result.inputWidth) = (input[height], input[width])
    result.inputChannels = input[channel]
    (result.windowHeight, result.windowWidth) = (windowHeight, windowWidth)
    (result.outputHeight, result.padTop) = try output(
      input[height], window: windowHeight, axis: height)
    (result.outputWidth, result.padLeft) = try output(
      input[width], window: windowWidth, axis: width)
    result.outputChannels = channels
    // Steps between places, or taps, of which there is one are as good as 1 and overflow nothing.
    result.strideHeight = result.outputHeight > 1 ? strides[height] : 1
    result.strideWidth = result.outputWidth > 1 ? strides[width] : 1
    result.dilationHeight = windowHeight > 1 ? dilations[height] : 1
    result.dilationWidth = windowWidth > 1 ? dilations[width] : 1
    result.groupChannels = perGroup
    result.isChannelsFirst = isChannelsFirst
    return result
  }
}
