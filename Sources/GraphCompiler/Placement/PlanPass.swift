import GraphCore

/// One step from a plan's numbered buffers to their places in memory.
package protocol PlanPass: SendableMetatype {
  /// The name in listings, in kebab case.
  static var name: String { get }
  /// What the pass does, in one sentence.
  static var summary: String { get }
  /// Whether a plan cannot run without it.
  static var isNeeded: Bool { get }
  /// Changes the plan.
  static func run(_ plan: inout Plan) throws(GraphError)
}

extension PlanPass {
  /// Only reusing memory may be left out.
  package static var isNeeded: Bool { true }
}
