import GraphCore

/// One thing to look for in a graph.
protocol LintCheck: SendableMetatype {
  static func findings(in context: LintContext) -> [LintFinding]
}

extension Graph {
  /// The checks in the order in which their findings are listed.
  static let lintChecks: [any LintCheck.Type] = [
    UpdateOpsCheck.self, BatchNormalizationCheck.self, TrainableVariablesCheck.self,
    UnorderedAccessCheck.self, InitializationCheck.self, SavingCheck.self, RepetitionCheck.self,
  ]

  /// Looks for what runs but hardly does what was meant: update ops that nothing runs, variables that
  /// training does not reach, accesses without an order, and more (`LintFinding.Kind` lists all).
  ///
  /// - Parameters:
  ///   - fetches: the tensors of the run in question; with neither these nor targets, each training op
  ///     of the graph is one run beside the update ops.
  ///   - targets: the operations of that run.
  ///   - restored: the names of variables that get their values from elsewhere, such as a checkpoint.
  public func lint(
    fetching fetches: [Tensor] = [], targets: [any GraphElement] = [],
    restored: Set<String> = []
  ) -> [LintFinding] {
    let requested = (fetches.map(\.node) + targets.map(\.target)).filter {
      $0.graph === self && !$0.isPoison
    }
    let context = LintContext(self, requested: requested, fetches: fetches, restored: restored)
    return Self.lintChecks.flatMap { $0.findings(in: context) }
  }
}
