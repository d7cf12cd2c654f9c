import GraphCore

/// One rewriting of the compiler's copy of a graph.
package protocol Pass: SendableMetatype {
  /// The name in listings, in kebab case.
  static var name: String { get }
  /// What the pass does, in one sentence.
  static var summary: String { get }
  /// Whether a plan cannot be made without it.
  static var isNeeded: Bool { get }
  /// Whether it leaves the ops that a file holds, so that it may rewrite one.
  static var keepsOps: Bool { get }
  /// Rewrites the workspace.
  static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws
}

extension Pass {
  /// Most passes only improve.
  package static var isNeeded: Bool { false }
  /// Most passes rewrite files too.
  package static var keepsOps: Bool { true }
}
