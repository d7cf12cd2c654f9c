import GraphCore

/// One identity by which nodes are rewritten.
package struct Rule: Sendable {
  /// The name in listings, in kebab case.
  package let name: String
  /// The identity in mathematics.
  package let identity: String
  /// What it promises about the numbers.
  package let contract: Contract
  /// The ops at whose nodes it may apply.
  package let ops: Set<String>
  /// The replacement of a node's outputs on its new inputs, or nil where the rule does not apply.
  package let rewrite: @Sendable (RuleContext) -> [Tensor]?

  package init(
    name: String, identity: String, contract: Contract, ops: Set<String>,
    rewrite: @escaping @Sendable (RuleContext) -> [Tensor]?
  ) {
    self.name = name
    self.identity = identity
    self.contract = contract
    self.ops = ops
    self.rewrite = rewrite
  }
}

/// A node to which a rule may apply.
package struct RuleContext {
  /// The node before the rewriting, for its attributes, type and shape.
  package let node: Node
  /// Its inputs in the new graph.
  package let inputs: [Tensor]
  /// Whether a tensor of the new graph depends on variables that the run does not write and on
  /// constants alone, so that the session computes it once.
  package let isLive: (Tensor) -> Bool
  /// Whether a tensor of the new graph is known to have a single use.
  package let isTakenOnce: (Tensor) -> Bool

  /// Whether the input at a position is taken by this node alone.
  package func isOnlyUse(_ index: Int) -> Bool { isTakenOnce(inputs[index]) }

  package subscript(index: Int) -> Tensor { inputs[index] }
  package var output: Tensor { node.output(0) }
}
