import GraphCore
import TensorCore

extension Tensor {
  /// Adds an op of this tensor, which is also its main output.
  package func apply(
    _ op: any Op.Type, _ others: [Tensor] = [], name: String? = nil,
    _ attributes: [String: Attribute] = [:], site: SourceSite? = nil
  ) -> Tensor {
    graph.add(op, [self] + others, name: name, attributes, site: site).output(0)
  }
}
