import GraphCore
import TensorCore

extension Ops {
  /// The sum of tensors of one shape, from the first to the last.
  public enum AddN: ElementwiseOp {
    public static let signature = Signature(
      ["inputs: N * T"], gives: ["sum: T"], [.int("N"), .type("T", .reals + [.variant])])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard !node.inputs.isEmpty else {
        throw GraphError("at least one tensor is expected, found none")
      }
      return [try commonShape(node.inputs)]
    }

    public static func body(_ x: ElementContext) -> Element {
      (1..<max(x.count, 1)).reduce(x[0]) { $0 + x[$1] }
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense(Array(repeating: upstream[0], count: node.inputs.count)) }
  }
}

/// The sum of one or more tensors of one shape; TensorFlow's `add_n`.
///
/// A single tensor is its own sum.
public func addN(
  _ tensors: [Tensor], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  guard let first = tensors.first else { preconditionFailure("addN of no tensors") }
  let site = SourceSite(file, line)
  if tensors.count == 1 {
    return name == nil ? first : first.apply(Ops.Identity.self, name: name, site: site)
  }
  return first.apply(Ops.AddN.self, Array(tensors.dropFirst()), name: name, site: site)
}
