import GraphCore
import StandardOps
import TensorCore

/// Numbers for rows and columns of images: `[3, 5]`, or `3` for both.
public struct Size2D: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  /// The number for rows.
  public let rows: Int
  /// The number for columns.
  public let columns: Int

  /// A number for rows and one for columns.
  public init(_ rows: Int, _ columns: Int) { (self.rows, self.columns) = (rows, columns) }
  /// One number for both.
  public init(_ both: Int) { self.init(both, both) }
  /// One number for both.
  public init(integerLiteral value: Int) { self.init(value) }
  /// Rows and columns; one number stands for both.
  public init(arrayLiteral elements: Int...) {
    self.init(elements.first ?? 1, elements.last ?? 1)
  }

  var pair: [Int] { [rows, columns] }
}

/// What a window does at the borders.
public enum Padding: String, Hashable, Sendable {
  /// Stays inside, so that the result is smaller.
  case valid = "VALID"
  /// Goes over zeros, so that the result has ⌈size / stride⌉ rows and columns.
  case same = "SAME"
  /// Goes over zeros before the first step alone, so that no step sees a later one; of `conv1D`.
  case causal = "CAUSAL"
}

/// Where the channels of images are.
public enum DataFormat: Hashable, Sendable {
  /// `[batch, rows, columns, channels]`.
  case channelsLast
  /// `[batch, channels, rows, columns]`.
  case channelsFirst

  /// TensorFlow's name of it for images.
  var name: String { self == .channelsLast ? "NHWC" : "NCHW" }
  /// The axis of the channels of a tensor of that rank.
  func channels(_ rank: Int) -> Int { self == .channelsLast ? rank - 1 : 1 }
  /// The first axis of rows or columns.
  var firstSpatial: Int { self == .channelsLast ? 1 : 2 }
}

extension Layers {
  /// The number of channels of an input of the given rank, or nil with a mistake recorded.
  static func channels(
    of inputs: Tensor, rank: Int, _ format: DataFormat, _ kind: String, _ site: SourceSite
  ) -> Int? {
    if inputs.shape.rank == rank, let channels = inputs.shape[format.channels(rank)] {
      return channels
    }
    _ = inputs.graph.mistake(
      "the input must have rank \(rank) and a known number of channels along axis "
        + "\(format.channels(rank)), found shape \(inputs.shape)", op: kind, site: site,
      beside: [inputs])
    return nil
  }

  /// Whether all numbers are positive; records a mistake otherwise.
  static func arePositive(
    _ numbers: [(String, [Int])], _ kind: String, _ inputs: Tensor, _ site: SourceSite
  ) -> Bool {
    for (what, values) in numbers {
      guard let least = values.min(), least < 1 else { continue }
      _ = inputs.graph.mistake(
        "\(what) must be positive, found \(least)", op: kind, site: site, beside: [inputs])
      return false
    }
    return true
  }

  /// Whether windows over images, or over sequences but `conv1D`'s, take a padding; records a mistake
  /// otherwise.
  static func isForImages(
    _ padding: Padding, _ kind: String, _ inputs: Tensor, _ site: SourceSite
  ) -> Bool {
    if padding != .causal { return true }
    _ = inputs.graph.mistake(
      "causal padding is for conv1D alone; give .valid or .same, or pad the input before",
      op: kind, site: site, beside: [inputs])
    return false
  }
}
