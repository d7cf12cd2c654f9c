import GraphCore

/// Something in a graph that runs but hardly does what was meant: what it is, where, and the cure.
public struct LintFinding: Sendable, Hashable, CustomStringConvertible {
  /// What the finding is about, in words that do not change: `update-ops-not-run`.
  public let kind: Kind
  /// The nodes at fault, the most telling one first.
  public let nodes: [Node]
  /// What is wrong.
  public let message: String
  /// What to do about it.
  public let cure: String

  /// The mistakes that are looked for.
  public enum Kind: String, Sendable, CaseIterable {
    /// Update ops that the training op does not run.
    case updateOpsNotRun = "update-ops-not-run"
    /// A batch normalization that is trained but fixed to inference.
    case batchNormNotTraining = "batch-norm-not-training"
    /// A batch normalization whose statistics nothing keeps for inference.
    case batchNormNotUpdated = "batch-norm-not-updated"
    /// A batch normalization fixed to training in a run that does not train.
    case batchNormAlwaysTraining = "batch-norm-always-training"
    /// A trainable variable that training leaves as it is.
    case variableNotTrained = "variable-not-trained"
    /// Accesses to one variable whose order no edge decides.
    case unorderedAccess = "unordered-access"
    /// A variable that no initializer reaches.
    case neverInitialized = "never-initialized"
    /// A variable that the graph's savers leave out.
    case notSaved = "not-saved"
    /// The same nodes made again and again.
    case repeatedNodes = "repeated-nodes"
    /// A graph to which nodes are added between runs.
    case growingGraph = "growing-graph"
  }

  /// How many nodes a finding lists before it counts the rest.
  private static let listed = 8

  /// Kind and message, a line for each node with the line of the program that made it, the cure.
  public var description: String {
    var lines = ["\(kind.rawValue): \(message)"]
    for node in nodes.prefix(Self.listed) {
      lines.append("  \(node)" + (node.site.map { ", made at \($0)" } ?? ""))
    }
    if nodes.count > Self.listed { lines.append("  and \(nodes.count - Self.listed) more") }
    return (lines + ["  cure: \(cure)"]).joined(separator: "\n")
  }

  /// The finding as a JSON object.
  package var json: String {
    JSON.object([
      ("kind", JSON.string(kind.rawValue)), ("message", JSON.string(message)),
      ("cure", JSON.string(cure)),
      (
        "nodes",
        JSON.array(
          nodes.map { node in
            JSON.object([
              ("name", JSON.string(node.name)), ("op", JSON.string(node.op)),
              ("site", node.site.map { JSON.string("\($0)") } ?? "null"),
            ])
          })
      ),
    ])
  }

  /// Findings as a JSON array, one a line.
  package static func json(_ findings: [LintFinding]) -> String {
    findings.isEmpty ? "[]" : "[\n" + findings.map(\.json).joined(separator: ",\n") + "\n]"
  }
}
