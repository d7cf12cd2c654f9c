import GraphCore
import TensorCore

extension Ops {
  /// Indices as they are, each of which must be at least 0 and below the limit: another one ends the
  /// run. Only behind ops that compute with indices element by element, where no kernel looks.
  package enum _Index: ElementwiseOp {
    package static let limit = AttributeKey<Int>("limit")
    package static let signature = Signature(
      ["x: T"], gives: ["y: T"], [.type("T", .indices), .int("limit")])
    package static func body(_ x: ElementContext) -> Element {
      x[0].binary(.index, x[0].constant(Double(x.node[limit])))
    }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("an index is an integer") }
  }
}
