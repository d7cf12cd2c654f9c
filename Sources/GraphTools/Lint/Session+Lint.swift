import GraphCore
import GraphRuntime

extension Session {
  /// As often the graph must have grown before one of the last runs for that to be a habit: scripts that
  /// build in a few steps, running in between, are in order.
  private static let habit = 4

  /// What `Graph.lint` finds, variables with a value in this session needing no initializer; and whether
  /// the graph grew from run to run, so that every run was compiled anew.
  public func lint(fetching fetches: [Tensor] = [], targets: [any GraphElement] = [])
    -> [LintFinding]
  {
    let names = graph.operations.filter { $0.op == "VarHandleOp" || $0.op.hasPrefix("Variable") }
      .map(\.sessionName)
    let known = zip(names, values(ofVariablesNamed: names)).filter { $1 != nil }.map(\.0)
    return growthFindings()
      + graph.lint(fetching: fetches, targets: targets, restored: Set(known))
  }

  private func growthFindings() -> [LintFinding] {
    let recent = growth
    let growths = recent.filter { !$0.isEmpty }
    guard growths.count >= Self.habit, let last = growths.last else { return [] }
    let sizes = Set(growths.map(\.count)).sorted()
    let size = sizes.count == 1 ? "\(sizes[0])" : "\(sizes[0]) to \(sizes[sizes.count - 1])"
    let plural = sizes == [1] ? "" : "s"
    return [
      LintFinding(
        kind: .growingGraph, nodes: last.map { graph.node(at: $0) },
        message: "the graph grew by \(size) node\(plural) before \(growths.count) of the last "
          + "\(recent.count) runs, and each was compiled anew",
        cure: "build everything before the first run; feed what changes through placeholders, and "
          + "set variables by session.set or one assignment of a placeholder")
    ]
  }
}
