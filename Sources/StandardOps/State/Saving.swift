import GraphCore
import TensorCore

extension OpSet {
  static let hostOps: [any Op.Type] = [Ops.SaveV2.self, Ops.RestoreV2.self]
}

extension Ops {
  /// Writes tensors to a checkpoint; runs only through a saver.
  public enum SaveV2: HostOp {
    public static let signature = Signature(
      [
        "prefix: string", "tensor_names: string", "shape_and_slices: string", "tensors: dtypes",
      ], gives: [], [.types("dtypes")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a checkpoint is a file") }
  }

  /// Reads tensors from a checkpoint; runs only through a saver.
  public enum RestoreV2: HostOp {
    /// The type of each tensor.
    public static let dtypes = AttributeKey<[DType]>("dtypes")
    public static let signature = Signature(
      ["prefix: string", "tensor_names: string", "shape_and_slices: string"],
      gives: ["tensors: dtypes"], [.types("dtypes")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      node[dtypes].map { _ in .unknown }
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a checkpoint is a file") }
  }
}
