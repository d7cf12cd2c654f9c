import GraphCore

/// Sees a compilation step by step, so that each can be checked.
package protocol CompilationObserver: Sendable {
  /// A rule has rewritten a node; the graph is still being written.
  func ruleApplied(_ application: RuleApplication)
  /// A pass has ended.
  func passFinished(_ pass: any Pass.Type, before: Workspace, after: Workspace)
}

/// One node rewritten by a rule.
package struct RuleApplication {
  /// The rule.
  package let rule: Rule
  /// The node in the graph before the pass.
  package let node: Node
  /// The node's inputs in the graph that is being written.
  package let inputs: [Tensor]
  /// What stands for its outputs there.
  package let replacement: [Tensor]
  /// The number of nodes of that graph before the rule added its own.
  package let firstNew: Int
}
