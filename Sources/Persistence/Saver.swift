import GraphCore
import GraphRuntime
import StandardOps
import Synchronization
import TensorCore
import TensorFlowFormats

/// Saves a session's variables in TensorFlow's checkpoints and restores them, in any session and any
/// process.
public final class Saver: Sendable {
  /// The graph whose variables are saved.
  public let graph: Graph
  /// The variables that are saved.
  public let variables: [Variable]
  /// How many checkpoints are kept; older ones are deleted. 0 keeps all.
  public let maxToKeep: Int
  package let nodes: SaverNodes
  /// The prefixes that this saver wrote, oldest first.
  private let written = Mutex<[String]>([])

  /// A saver of `variables`, by default all global ones.
  ///
  /// Adds to the graph the nodes by which TensorFlow would save and restore it, unless a file that
  /// the graph came from had them for all of the variables.
  public init(_ graph: Graph, variables: [Variable]? = nil, maxToKeep: Int = 5) {
    self.graph = graph
    self.maxToKeep = maxToKeep
    self.variables = variables ?? graph.variables(in: .globalVariables)
    let stated = TFMetaGraphDef.details(of: graph).saverDef
    let areKnown = SaverNodes.cover(self.variables, in: graph)
    if areKnown, !stated.restoreOpName.isEmpty,
      graph.operation(named: stated.restoreOpName) != nil
    {
      nodes = SaverNodes(
        filename: stated.filenameTensorName, save: stated.saveTensorName,
        restore: stated.restoreOpName)
    } else if areKnown, graph.operation(named: "save/restore_all") != nil {
      nodes = SaverNodes(
        filename: "save/Const:0", save: "save/control_dependency:0", restore: "save/restore_all")
    } else {
      nodes = SaverNodes(adding: self.variables, to: graph)
    }
  }

  /// Writes a checkpoint and, beside it, the graph as a MetaGraph.
  ///
  /// A process that is killed while it saves leaves the previous checkpoint loadable. Several threads
  /// and processes may save into one folder, under one prefix too. Variables are written from where
  /// they are: the session runs nothing that changes them meanwhile.
  ///
  /// - Parameters:
  ///   - prefix: the path without endings; the files are `prefix.index`, `prefix.data-…`,
  ///     `prefix.meta` and `checkpoint` in the same directory.
  ///   - globalStep: appended to the prefix as `-step`.
  /// - Returns: the prefix that was written.
  /// - Throws: if a variable has no value or a file cannot be written.
  @discardableResult
  public func save(
    _ session: Session, to prefix: String, globalStep: Int? = nil, writesMetaGraph: Bool = true
  ) throws -> String {
    let full = globalStep.map { "\(prefix)-\($0)" } ?? prefix
    try session.withValues(of: variables) { values in
      var wholes: [(name: String, value: TensorValue)] = []
      var parts: [CheckpointPart] = []
      for (variable, value) in zip(variables, values) {
        if let part = variable.part {
          parts.append(
            CheckpointPart(
              name: part.name, wholeShape: part.wholeShape, slice: TensorSlice(part),
              value: value))
        } else {
          wholes.append((variable.name, value))
        }
      }
      try CheckpointWriter.write(wholes, parts: parts, to: full)
    }
    if writesMetaGraph { try exportMetaGraph(to: full + ".meta") }
    try remember(full)
    return full
  }

  /// Sets the session's variables from a checkpoint of either version, all at once or none.
  ///
  /// - Throws: if a file is missing or damaged, or if variables are missing from it or differ in type
  ///   or shape: one error that lists them all.
  public func restore(_ session: Session, from prefix: String) throws {
    try session.restoreVariables(from: prefix, variables)
  }

  private func exportMetaGraph(to path: String) throws {
    try MetaGraphFile.write(graph, saver: nodes, maxToKeep: maxToKeep, to: path)
  }

  /// Updates the state file and deletes what is too old, in that order.
  private func remember(_ prefix: String) throws {
    try written.withLock { written in
      written.removeAll { $0 == prefix }
      written.append(prefix)
      let excess = maxToKeep > 0 ? max(0, written.count - maxToKeep) : 0
      try CheckpointState(latest: prefix, all: Array(written.dropFirst(excess)))
        .write(besides: prefix)
      // One that cannot be deleted now is tried again after the next saving.
      for _ in 0..<excess {
        try CheckpointWriter.remove(written[0])
        written.removeFirst()
      }
    }
  }
}

extension Session {
  /// Runs `body` on the values of several variables at one moment, where they are; it must let go of
  /// them.
  fileprivate func withValues(of variables: [Variable], _ body: ([TensorValue]) throws -> Void)
    throws
  {
    try withValues(ofVariablesNamed: variables.map(\.handle.node.sessionName)) { found in
      var missing: [String] = []
      for (variable, value) in zip(variables, found) where value == nil {
        missing.append("\"\(variable.name)\"")
      }
      guard missing.isEmpty else {
        throw SessionError(
          "cannot save: \(missing.joined(separator: ", ")) "
            + (missing.count == 1 ? "has no value" : "have no values")
            + "; run the initializer or restore a checkpoint first")
      }
      try body(found.compactMap { $0 })
    }
  }
}
