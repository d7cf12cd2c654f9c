import GraphCore

/// One rewriting of the compiler's copy of a graph.
package protocol Pass: SendableMetatype {
  /// The name in listings, in kebab case.
  static var name: String { get }
  /// What the pass does, in one sentence.
  static var summary: String { get }
  /// Rewrites the workspace.
  static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws
}
