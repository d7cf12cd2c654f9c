import GraphCore

extension Graph {
  /// Builds an op of several nodes in a name scope of its own, as TensorFlow does.
  ///
  /// `body` gets the scope with its trailing slash: given as a name to the node that is the result,
  /// it makes that node bear the scope's own name (`random_uniform` beside `random_uniform/min`).
  package func composed<Result>(
    _ name: String, at site: SourceSite, _ body: (_ scope: String) -> Result
  ) -> Result {
    at(site) { nameScope(name) { body(scope.names) } }
  }

  /// Records a user's mistake that a builder found before there was a node, and gives a poison tensor.
  package func mistake(
    _ message: String, op: String, name: String? = nil, site: SourceSite, beside: [Tensor] = []
  ) -> Tensor {
    record(
      GraphError(
        message, node: name.map { scope.names + $0 }, op: op, site: scope.site ?? site,
        notes: beside.enumerated().map { Graph.note("input \($0.offset)", $0.element) }))
    return poison
  }
}
