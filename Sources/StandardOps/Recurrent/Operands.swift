import GraphCore
import TensorCore

extension Node {
  /// The input that bears a name in the op's signature.
  func operand(_ name: String) -> Tensor {
    guard let index = definition?.signature.inputs.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("\(self) takes no \(name)")
    }
    return input(index)
  }

  /// - Throws: `GraphError` naming an input that has another shape than the one expected of it.
  func expect(_ shapes: KeyValuePairs<String, PartialShape>) throws(GraphError) {
    for (name, expected) in shapes {
      let found = operand(name).shape
      guard expected.isCompatible(with: found) else {
        throw GraphError("\(name) must have shape \(expected), found \(found)")
      }
    }
  }
}

/// The columns of a matrix that belong to the first of two matrices that stood side by side, and those
/// of the second.
func columns(of matrix: Tensor, for first: Tensor, beside second: Tensor) -> (
  first: Tensor, second: Tensor
) {
  let sizes = stack([shapeTensor(of: first)[1], shapeTensor(of: second)[1]])
  let parts = matrix.graph.add(
    Ops.SplitV.self, [matrix, sizes, matrix.graph.constant(1, .int32)], ["num_split": .int(2)])
  return parts.isPoison
    ? (parts.graph.poison, parts.graph.poison) : (parts.output(0), parts.output(1))
}
