import GraphCore
import TensorCore

/// Where the first NaN or infinity of a run came from.
public struct NonFiniteError: Error, Sendable, CustomStringConvertible {
  /// What held the number first.
  public enum Source: String, Sendable, Hashable {
    /// A node computed it.
    case operation
    /// It was fed.
    case feed
    /// A variable held it.
    case variable
    /// A constant of the graph is it.
    case constant
  }

  /// Which number it is.
  public enum Kind: String, Sendable, Hashable {
    case nan = "NaN"
    case infinity = "infinity"
  }

  /// Something that the node took.
  public struct Input: Sendable, Hashable {
    /// The tensor's or the variable's name.
    public let name: String
    /// The numbers in it.
    public let numbers: NumberSummary
  }

  /// A round of a loop.
  public struct Round: Sendable, Hashable {
    /// The loop's node.
    public let loop: String
    /// The function: the loop's condition or its body.
    public let function: String
    /// The number of the round, from 1.
    public let number: Int
  }

  /// What held the number first.
  public let source: Source
  /// Which number it is.
  public let kind: Kind
  /// The node of the graph: the one that computed the number, or what is fed or declares the variable.
  public let node: String
  /// The node's op.
  public let op: String
  /// Where the user's program made the node, if known.
  public let site: SourceSite?
  /// The part of the node that computed the number, if the node stands for several.
  public let part: String?
  /// What the node gave.
  public let output: NumberSummary
  /// The index of the first such element.
  public let position: [Int]
  /// What the node took.
  public let inputs: [Input]
  /// The loops that the node lies in, the innermost first.
  public internal(set) var rounds: [Round] = []

  /// What happened, where, and what the node was given.
  public var description: String {
    let made = site.map { ", made at \($0)," } ?? ""
    let numbers =
      "\(output.dtype)\(output.shape)" + (output.shape.rank > 0 ? " at \(position)" : "")
    var lines: [String]
    switch source {
    case .feed: lines = ["the feed \"\(node)\"\(made) holds \(kind.rawValue) in \(numbers)"]
    case .variable: lines = ["the variable \"\(node)\"\(made) holds \(kind.rawValue) in \(numbers)"]
    case .constant: lines = ["the constant \"\(node)\"\(made) holds \(kind.rawValue) in \(numbers)"]
    case .operation:
      let number = kind == .nan ? "a NaN" : "an infinity"
      lines = ["\"\(node)\" (\(op))\(made) is the first to make \(number): in \(numbers)"]
      if let part { lines[0] += ", in its part \"\(part)\"" }
    }
    for round in rounds {
      lines.append(
        "  in round \(round.number) of the loop \"\(round.loop)\", in its function \(round.function)"
      )
    }
    lines.append("  output: \(output)")
    lines += inputs.map { "  input \"\($0.name)\": \($0.numbers)" }
    return lines.joined(separator: "\n")
  }
}

/// What numbers a tensor holds.
public struct NumberSummary: Sendable, Hashable, CustomStringConvertible {
  /// The type of the elements.
  public let dtype: DType
  /// Their arrangement.
  public let shape: Shape
  /// The least and the greatest element, infinities included; nil if every element is a NaN or there
  /// is none.
  public let range: ClosedRange<Double>?
  /// The number of NaNs.
  public let nanCount: Int
  /// The number of infinities of either sign.
  public let infinityCount: Int

  /// The summary of a value, of no numbers if it holds none.
  public init(_ value: TensorValue) {
    dtype = value.dtype
    shape = value.shape
    var range: ClosedRange<Double>?
    var (nans, infinities) = (0, 0)
    for number in value.doubles ?? [] {
      if number.isNaN {
        nans += 1
        continue
      }
      if number.isInfinite { infinities += 1 }
      range = min(range?.lowerBound ?? number, number)...max(range?.upperBound ?? number, number)
    }
    self.range = range
    nanCount = nans
    infinityCount = infinities
  }

  /// Type, shape, range and counts: `float32[2, 3] from -1.0 to 4.0, 2 NaN`.
  public var description: String {
    var text = "\(dtype)\(shape)"
    if let range { text += " from \(range.lowerBound) to \(range.upperBound)" }
    if nanCount > 0 { text += ", \(nanCount) NaN" }
    if infinityCount > 0 { text += ", \(infinityCount) infinite" }
    return text
  }
}
