import GraphCore

/// Sees a compilation step by step, so that each can be checked.
package protocol CompilationObserver: Sendable {
  /// A rule has rewritten a node; the graph is still being written.
  func ruleApplied(_ application: RuleApplication)
  /// A pass has ended.
  func passFinished(_ pass: any Pass.Type, before: Workspace, after: Workspace)
}
