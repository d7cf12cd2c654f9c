import GraphCore
import TensorCore

extension Ops {
  private static let gruOperands: [Signature.Argument] = [
    "x: T", "h_prev: T", "w_ru: T", "w_c: T", "b_ru: T", "b_c: T",
  ]

  /// The shape of a step's results.
  ///
  /// - Throws: `GraphError` naming an operand that does not fit the others.
  private static func gruShape(of node: Node) throws(GraphError) -> PartialShape {
    let (x, h) = (node.operand("x").shape, node.operand("h_prev").shape)
    let (batch, inputs) = (x[0] ?? h[0], x[1])
    let cells = h[1] ?? node.operand("b_c").shape[0]
    let rows: Int? = if let inputs, let cells { inputs + cells } else { nil }
    let both = cells.map { [$0, 2].sizeProduct }
    try node.expect([
      "x": [batch, inputs], "h_prev": [batch, cells], "w_ru": [rows, both], "w_c": [rows, cells],
      "b_ru": [both], "b_c": [cells],
    ])
    return [batch, cells]
  }

  /// One step of a GRU, with its reset and update gates `r` and `u`:
  /// `c = tanh([x, r ∘ h_prev]·w_c + b_c)` and `h = u ∘ h_prev + (1 − u) ∘ c`.
  public enum GRUBlockCell: CompositeOp {
    public static let signature = Signature(
      gruOperands, gives: ["r: T", "u: T", "c: T", "h: T"], [.type("T", [.float32])])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let step = try gruShape(of: node)
      return [step, step, step, step]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let (x, before) = (node.operand("x"), node.operand("h_prev"))
      func product(_ h: Tensor, _ weights: String, _ bias: String) -> Tensor {
        biasAdd(matmul(concat([x, h], axis: 1), node.operand(weights)), node.operand(bias))
      }
      let gates = split(sigmoid(product(before, "w_ru", "b_ru")), into: 2, axis: 1)
      let (r, u) = (gates[0], gates[1])
      let c = tanh(product(before * r, "w_c", "b_c"))
      return [r, u, c, u * before + (1 - u) * c]
    }

    /// TensorFlow 1's.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard upstream.dropLast().allSatisfy({ $0 == nil }) else {
        return .unavailable("as in TensorFlow, gradients come through its output h alone")
      }
      guard let dh = upstream[3] else { return .dense(node.inputs.map { _ in nil }) }
      let made = node.graph.add(
        GRUBlockCellGrad.self, node.inputs + node.outputs.dropLast() + [dh])
      if made.isPoison { return .dense(node.inputs.map { _ in node.graph.poison }) }
      let (x, before) = (node.operand("x"), node.operand("h_prev"))
      let (dc, dru) = (made.output(2), made.output(3))
      return .dense([
        made.output(0), made.output(1),
        matmul(concat([x, before], axis: 1), dru, transposeA: true),
        matmul(concat([x, before * node.output(0)], axis: 1), dc, transposeA: true),
        reduceSum(dru, axes: [0]), reduceSum(dc, axes: [0]),
      ])
    }
  }

  /// The gradients of a step with respect to its input, to the output before, and to `c` and its two
  /// gates before they are squashed.
  public enum GRUBlockCellGrad: CompositeOp {
    public static let signature = Signature(
      gruOperands + ["r: T", "u: T", "c: T", "d_h: T"],
      gives: ["d_x: T", "d_h_prev: T", "d_c_bar: T", "d_r_bar_u_bar: T"], [.type("T", [.float32])])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let step = try gruShape(of: node)
      try node.expect(["r": step, "u": step, "c": step, "d_h": step])
      return [
        node.operand("x").shape, step, step, [step[0], step[1].map { [$0, 2].sizeProduct }],
      ]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let (r, u, c) = (node.operand("r"), node.operand("u"), node.operand("c"))
      let (before, dh) = (node.operand("h_prev"), node.operand("d_h"))
      /// The gradients of `x` and what stands beside it, given those of their product with weights.
      func operands(_ gradient: Tensor, _ weights: String) -> (first: Tensor, second: Tensor) {
        columns(
          of: matmul(gradient, node.operand(weights), transposeB: true), for: node.operand("x"),
          beside: before)
      }
      let dc = dh * (1 - u) * (1 - c * c)
      let throughInput = operands(dc, "w_c")
      let dr = throughInput.second * before * (r * (1 - r))
      let du = dh * (before - c) * (u * (1 - u))
      let dru = concat([dr, du], axis: 1)
      let throughGates = operands(dru, "w_ru")
      return [
        throughInput.first + throughGates.first,
        throughGates.second + throughInput.second * r + dh * u, dc, dru,
      ]
    }
  }
}
