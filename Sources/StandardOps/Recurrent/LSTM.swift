import GraphCore
import TensorCore

/// What the ops on LSTMs have in common.
///
/// The words are TensorFlow's: of each step, the input, forget and output gates `i`, `f` and `o`, the
/// cell's input `ci`, its state `cs`, what is squashed of that, `co`, and the output `h`; `w` holds the
/// weights of `x`, then those of `h`, with the columns of one gate after those of another.
enum LSTM {
  static let operands: [Signature.Argument] = [
    "x: T", "cs_prev: T", "h_prev: T", "w: T", "wci: T", "wcf: T", "wco: T", "b: T",
  ]
  static let parts: [Signature.Argument] = [
    "i: T", "cs: T", "f: T", "o: T", "ci: T", "co: T", "h: T",
  ]
  static let upstream: [Signature.Argument] = ["cs_grad: T", "h_grad: T"]
  static let types = Signature.AttributeDefinition.type("T", [.float32, .float16])
  static let usesPeephole = AttributeKey<Bool>("use_peephole")
  static let cellClip = AttributeKey<Float>("cell_clip")
  static let forgetBias = AttributeKey<Float>("forget_bias")

  /// The sizes that the operands of a step, or of steps over time, state.
  struct Sizes {
    let time: [Int?]
    let batch: Int?
    let cells: Int?

    /// - Throws: `GraphError` naming an operand that does not fit the others.
    init(_ node: Node, overTime: Bool) throws(GraphError) {
      let (x, state) = (node.operand("x").shape, node.operand("cs_prev").shape)
      time = overTime ? [x[0]] : []
      batch = x[time.count] ?? state[0] ?? node.operand("h_prev").shape[0]
      cells =
        state[1] ?? node.operand("h_prev").shape[1] ?? node.operand("b").shape[0].map { $0 / 4 }
      let (inputs, cells) = (x[time.count + 1], cells)
      let rows: Int? = if let inputs, let cells { inputs + cells } else { nil }
      let gates = cells.map { [$0, 4].sizeProduct }
      try node.expect([
        "x": PartialShape(time + [batch, inputs]), "cs_prev": [batch, cells],
        "h_prev": [batch, cells], "w": [rows, gates], "b": [gates],
      ])
      // A step that looks through no peephole takes its weights for what they are.
      let peepholes: PartialShape = overTime || node[usesPeephole] ? [cells] : [nil]
      try node.expect(["wci": peepholes, "wcf": peepholes, "wco": peepholes])
      let given = node.definition?.signature.inputs.map(\.name) ?? []
      for part in LSTM.parts + LSTM.upstream where given.contains(part.name) {
        try node.expect([part.name: step])
      }
    }

    /// The shape of each part of a step, or of steps.
    var step: PartialShape { PartialShape(time + [batch, cells]) }
    /// The shape of the gates' gradients.
    var gates: PartialShape { PartialShape(time + [batch, cells.map { [$0, 4].sizeProduct }]) }
  }

  /// The gradients of `cs` and `h`, the only parts through which TensorFlow passes any; zeros for one
  /// that has none. Nil where another part has one.
  static func gradients(of node: Node, _ upstream: [Tensor?]) -> [Tensor]? {
    let passing = [1, 6]
    guard upstream.indices.allSatisfy({ upstream[$0] == nil || passing.contains($0) }) else {
      return nil
    }
    return passing.map { upstream[$0] ?? zerosLike(node.output($0)) }
  }

  /// Why a gradient is missing.
  static let passesNone = "as in TensorFlow, gradients come through its outputs cs and h alone"
}
