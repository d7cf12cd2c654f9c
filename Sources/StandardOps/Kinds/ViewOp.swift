import GraphCore
import TensorCore

/// An op that moves elements without computing: it says which input element each output element is.
public protocol ViewOp: Op {
  /// Where the output's elements come from, once all shapes are known; nil if that depends on data.
  static func view(of node: Node) -> View?
}

extension ViewOp {
  /// No effects.
  public static var effects: Effects { .none }
}

/// Where the elements of a view come from.
public enum View: Hashable, Sendable {
  /// The first input's elements in the same row-major order.
  case reshape
  /// Boxes that together cover the output, each once.
  case pieces([ViewPiece])
}

/// A box of a view's output with its source.
public struct ViewPiece: Hashable, Sendable {
  /// What fills a box.
  public enum Source: Hashable, Sendable {
    /// Elements of an input: its index along each of its axes is an affine map of the index inside
    /// the box.
    case input(Int, [AffineIndex])
    /// One number.
    case fill(Double)
  }

  /// The box's first index along each output axis.
  public let lower: [Int]
  /// The box's size along each output axis.
  public let extents: [Int]
  /// What fills the box.
  public let source: Source

  /// A box with its source.
  public init(lower: [Int], extents: [Int], source: Source) {
    self.lower = lower
    self.extents = extents
    self.source = source
  }

  /// A single box that covers the whole output.
  public static func whole(_ shape: Shape, of input: Int, _ axes: [AffineIndex]) -> View {
    .pieces([
      ViewPiece(
        lower: Array(repeating: 0, count: shape.rank), extents: shape.dimensions,
        source: .input(input, axes))
    ])
  }
}

/// `offset + Σ coefficients[d] · index[d]`: an index as a function of several.
public struct AffineIndex: Hashable, Sendable {
  /// The value at the origin.
  public var offset: Int
  /// The step along each dimension.
  public var coefficients: [Int]

  /// The given map.
  public init(offset: Int = 0, coefficients: [Int]) {
    self.offset = offset
    self.coefficients = coefficients
  }

  /// `offset + step · index[dimension]` among `rank` dimensions; constant if `dimension` is nil.
  public init(along dimension: Int?, rank: Int, offset: Int = 0, step: Int = 1) {
    self.offset = offset
    coefficients = Array(repeating: 0, count: rank)
    if let dimension { coefficients[dimension] = step }
  }
}
