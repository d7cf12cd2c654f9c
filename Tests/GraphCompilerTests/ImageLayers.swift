import Dataflow

/// A convolution as a test builds it: each way that windows move over images, on sizes that no tile
/// divides.
enum ImageLayer: String, CaseIterable, Sendable {
  case same, valid, explicit, strided, stridedSame, dilated, channelsFirst, grouped, pointwise
  case manyTiles, manyTilesChannelsFirst
  case depthwise, depthwiseMultiplied, depthwiseStrided, depthwiseChannelsFirst, depthwiseManyTiles

  var isDepthwise: Bool { rawValue.hasPrefix("depthwise") }
  var isChannelsFirst: Bool { rawValue.hasSuffix("hannelsFirst") }
  var format: String { isChannelsFirst ? "NCHW" : "NHWC" }

  /// Images, rows, columns, channels.
  private var sizes: [Int] {
    switch self {
    case .manyTiles, .manyTilesChannelsFirst: [3, 33, 31, 24]
    case .depthwiseManyTiles: [2, 47, 45, 20]
    case .grouped: [2, 9, 8, 6]
    default: [3, 9, 7, 4]
    }
  }

  /// The shape of the images.
  var input: [Int] {
    isChannelsFirst ? [sizes[0], sizes[3], sizes[1], sizes[2]] : sizes
  }

  /// Rows and columns of the window, input channels of a group, and output channels.
  var filter: [Int] {
    switch self {
    case .pointwise: [1, 1, 4, 5]
    case .grouped: [2, 3, 3, 8]
    case .strided, .stridedSame: [3, 2, 4, 5]
    case .manyTiles, .manyTilesChannelsFirst: [3, 3, 24, 10]
    case .depthwiseMultiplied, .depthwiseChannelsFirst: [3, 3, 4, 2]
    default: [3, 3, sizes[3], isDepthwise ? 1 : 5]
    }
  }

  /// The number of output channels.
  var channels: Int { isDepthwise ? filter[2] * filter[3] : filter[3] }

  private var padding: String {
    switch self {
    case .same, .stridedSame, .pointwise, .depthwise, .manyTiles, .depthwiseChannelsFirst: "SAME"
    case .explicit: "EXPLICIT"
    default: "VALID"
    }
  }

  func callAsFunction(_ x: Tensor, _ weights: Tensor) -> Tensor {
    func spread(_ height: Int, _ width: Int) -> Attribute {
      (isChannelsFirst ? [1, 1, height, width] : [1, height, width, 1]).attribute
    }
    let isStrided = [.strided, .stridedSame, .depthwiseStrided].contains(self)
    var attributes = [
      "strides": isStrided && !isDepthwise ? spread(2, 3) : isStrided ? spread(2, 2) : spread(1, 1),
      "dilations": self == .dilated ? spread(2, 3) : spread(1, 1),
      "padding": padding.attribute, "data_format": format.attribute,
    ]
    if self == .explicit { attributes["explicit_paddings"] = [0, 0, 2, 1, 0, 3, 0, 0].attribute }
    return isDepthwise
      ? x.apply(Ops.DepthwiseConv2dNative.self, [weights], attributes)
      : x.apply(Ops.Conv2D.self, [weights], attributes)
  }
}
