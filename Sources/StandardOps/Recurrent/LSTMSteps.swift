import GraphCore
import TensorCore

/// The order of an LSTM's gates, of which `c` stands for the cell's input, among columns.
public enum LSTMGateOrder: String, Hashable, Sendable {
  case icfo, ifco

  /// The input gate's place.
  public var i: Int { 0 }
  /// The cell's input's place.
  public var c: Int { self == .icfo ? 1 : 2 }
  /// The forget gate's place.
  public var f: Int { self == .icfo ? 2 : 1 }
  /// The output gate's place.
  public var o: Int { 3 }
}

/// How the steps of an LSTM are computed.
public struct LSTMSteps: Hashable, Sendable {
  /// The order of the gates.
  public let order: LSTMGateOrder
  /// Whether gates take in the state.
  public let usesPeephole: Bool
  /// What is added to the forget gate.
  public var forgetBias: Float = 0
  /// The limit of the state's magnitude, if above 0.
  public var cellClip: Float = 0

  fileprivate init(_ node: Node) {
    let order = node[AttributeKey<String>("gate_order")]
    self.order = LSTMGateOrder(rawValue: order) ?? .icfo
    usesPeephole = node[LSTM.usesPeephole]
  }
}

// The recurrent part of an LSTM over time: what depends on the step before.
extension Ops {
  /// The steps, from what the gates get of their inputs.
  package enum _LSTM: KernelOp {
    package static let signature = Signature(
      [
        "seq_len_max: int64", "gates: T", "cs_prev: T", "h_prev: T", "w: T", "wci: T", "wcf: T",
        "wco: T",
      ], gives: LSTM.parts,
      [
        .string("gate_order"), .float("forget_bias"), .float("cell_clip"), .flag("use_peephole"),
        LSTM.types,
      ])
    package static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let gates = node.operand("gates").shape
      return LSTM.parts.map { _ in [gates[0], gates[1], node.operand("cs_prev").shape[1]] }
    }
    package static func kernel(of node: Node) -> KernelSpecification {
      var steps = LSTMSteps(node)
      steps.forgetBias = node[LSTM.forgetBias]
      steps.cellClip = node[LSTM.cellClip]
      return .named(.lstm(steps, isGradient: false))
    }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .unavailable("its gradient is that of the op which it is a part of") }
  }

  /// The gradients with respect to the gates, the first state and the first output.
  package enum _LSTMGrad: KernelOp {
    package static let signature = Signature(
      ["seq_len_max: int64", "cs_prev: T", "w: T", "wci: T", "wcf: T", "wco: T"]
        + LSTM.parts.dropLast() + LSTM.upstream,
      gives: ["gates_grad: T", "cs_prev_grad: T", "h_prev_grad: T"],
      [.string("gate_order"), .flag("use_peephole"), LSTM.types])
    package static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (step, state) = (node.operand("i").shape, node.operand("cs_prev").shape)
      return [[step[0], step[1], node.operand("w").shape[1]], state, state]
    }
    package static func kernel(of node: Node) -> KernelSpecification {
      .named(.lstm(LSTMSteps(node), isGradient: true))
    }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .unavailable("its gradient is that of the op which it is a part of") }
  }
}
