import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Transpositions that a matrix product does itself.
  static let matrices: [Rule] = [
    // The library packs its operands from either order, then sums the same products in the same order.
    // Products with a single row or column are left alone, since those take other paths; their
    // transpositions are reshapes.
    Rule(
      name: "transposed-operand", identity: "xᵀ · y = matmul(x, y, transpose_a)", contract: .exact,
      ops: ["MatMul", "BatchMatMul", "BatchMatMulV2"]
    ) { context in
      guard let definition = context.node.definition,
        let sizes = context.output.shape.fullyDefined?.dimensions.suffix(2),
        sizes.allSatisfy({ $0 > 1 })
      else { return nil }
      let flags =
        context.node.op == "MatMul" ? ["transpose_a", "transpose_b"] : ["adj_x", "adj_y"]
      var (inputs, attributes) = (context.inputs, context.node.attributes)
      for (position, flag) in flags.enumerated() {
        let inner = inputs[position].node
        guard inner.op == "Transpose", inner.swapsMatrixAxes,
          case .bool(let isTransposed)? = attributes[flag]
        else { continue }
        inputs[position] = inner.input(0)
        attributes[flag] = .bool(!isTransposed)
      }
      guard inputs != context.inputs else { return nil }
      return [inputs[0].apply(definition, [inputs[1]], attributes)]
    }
  ]
}

extension Node {
  /// Whether a transposition exchanges the last two axes and leaves the others.
  fileprivate var swapsMatrixAxes: Bool {
    guard let order = input(1).constantIntegers, order.count >= 2 else { return false }
    let rank = order.count
    return order.map { $0 < 0 ? $0 + rank : $0 }
      == Array(0..<(rank - 2)) + [rank - 1, rank - 2]
  }
}
