import GraphTools
import TensorCore
import TensorFlowFormats

/// What a partial restore did and what it left: one report for the whole checkpoint.
public struct RestoreReport: Sendable, CustomStringConvertible {
  /// The variables that were set, each with the name of what it was set to in the file.
  public internal(set) var restored: [(variable: String, source: String)] = []
  /// The variables of which the file has nothing.
  public internal(set) var missing: [String] = []
  /// What the file holds that no variable took.
  public internal(set) var unused: [String] = []
  /// The variables whose type or shape is not the file's, with both.
  public internal(set) var otherShape: [(variable: String, wanted: String, found: String)] = []
  /// What looks like a missing variable under another name; not restored unless that was asked for.
  public internal(set) var likelyRenames: [(variable: String, source: String)] = []

  /// Whether every variable was set.
  public var isComplete: Bool { missing.isEmpty && otherShape.isEmpty }

  /// A count, then a line for each variable that was not restored under its own name.
  public var description: String {
    var lines = [
      "\(restored.count) restored, \(missing.count) missing in the file, \(unused.count) unused in "
        + "the file, \(otherShape.count) of another shape"
    ]
    lines += restored.filter { $0.variable != $0.source }.map {
      "restored \($0.variable) from \($0.source)"
    }
    lines += otherShape.map { "other shape \($0.variable): wanted \($0.wanted), found \($0.found)" }
    lines += missing.map { "missing \($0)" }
    lines += unused.map { "unused \($0)" }
    lines += likelyRenames.map { "likely renamed \($0.source) -> \($0.variable)" }
    return lines.joined(separator: "\n")
  }
}
