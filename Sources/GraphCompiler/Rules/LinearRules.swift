import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Scales and offsets moved into the constant operands of linear ops: together they fold a batch
  /// normalization into the dense layer before it.
  static let linear: [Rule] = [
    // (x·W) · s = x·(W · s), s a number a column.
    Rule(
      name: "scale-into-weights", identity: "(x·W) ∘ s = x·(W ∘ s)", contract: .rescaling,
      ops: ["Mul"]
    ) { context in
      for (product, scale) in [(0, 1), (1, 0)] {
        let matmul = context[product].node
        guard matmul.op == Ops.MatMul.name, context.isOnlyUse(product),
          context[scale].isColumnVector(of: context[product]), context.isLive(context[scale]),
          context.isLive(matmul.input(1)), let columns = context[product].shape[1]
        else { continue }
        let transposed = matmul[Ops.MatMul.transposeB]
        let shape = transposed ? [columns, 1] : [1, columns]
        let spread = context[scale].shape.count == 1 ? [1, 1] : shape
        let weights = matmul.input(1) * reshape(context[scale], to: spread)
        return [
          matmul.input(0).apply(Ops.MatMul.self, [weights], name: nil, matmul.attributes)
        ]
      }
      return nil
    },
    // (z + b) · s = z · s + b · s, where z is a product.
    Rule(
      name: "scale-over-bias", identity: "(x·W + b) ∘ s = (x·W) ∘ s + b ∘ s",
      contract: .rescaling, ops: ["Mul"]
    ) { context in
      for (sum, scale) in [(0, 1), (1, 0)] {
        let node = context[sum].node
        guard let (product, bias) = node.biasedProduct(context.isLive), context.isOnlyUse(sum),
          context[scale].isColumnVector(of: context[sum]), context.isLive(context[scale])
        else { continue }
        return [product * context[scale] + bias * context[scale]]
      }
      return nil
    },
    // (z + b) + t = z + (b + t), where z is a product.
    Rule(
      name: "join-offsets", identity: "(x·W + b) + t = x·W + (b + t)", contract: .rescaling,
      ops: ["Add", "AddV2", "BiasAdd"]
    ) { context in
      for (sum, offset) in [(0, 1), (1, 0)] {
        let node = context[sum].node
        guard let (product, bias) = node.biasedProduct(context.isLive), context.isOnlyUse(sum),
          context[offset].isColumnVector(of: context[sum]), context.isLive(context[offset])
        else { continue }
        return [product + (bias + context[offset])]
      }
      return nil
    },
  ]
}

extension Node {
  /// The two operands of `x·W + b` with a live `b`, if the node is such a sum.
  fileprivate func biasedProduct(_ isLive: (Tensor) -> Bool) -> (product: Tensor, bias: Tensor)? {
    guard ["Add", "AddV2", "BiasAdd"].contains(op), inputs.count == 2 else { return nil }
    for (product, bias) in [(input(0), input(1)), (input(1), input(0))]
    where product.node.op == Ops.MatMul.name && bias.isColumnVector(of: product) && isLive(bias) {
      return (product, bias)
    }
    return nil
  }
}

extension Tensor {
  /// Whether the tensor holds one number for each column of a matrix, or one for all.
  fileprivate func isColumnVector(of matrix: Tensor) -> Bool {
    guard let sizes = shape.fullyDefined?.dimensions, let columns = matrix.shape[1],
      matrix.shape.rank == 2, sizes.count <= 2
    else { return false }
    return sizes.isEmpty || sizes == [columns] || sizes == [1, columns] || sizes == [1]
      || sizes == [1, 1]
  }
}
