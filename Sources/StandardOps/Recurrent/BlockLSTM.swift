import GraphCore
import TensorCore

/// An LSTM over time: the steps of a sequence, of which the rows are inputs, in one op.
///
/// Where fewer steps are asked for than there are, what comes after them is zeros.
public protocol BlockLSTMOp: CompositeOp {
  /// The order of the gates among the columns of the weights.
  static var order: LSTMGateOrder { get }
}

extension BlockLSTMOp {
  /// The product of all inputs with their weights, and the steps on it.
  static func expanded(_ node: Node, forgetBias: Float) -> [Tensor] {
    let block = LSTMBlock(node)
    let flat = reshape(node.operand("x"), to: [block.rows, block.inputs])
    let product = biasAdd(matmul(flat, block.inputWeights), node.operand("b"))
    let gates = reshape(product, to: [block.time, block.batch, 4 * block.cells])
    let operands =
      [node.operand("seq_len_max"), gates, node.operand("cs_prev"), node.operand("h_prev")]
      + [block.outputWeights] + block.peepholes
    return node.graph.add(
      Ops._LSTM.self, operands,
      [
        "gate_order": order.rawValue.attribute, "forget_bias": .float(forgetBias),
        "cell_clip": .float(node[LSTM.cellClip]), "use_peephole": .bool(node[LSTM.usesPeephole]),
      ]
    ).outputs
  }

  /// The gradients of the given op, which takes the node's inputs and outputs.
  static func gradients(of node: Node, _ upstream: [Tensor?], by op: any Op.Type) -> Gradient {
    guard let gradients = LSTM.gradients(of: node, upstream) else {
      return .unavailable(LSTM.passesNone)
    }
    let made = node.graph.add(
      op, node.inputs + node.outputs + gradients,
      ["use_peephole": .bool(node[LSTM.usesPeephole])])
    return .dense(
      [nil]
        + (made.isPoison ? node.inputs.dropFirst().map { _ in made.graph.poison } : made.outputs)
    )
  }

  /// What each step gives.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let step = try LSTM.Sizes(node, overTime: true).step
    return LSTM.parts.map { _ in step }
  }
}

/// The sizes and weights of an LSTM over time, once all shapes are known.
private struct LSTMBlock {
  let time: Int, batch: Int, inputs: Int, cells: Int
  let inputWeights: Tensor, outputWeights: Tensor
  let peepholes: [Tensor]
  /// The number of inputs of all steps.
  var rows: Int { [time, batch].sizeProduct }

  init(_ node: Node) {
    guard let x = node.operand("x").shape.fullyDefined,
      let cells = node.operand("cs_prev").shape[1]
    else { preconditionFailure("\(node) is expanded before its shapes are known") }
    (time, batch, inputs, self.cells) = (x[0], x[1], x[2], cells)
    let parts = split(node.operand("w"), sizes: [x[2], cells])
    (inputWeights, outputWeights) = (parts[0], parts[1])
    peepholes = [node.operand("wci"), node.operand("wcf"), node.operand("wco")]
  }
}

/// The gradients of an LSTM over time, with respect to its inputs but the number of steps.
public protocol BlockLSTMGradOp: CompositeOp {
  /// The order of the gates among the columns of the weights.
  static var order: LSTMGateOrder { get }
}

extension BlockLSTMGradOp {
  /// The operands and results of the steps and the gradients of these.
  public static var signature: Signature {
    Signature(
      ["seq_len_max: int64 scalar"] + LSTM.operands + LSTM.parts + LSTM.upstream,
      gives: [
        "x_grad: T", "cs_prev_grad: T", "h_prev_grad: T", "w_grad: T", "wci_grad: T",
        "wcf_grad: T", "wco_grad: T", "b_grad: T",
      ], [.value("use_peephole", .bool), LSTM.types])
  }

  /// The inputs'.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    _ = try LSTM.Sizes(node, overTime: true)
    return LSTM.operands.map { node.operand($0.name).shape }
  }

  /// The gradients of all gates, and their products with what they were computed from.
  public static func expand(_ node: Node) -> [Tensor] {
    let block = LSTMBlock(node)
    let (time, rows) = (block.time, block.rows)
    let looks = node[LSTM.usesPeephole]
    let parts = ["i", "cs", "f", "o", "ci", "co", "cs_grad", "h_grad"].map { node.operand($0) }
    let steps = node.operand("seq_len_max")
    let before = node.operand("cs_prev")
    let made = node.graph.add(
      Ops._LSTMGrad.self, [steps, before, block.outputWeights] + block.peepholes + parts,
      ["gate_order": order.rawValue.attribute, "use_peephole": .bool(looks)])
    let gates = reshape(made.output(0), to: [rows, 4 * block.cells])
    /// What a part was one step before.
    func previous(_ first: Tensor, _ part: String) -> Tensor {
      let all = concat([expandDimensions(first, axis: 0), node.operand(part)], axis: 0)
      let earlier = slice(all, begin: [0, 0, 0], size: [time, block.batch, block.cells])
      return reshape(earlier, to: [rows, block.cells])
    }
    // Whatever stands in rows that no step reads, they have no part in sums.
    let isRead = reshape(Ops.classIndices(time, steps) .< steps, to: [time, 1, 1])
    let x = node.operand("x")
    let inputs = reshape(select(isRead, x, zerosLike(x)), to: [rows, block.inputs])
    let operands = concat([inputs, previous(node.operand("h_prev"), "h")], axis: 1)
    let dx = matmul(gates, block.inputWeights, transposeB: true)
    var peepholes = block.peepholes.map { zerosLike($0) }
    if looks {
      let each = split(gates, into: 4, axis: 1)
      let state = previous(before, "cs")
      let now = reshape(node.operand("cs"), to: [rows, block.cells])
      let weights = [each[order.i] * state, each[order.f] * state, each[order.o] * now]
      peepholes = weights.map { reduceSum($0, axes: [0]) }
    }
    let dw = matmul(operands, gates, transposeA: true)
    return [
      reshape(dx, to: [time, block.batch, block.inputs]), made.output(1), made.output(2), dw,
    ]
      + peepholes + [reduceSum(gates, axes: [0])]
  }

  /// None, as in TensorFlow.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .unavailable("\(name) passes no gradients") }
}

extension Ops {
  /// With the gates in the order i, c, f, o, and a bias for the forget gate.
  public enum BlockLSTM: BlockLSTMOp {
    public static let order = LSTMGateOrder.icfo
    public static let signature = Signature(
      ["seq_len_max: int64 scalar"] + LSTM.operands, gives: LSTM.parts,
      [
        .float("forget_bias", default: 1), .float("cell_clip", default: 3), .flag("use_peephole"),
        LSTM.types,
      ])
    public static func expand(_ node: Node) -> [Tensor] {
      expanded(node, forgetBias: node[LSTM.forgetBias])
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { gradients(of: node, upstream, by: BlockLSTMGrad.self) }
  }

  /// With the gates in the order i, f, c, o.
  public enum BlockLSTMV2: BlockLSTMOp {
    public static let order = LSTMGateOrder.ifco
    public static let signature = Signature(
      ["seq_len_max: int64 scalar"] + LSTM.operands, gives: LSTM.parts,
      [.float("cell_clip", default: 0), .flag("use_peephole"), LSTM.types])
    public static func expand(_ node: Node) -> [Tensor] { expanded(node, forgetBias: 0) }
    /// By `BlockLSTMGradV2`; TensorFlow takes `BlockLSTMGrad`, which finds the gates of the first
    /// version in these weights.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { gradients(of: node, upstream, by: BlockLSTMGradV2.self) }
  }

  /// The gradients of `BlockLSTM`.
  public enum BlockLSTMGrad: BlockLSTMGradOp { public static let order = LSTMGateOrder.icfo }

  /// The gradients of `BlockLSTMV2`.
  public enum BlockLSTMGradV2: BlockLSTMGradOp { public static let order = LSTMGateOrder.ifco }
}
