import GraphCore
import StandardOps

extension GradientValue {
  /// The gradient with a number for each element of what it belongs to.
  var densified: Tensor {
    switch self {
    case .dense(let tensor): return tensor
    case .slices(let values, _, _):
      values.graph.record(
        GraphError(
          "the gradient \(values) belongs to some rows only and is needed for all; only a "
            + "variable takes it as it is",
          node: values.node.name, op: values.node.op, site: values.node.site))
      return values.graph.poison
    }
  }

  /// The sum of one or more contributions.
  static func sum(of contributions: [GradientValue]) -> GradientValue {
    contributions.count == 1 ? contributions[0] : .dense(addN(contributions.map(\.densified)))
  }
}
