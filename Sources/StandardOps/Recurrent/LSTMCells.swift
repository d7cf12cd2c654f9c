import GraphCore
import TensorCore

extension Ops {
  /// One step of an LSTM:
  /// `cs = f ∘ cs_prev + i ∘ ci` within ±`cell_clip` if that is above 0, and `h = o ∘ tanh(cs)`.
  ///
  /// Gates with a peephole take in the state, `i` and `f` the one before, `o` the new one.
  public enum LSTMBlockCell: CompositeOp {
    public static let signature = Signature(
      LSTM.operands, gives: LSTM.parts,
      [
        .float("forget_bias", default: 1), .float("cell_clip", default: 3), .flag("use_peephole"),
        LSTM.types,
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let step = try LSTM.Sizes(node, overTime: false).step
      return LSTM.parts.map { _ in step }
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let before = node.operand("cs_prev")
      let operands = concat([node.operand("x"), node.operand("h_prev")], axis: 1)
      let gates = split(
        biasAdd(matmul(operands, node.operand("w")), node.operand("b")), into: 4, axis: 1)
      func looking(_ gate: Tensor, at state: Tensor, _ weights: String) -> Tensor {
        node[LSTM.usesPeephole] ? gate + state * node.operand(weights) : gate
      }
      let bias = Double(node[LSTM.forgetBias])
      let i = sigmoid(looking(gates[0], at: before, "wci"))
      let ci = tanh(gates[1])
      let f = sigmoid(looking(gates[2] + bias, at: before, "wcf"))
      let limit = Double(node[LSTM.cellClip])
      let free = ci * i + f * before
      let cs = limit > 0 ? clip(free, min: -limit, max: limit) : free
      let co = tanh(cs)
      let o = sigmoid(looking(gates[3], at: cs, "wco"))
      return [i, cs, f, o, ci, co, o * co]
    }

    /// TensorFlow 1's, which takes no notice of the limit.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let gradients = LSTM.gradients(of: node, upstream) else {
        return .unavailable(LSTM.passesNone)
      }
      let made = node.graph.add(
        LSTMBlockCellGrad.self, node.inputs + node.outputs.dropLast() + gradients,
        ["use_peephole": .bool(node[LSTM.usesPeephole])])
      if made.isPoison { return .dense(node.inputs.map { _ in node.graph.poison }) }
      let (x, h, gates) = (node.operand("x"), node.operand("h_prev"), made.output(1))
      let operands = columns(
        of: matmul(gates, node.operand("w"), transposeB: true), for: x, beside: h)
      return .dense([
        operands.first, made.output(0), operands.second,
        matmul(concat([x, h], axis: 1), gates, transposeA: true),
        made.output(2), made.output(3), made.output(4), reduceSum(gates, axes: [0]),
      ])
    }
  }

  /// The gradients of a step with respect to the state before, to its gates side by side, and to the
  /// weights of its peepholes, which are zeros where it has none.
  public enum LSTMBlockCellGrad: CompositeOp {
    public static let signature = Signature(
      LSTM.operands + LSTM.parts.dropLast() + LSTM.upstream,
      gives: ["cs_prev_grad: T", "dicfo: T", "wci_grad: T", "wcf_grad: T", "wco_grad: T"],
      [.value("use_peephole", .bool), LSTM.types])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let sizes = try LSTM.Sizes(node, overTime: false)
      return [sizes.step, sizes.gates] + ["wci", "wcf", "wco"].map { node.operand($0).shape }
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let (i, f, o) = (node.operand("i"), node.operand("f"), node.operand("o"))
      let (ci, co) = (node.operand("ci"), node.operand("co"))
      let (before, dh) = (node.operand("cs_prev"), node.operand("h_grad"))
      let (wci, wcf, wco) = (node.operand("wci"), node.operand("wcf"), node.operand("wco"))
      let looks = node[LSTM.usesPeephole]
      let dO = o * (1 - o) * dh * co
      let throughOutput = (1 - co * co) * dh * o + node.operand("cs_grad")
      let dcs = looks ? throughOutput + dO * wco : throughOutput
      let dci = (1 - ci * ci) * dcs * i
      let df = f * (1 - f) * dcs * before
      let di = i * (1 - i) * dcs * ci
      let dicfo = concat([di, dci, df, dO], axis: 1)
      guard looks else { return [dcs * f, dicfo] + [wci, wcf, wco].map { zerosLike($0) } }
      let weights = [di * before, df * before, dO * node.operand("cs")]
      return [dcs * f + di * wci + df * wcf, dicfo] + weights.map { reduceSum($0, axes: [0]) }
    }
  }
}
