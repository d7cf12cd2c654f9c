import Dataflow
import Testing

/// A kernel that would leave its buffers is an error before it is made, whatever op asked for it.
@Suite struct ProveAccessesTests {
  /// What is computed, from which all elements of every buffer are taken.
  private static let nets: [String: @Sendable (Tensor) -> Tensor] = [
    "element-wise": { $0 * 2 + 1 },
    "transposed": { transpose($0) },
    "reversed": { reverse($0, axes: [0, 2]) },
    "reduced": { reduceSum($0, axes: [1, 2]) },
    "stages": { softmax(reshape($0, to: [4, 16])) },
    "product": { matmul(reshape($0, to: [8, 8]), reshape($0, to: [8, 8]), transposeB: true) },
    "product and epilogue": {
      relu(matmul(reshape($0, to: [8, 8]), reshape($0, to: [8, 8])) + 1)
    },
    "product and bias": { x in
      let rows = reshape(x, to: [16, 4])
      let factors = reshape(x.graph.constant((0..<16).map { Float($0) }), to: [4, 4])
      return biasAdd(matmul(rows, factors), x.graph.constant([1.0, 2, 3, 4], .float32))
    },
    "batched product": { batchMatMul(reshape($0, to: [4, 4, 4]), reshape($0, to: [4, 4, 4])) },
    "convolution": { conv2d($0, reshape($0, to: [4, 4, 2, 2]), padding: "SAME") },
    "depthwise": { depthwiseConv2d($0, reshape($0, to: [4, 4, 2, 2]), padding: "SAME") },
    "gradients": { x in
      let filter = reshape(x, to: [4, 4, 2, 2])
      let y = conv2d(x, filter, padding: "SAME")
      let found = gradients(of: y * y, withRespectTo: [x, filter]).compactMap { $0 }
      return reshape(found[0], to: [-1]) + reshape(found[1], to: [-1])
    },
    "pooling": { maxPool($0) },
    "pooling's gradient": { x in
      gradients(of: square(averagePool(x)), withRespectTo: [x]).compactMap { $0 }[0]
    },
    "gathered": {
      gather(reshape($0, to: [8, 8]), $0.graph.constant([1, 7, 0], .int32), axis: 1)
    },
    "segments": { x in
      let graph = x.graph
      return unsortedSegmentSum(
        reshape(x, to: [4, 16]), graph.constant([0, 1, 1, 0], .int32),
        count: graph.constant(2, .int32))
    },
    "greatest": { topK(reshape($0, to: [4, 16]), k: 3).values },
    "cumulated": { cumsum($0, axis: 1) },
    "an LSTM's steps": { x in
      let graph = x.graph
      func zeros(_ sizes: Int...) -> Tensor { graph.zeros(TensorCore.Shape(sizes)) }
      let operands = [
        graph.constant(4, .int64), reshape(x, to: [4, 4, 4]), zeros(4, 1), zeros(4, 1),
        zeros(5, 4), zeros(1), zeros(1), zeros(1), graph.constant([1.0, 2, 3, 4], .float32),
      ]
      let h = graph.add(Ops.BlockLSTM.self, operands).output(6)
      return gradients(of: h, withRespectTo: [x]).compactMap { $0 }[0]
    },
  ]

  @Test(arguments: nets.keys.sorted())
  func aBufferThatIsAnElementShortIsFound(_ name: String) throws {
    let net = try #require(Self.nets[name])
    let graph = Graph()
    let x = graph.placeholder(.float32, [2, 4, 4, 2], name: "x")
    let y = net(x)
    let session = try Session(graph, backend: .cpu)
    let value = TensorValue((0..<64).map { Float($0) })
    _ = try session.run(y, feeding: [x: value.reshaped(to: [2, 4, 4, 2])])
    var shortened = 0
    for var plan in session.plans {
      try ProveAccesses.run(&plan)
      for buffer in Set(plan.steps.flatMap(\.buffers)) {
        var short = plan
        let count = short.buffers[buffer].shape.count
        short.buffers[buffer].shape = [count - 1]
        let error = #expect(throws: GraphError.self, "\(plan.buffers[buffer].name)") {
          try ProveAccesses.run(&short)
        }
        #expect(error?.node != nil)
        shortened += 1
      }
    }
    #expect(shortened >= 2)
  }

  /// Positions are added up without overflow.
  @Test(arguments: [(0, Int.max), (Int.max, 1), (-1, 1), (7, -1), (1, 1)])
  func wrongAccessesAreFound(_ access: (offset: Int, stride: Int)) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [9], name: "x")
    let session = try Session(graph, backend: .cpu)
    _ = try session.run(-x, feeding: [x: TensorValue((0..<9).map { Float($0) })])
    var plan = try #require(session.plans.first)
    guard case .loop(var loop) = plan.steps[0].kernel else {
      Issue.record("a loop is expected")
      return
    }
    loop.loads[0].access = Access(offset: access.offset, strides: [access.stride])
    plan.steps[0].kernel = .loop(loop)
    #expect(throws: GraphError.self) { try ProveAccesses.run(&plan) }
  }
}
