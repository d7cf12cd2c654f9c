import TensorCore

/// A kernel that is one function of a backend, with the numbers that the node states.
public enum NamedKernel: Hashable, Sendable {
  /// Fills a buffer from TensorFlow's random stream of the given seeds.
  case random(RandomDistribution, seed: UInt64, seed2: UInt64)
  /// Slices of the first input along an axis, at the indices that the second holds.
  case gather(axis: Int, batchDimensions: Int)
  /// Slices of the first input at the index vectors that the second's last axis holds.
  case gatherND(batchDimensions: Int)
  /// The first input with the third's slices combined into it at the second's index vectors.
  case scatter(ScatterCombination)
  /// The first input's slices combined by the number that the second gives each; in segments without
  /// slices extrema are 0 if the numbers are sorted, else the type's limits.
  case segment(SegmentCombination, isSorted: Bool)
  /// The greatest elements along the last axis, and their indices.
  case topK
  /// Sums or products of all earlier elements along an axis.
  case cumulate(axis: Int, exclusive: Bool, reverse: Bool, isProduct: Bool)
  /// The greatest, the mean or the chosen element of each window, or the gradient of that.
  case pool(PoolKind, ConvolutionGeometry, isGradient: Bool)
  /// Images of another size, or the gradient of that.
  case resize(ResizeKind, alignCorners: Bool, halfPixelCenters: Bool, isGradient: Bool)
  /// The steps of an LSTM, or the gradient of these.
  case lstm(LSTMSteps, isGradient: Bool)
  /// Fails the run if its input is false.
  case assertion
  /// A stack emptied, with one tensor more, or with one less, which is the output.
  case stack(StackAction)

  /// What the names of all kernels begin with.
  package static let families = [
    "assert", "cumulate", "gather", "lstm", "pool", "random", "resize", "scatter", "segment",
    "stack", "top_k",
  ]

  /// The name in listings.
  public var name: String {
    switch self {
    case .random(let distribution, _, _): "random_" + distribution.rawValue
    case .gather: "gather"
    case .gatherND: "gather_nd"
    case .scatter(let combination): "scatter_" + combination.rawValue
    case .segment(let combination, _): "segment_" + combination.rawValue
    case .topK: "top_k"
    case .cumulate: "cumulate"
    case .pool(let kind, _, let isGradient): "pool_" + kind.rawValue + (isGradient ? "_grad" : "")
    case .resize(let kind, _, _, let isGradient):
      "resize_" + kind.rawValue + (isGradient ? "_grad" : "")
    case .lstm(_, let isGradient): isGradient ? "lstm_grad" : "lstm"
    case .assertion: "assert"
    case .stack(let action): "stack_" + action.rawValue
    }
  }
}

/// What a random stream's numbers become.
public enum RandomDistribution: String, Hashable, Sendable {
  /// From 0 to below 1.
  case uniform
  /// Integers of a range.
  case uniformInteger
  /// Mean 0, deviation 1.
  case normal
  /// The same, drawn again beyond two deviations.
  case truncatedNormal
}

/// What happens to a stack.
public enum StackAction: String, Hashable, Sendable {
  case clear, push, pop
}

/// What scattering does where something is already.
public enum ScatterCombination: String, Hashable, Sendable {
  case update, add, subtract, multiply, divide, minimum, maximum
  /// An update that may name no place twice.
  case once
}

/// How the slices of a segment are combined.
public enum SegmentCombination: String, Hashable, Sendable {
  case sum, product, minimum, maximum, mean
}

/// Which of a convolution's three tensors is computed from the other two.
public enum ConvolutionPart: Hashable, Sendable {
  /// The output, from input and filter.
  case output
  /// The gradient with respect to the input, from filter and the output's gradient.
  case inputGradient
  /// The gradient with respect to the filter, from input and the output's gradient.
  case filterGradient
}

/// What a window becomes.
public enum PoolKind: String, Hashable, Sendable {
  case maximum, average
  /// What a third input holds where the greatest element is.
  case chosen
}

/// Which pixels a resized pixel follows from.
public enum ResizeKind: String, Hashable, Sendable {
  case bilinear, nearest
}
