import GraphCore
import StandardOps
import TensorCore

/// How far rounding may move a result when a scale or an offset moves.
///
/// The bound is `32 · ε · (|before| + |after|)`, where `|·|` is computed like the result itself but from
/// the largest magnitudes of what it is made of, so that nothing cancels: sums add them, products
/// multiply them, and a product of matrices or a convolution does so once for each of its terms.
struct ErrorBound {
  private var magnitudes: [Endpoint: Double] = [:]

  /// - Parameter values: the value of each tensor of the graph.
  init(_ graph: Graph, _ values: [Endpoint: TensorValue]) {
    for node in graph.operations {
      let inputs = node.record.inputs.map { magnitudes[$0] ?? 0 }
      for output in node.outputs {
        let value = values[output.endpoint]
        let own = Self.largest(value)
        magnitudes[output.endpoint] = max(own, Self.grown(node, inputs, values) ?? own)
      }
    }
  }

  /// The bound of what two tensors should agree in.
  func bound(_ before: Tensor, _ after: Tensor) -> Double {
    let epsilon: Double =
      switch before.dtype {
      case .float64: 2.2e-16
      case .float16: 9.8e-4
      case .bfloat16: 7.9e-3
      default: 1.2e-7
      }
    return 32 * epsilon
      * ((magnitudes[before.endpoint] ?? 0) + (magnitudes[after.endpoint] ?? 0))
  }

  private static func grown(
    _ node: Node, _ inputs: [Double], _ values: [Endpoint: TensorValue]
  ) -> Double? {
    switch node.op {
    case "Add", "AddV2", "Sub", "BiasAdd", "AddN": return inputs.reduce(0, +)
    case "Mul", "RealDiv", "Div":
      // What a division gives is known; its divisor may be small.
      return node.op == "Mul" ? inputs.reduce(1, *) : nil
    case "Sum":
      let taken = node.input(0).shape.count ?? 1
      return inputs[0] * Double(taken / max(1, node.output(0).shape.count ?? 1))
    case "Identity", "Reshape", "Transpose", "ExpandDims", "Squeeze", "BroadcastTo", "Neg", "Tile":
      return inputs[0]
    default:
      guard node.definition is any KernelOp.Type, inputs.count >= 2 else { return nil }
      let terms = Double(node.inputs.suffix(2).compactMap { $0.shape.count }.min() ?? 1)
      return inputs.suffix(2).reduce(terms, *)
    }
  }

  private static func largest(_ value: TensorValue?) -> Double {
    (value?.doubles ?? []).reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
  }
}
