import Dataflow
import Testing

/// The ops of recurrent graphs beyond TensorFlow's own cases: gradients by differences, what runs refuse,
/// and what the two versions of an LSTM have in common.
@Suite struct RecurrentTests {
  @Test func reversedSequencesHaveGradients() throws {
    for (sequence, batch) in [(1, 0), (0, 1), (2, 0)] {
      try GradientCheck.check("reverse_sequence", [[3, 3, 2]]) { x in
        let count = x[0].shape[batch] ?? 3
        let lengths = x[0].graph.constant(Array([2, 0, 1].prefix(count)), .int64)
        return reverseSequence(x[0], lengths: lengths, sequenceAxis: sequence, batchAxis: batch)
      }
    }
  }

  @Test(arguments: [true, false])
  func lossesOfPathsHaveGradients(_ merges: Bool) throws {
    try GradientCheck.check("CTCLoss", [[4, 2, 3]]) { x in
      let graph = x[0].graph
      return graph.add(
        Ops.CTCLoss.self,
        [
          x[0], graph.constant([[0, 0], [0, 1], [1, 0]], .int64),
          graph.constant([1, 1, 0], .int32),
          graph.constant([4, 3], .int32),
        ], ["ctc_merge_repeated": .bool(merges)]
      ).output(0)
    }
  }

  /// The operands of an LSTM over four steps of two rows, three inputs and two cells.
  private struct Operands {
    let graph = Graph()
    let x: Tensor
    let state: Tensor
    let output: Tensor
    /// The weights and the bias of each gate, by its letter.
    let gates: [Character: (weights: Tensor, bias: Tensor)]
    let peepholes: [Tensor]
    let steps: Tensor

    init() {
      let graph = graph
      func numbers(_ sizes: [Int], _ start: Double) -> Tensor {
        let count = sizes.reduce(1, *)
        let all = (0..<count).map {
          Float(((start + Double($0) * 0.37) * 7).truncatingRemainder(dividingBy: 2) - 1)
        }
        return reshape(graph.constant(TensorValue(all)), to: sizes)
      }
      x = numbers([4, 2, 3], 0.1)
      state = numbers([2, 2], 0.2)
      output = numbers([2, 2], 0.3)
      peepholes = (0..<3).map { numbers([2], 0.4 + Double($0)) }
      steps = graph.placeholder(.int64, [], name: "steps")
      gates = Dictionary(
        uniqueKeysWithValues: "icfo".enumerated().map {
          ($1, (numbers([5, 2], 0.5 + Double($0)), numbers([2], 0.9 + Double($0))))
        })
    }

    /// The output of all steps, of gates in the given order.
    func run(_ op: any Op.Type, _ order: String, _ attributes: [String: Attribute]) -> Tensor {
      let own = order.compactMap { gates[$0] }
      let weights = concat(own.map(\.weights), axis: 1)
      let bias = concat(own.map(\.bias), axis: 0)
      return graph.add(
        op, [steps, x, state, output, weights] + peepholes + [bias],
        attributes.merging(["use_peephole": .bool(true)]) { a, _ in a }
      ).output(6)
    }
  }

  /// They differ in the order of gates alone, in gradients too.
  @Test(arguments: Session.BackendChoice.allCases)
  func theVersionsOfAnLSTMAgree(_ backend: Session.BackendChoice) throws {
    let operands = Operands()
    let first = operands.run(
      Ops.BlockLSTM.self, "icfo", ["forget_bias": .float(0), "cell_clip": .float(0)])
    let second = operands.run(Ops.BlockLSTMV2.self, "ifco", [:])
    let sources =
      [operands.x, operands.state, operands.output] + operands.peepholes
      + operands.gates.sorted { $0.key < $1.key }.flatMap { [$0.value.weights, $0.value.bias] }
    let session = try Session(operands.graph, backend: backend)
    func values(_ h: Tensor, _ steps: Int) throws -> [TensorValue] {
      let found = gradients(of: reduceSum(h * h), withRespectTo: sources).compactMap { $0 }
      try #require(found.count == sources.count)
      return try session.run([h] + found, feeding: [operands.steps: TensorValue(Int64(steps))])
    }
    for steps in [4, 2, 0] {
      for (a, b) in zip(try values(first, steps), try values(second, steps)) {
        #expect(a.shape == b.shape)
        for (x, y) in zip(a.doubles ?? [], b.doubles ?? []) { #expect(abs(x - y) < 1e-6) }
      }
    }
    for steps in [5, -1] {
      let error = #expect(throws: (any Error).self) { try values(first, steps) }
      #expect("\(error as Any)".contains("index \(steps)"), "\(error as Any)")
    }
  }

  /// Rows behind the last step have no part in gradients, whatever they hold.
  @Test func rowsThatAreNotReadMayHoldAnything() throws {
    let operands = Operands()
    let graph = operands.graph
    let x = graph.placeholder(.float32, [4, 2, 3], name: "x")
    let weights = concat("icfo".compactMap { operands.gates[$0]?.weights }, axis: 1)
    let bias = concat("icfo".compactMap { operands.gates[$0]?.bias }, axis: 0)
    let node = graph.add(
      Ops.BlockLSTM.self,
      [operands.steps, x, operands.state, operands.output, weights] + operands.peepholes + [bias])
    let found = gradients(of: reduceSum(node.output(6)), withRespectTo: [x, weights])
    let tensors = try #require(found.compactMap { $0 }.count == 2 ? found.compactMap { $0 } : nil)
    let session = try Session(graph)
    var rows = (0..<24).map { Float($0) / 24 }
    func run() throws -> [TensorValue] {
      let value = try TensorValue(rows).reshaped(to: [4, 2, 3])
      return try session.run(tensors, feeding: [x: value, operands.steps: TensorValue(Int64(3))])
    }
    let clean = try run()
    for place in 18..<24 { rows[place] = .nan }
    #expect(try run() == clean)
  }

  @Test(arguments: [
    ([2, 4], [[0, 0], [1, 0]], [0, 1], "sequence 1 has length 4"),
    ([1, 3], [[0, 0], [0, 1], [1, 0]], [0, 1, 1], "sequence 0 has 2 labels and 1 steps"),
    ([2, 3], [[0, 0]], [0], "sequence 1 has no labels"),
    ([2, 3], [[1, 0], [0, 0]], [0, 1], "must be in order"),
    ([2, 3], [[0, 0], [2, 0]], [0, 1], "in 2 rows"),
    ([2, 3], [[0, 0], [1, 0]], [0, -1], "label -1 of sequence 1 is negative"),
    ([3, 3], [[0, 0], [0, 1], [1, 0]], [2, 0, 1], "label 0 of sequence 0 follows a blank"),
  ])
  func labelsThatNoSequenceSpellsAreRefused(
    _ test: (lengths: [Int], indices: [[Int]], labels: [Int], says: String)
  ) throws {
    let graph = Graph()
    let loss = graph.add(
      Ops.CTCLoss.self,
      [
        graph.zeros([3, 2, 3]), graph.constant(test.indices, .int64),
        graph.constant(test.labels, .int32), graph.constant(test.lengths, .int32),
      ]
    ).output(0)
    let error = #expect(throws: (any Error).self) { try Session(graph).run(loss) }
    #expect("\(error as Any)".contains(test.says), "\(error as Any)")
  }
}
