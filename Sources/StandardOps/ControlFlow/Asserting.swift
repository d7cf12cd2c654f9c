import GraphCore
import TensorCore

extension Ops {
  /// Fails the run if its condition is false.
  public enum Assert: KernelOp {
    public static let signature = Signature(
      ["condition: bool", "data: T"], gives: [], [.types("T"), .int("summarize", default: 3)])
    public static let effects = Effects.host
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    public static func kernel(of node: Node) -> KernelSpecification { .named(.assertion) }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense(node.inputs.map { _ in nil }) }
  }
}
