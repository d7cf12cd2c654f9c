import StandardOps
import TensorCore

/// A convolution or one of its backward forms, and a loop over each finished tile of its result.
///
/// As with a contraction, a sum is complete before the epilogue reads it, and with an epilogue the
/// result is stored nowhere but in the scratch of a tile. Tensors are dense and row-major.
public struct ConvolutionKernel: Hashable, Sendable {
  /// The sizes, and how windows move.
  public var geometry: ConvolutionGeometry
  /// Which of the three tensors is computed.
  public var part: ConvolutionPart
  /// Whether each channel is convolved apart.
  public var isDepthwise: Bool
  /// The type of all elements.
  public var dtype: DType
  /// The two tensors that it is computed from, in the order of input, filter, gradient of the output.
  public var inputs: [NamedKernelCall.Value]
  /// The result. Its buffer is the one that is written if there is no epilogue.
  public var output: NamedKernelCall.Value
  /// A plain loop over the result's dimensions, whose load 0 is the result's element; the loop's own
  /// loads are those from 1.
  public var epilogue: LoopKernel?
}

extension ConvolutionKernel {
  /// The name in listings.
  package var name: String {
    let name = isDepthwise ? "depthwise" : "convolution"
    return switch part {
    case .output: name
    case .inputGradient: name + "_input_grad"
    case .filterGradient: name + "_filter_grad"
    }
  }

  /// The sizes of the dimensions that the terms of one element's sum go through.
  package var summedExtents: [Int] {
    let window = [geometry.windowHeight, geometry.windowWidth]
    switch part {
    case .output: return window + (isDepthwise ? [] : [geometry.groupChannels])
    case .inputGradient:
      return window + [geometry.outputChannels / max(geometry.groups, 1)]
    case .filterGradient: return [geometry.batch, geometry.outputHeight, geometry.outputWidth]
    }
  }

  /// The number of multiplications.
  package var work: Int {
    let perPlace = geometry.windowHeight * geometry.windowWidth * geometry.outputChannels
    let places = geometry.batch * geometry.outputHeight * geometry.outputWidth
    return places * perPlace * (isDepthwise ? 1 : geometry.groupChannels)
  }
}
