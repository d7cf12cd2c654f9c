import AllocationCounter
import Dataflow
import Testing

/// What a run allocates once its plan is found, counted by the process's own `malloc`.
@Suite struct AllocationTests {
  /// The allocations of one call, after others, counted too, that fill caches.
  private func allocations(_ body: () throws -> Void) rethrows -> Int {
    var count = 0
    for _ in 0..<20 {
      allocation_counter_start()
      defer { count = allocation_counter_stop() }
      try body()
    }
    return count
  }

  @Test func theCounterCounts() {
    var kept: [[Int]] = []
    let count = allocations { kept = [[Int](repeating: 1, count: 1000), [2]] }
    #expect(count >= 1)
    #expect(kept.count == 2)
  }

  /// A classifier with every form of kernel that is not named: convolutions of both kinds with their
  /// gradients, contractions, all with and without epilogue, reductions along rows and columns, stages,
  /// live constants, updates.
  private struct Net {
    let graph = Graph()
    let x: Tensor
    let y: Tensor
    let training: Tensor
    let logits: Tensor
    let loss: Tensor
    let step: [any GraphElement]

    init(_ batch: Int, _ optimizer: any Optimizer) {
      x = graph.placeholder(.float32, [nil, 70], name: "x")
      y = graph.placeholder(.int64, [nil], name: "y")
      training = graph.placeholder(default: false, name: "training")
      let graph = graph
      func filter(_ shape: Shape, _ name: String) -> Tensor {
        graph.variable(TensorValue(repeating: Float(0.1), shape: shape), name: name).value
      }
      var images = reshape(x, to: [-1, 7, 10, 1])
      images = relu(conv2d(images, filter([3, 3, 1, 4], "window"), padding: "SAME"))
      images = relu(depthwiseConv2d(images, filter([2, 2, 4, 1], "channels"), strides: [2, 2]))
      var hidden = elu(
        Layers.batchNormalization(
          Layers.dense(reshape(images, to: [-1, 60]), units: 90, name: "a"), training: training))
      hidden = tanh(Layers.dense(hidden, units: 40, name: "b"))
      hidden = hidden - reduceMean(hidden, axes: [1], keepDimensions: true)
      logits = Layers.dense(softmax(hidden), units: 10, name: "c")
      loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
      step = [optimizer.minimize(loss)] + graph.collection(.updateOps)
    }
  }

  @Test(arguments: [1, 2], [3, 200])
  func aPreparedRunOnBuffersAllocatesNothing(_ threads: Int, _ batch: Int) throws {
    for optimizer in [GradientDescentOptimizer(learningRate: 0.1), AdamOptimizer()]
      as [any Optimizer]
    {
      let net = Net(batch, optimizer)
      let session = try Session(net.graph, backend: .cpu, threads: threads)
      try session.run(net.graph.globalVariablesInitializer())
      let pixels = (0..<(batch * 70)).map { Float($0 % 17) / 17 }
      let labels = (0..<batch).map { Int64($0 % 10) }
      let feeds: Feeds = [
        net.x: try TensorValue(pixels, shape: [batch, 70]), net.y: TensorValue(labels),
      ]
      var trainingFeeds = feeds
      trainingFeeds.feed(true, to: net.training)
      let train = try session.prepare([net.loss], targets: net.step, feeding: trainingFeeds)
      let infer = try session.prepare([net.logits, net.loss], feeding: feeds)
      var (loss, logits, flag) = ([Float(0)], [Float](repeating: 0, count: batch * 10), [true])
      try pixels.withUnsafeBytes { pixels in
        try labels.withUnsafeBytes { labels in
          try loss.withUnsafeMutableBytes { loss in
            try logits.withUnsafeMutableBytes { logits in
              try flag.withUnsafeMutableBytes { flag in
                let (fed, given) = ([pixels, labels, UnsafeRawBufferPointer(flag)], [loss])
                let trainCount = try allocations { try train.run(from: fed, into: given) }
                #expect(trainCount == 0)
                let (shown, asked) = ([pixels, labels], [logits, loss])
                let inferCount = try allocations { try infer.run(from: shown, into: asked) }
                #expect(inferCount == 0)
                // Interleaved: live constants are computed anew, in the memory that is there.
                let both = try allocations {
                  try train.run(from: fed, into: given)
                  try infer.run(from: shown, into: asked)
                }
                #expect(both == 0)
              }
            }
          }
        }
      }
      let expected: [TensorValue] = try session.run([net.logits, net.loss], feeding: feeds)
      #expect(try expected[0].scalars(as: Float.self) == logits)
      #expect(try expected[1].scalars(as: Float.self) == loss)
    }
  }

  /// Rounds, and what they push onto a stack, take no memory of their own.
  @Test(arguments: [1, 2]) func roundsAllocateNothing(threads: Int) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [3000], name: "x")
    let stack = graph.add(
      Ops.StackV2.self, [graph.constant(Int32(-1))], ["elem_type": .type(.float32)]
    ).output(0)
    let types: [DType] = [.int32, .resource, .float32]
    let goesOn = Function.built("go", types, in: graph) { _, v in [v[0] .< 20] }
    let round = Function.built("round", types, in: graph) { own, v in
      let pushed = own.add(Ops.StackPushV2.self, [v[1], v[2]], ["T": .type(.float32)]).output(0)
      return [v[0] + 1, v[1], tanh(pushed) * 2 - reduceMean(pushed)]
    }
    let loop = graph.add(
      Ops.While.self, [graph.constant(Int32(0)), stack, x],
      ["cond": .function(goesOn.name, [:]), "body": .function(round.name, [:])])
    let last = graph.controlDependencies([loop]) {
      graph.add(Ops.StackPopV2.self, [stack], ["elem_type": .type(.float32)]).output(0)
    }
    let session = try Session(graph, backend: .cpu, threads: threads)
    let value = TensorValue((0..<3000).map { Float($0) / 3000 })
    let run = try session.prepare([loop.output(2), last], feeding: [x: value])
    #expect(session.plans.count == 1)
    var (y, z) = ([Float](repeating: 0, count: 3000), [Float](repeating: 0, count: 3000))
    try value.withUnsafeBytes { x in
      try y.withUnsafeMutableBytes { y in
        try z.withUnsafeMutableBytes { z in
          let count = try allocations { try run.run(from: [x], into: [y, z]) }
          #expect(count == 0)
        }
      }
    }
    #expect(y != z && y.allSatisfy(\.isFinite))
  }

  @Test func buffersOfOtherSizesAreErrors() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let twice = graph.placeholder(default: false, name: "twice")
    let y = select(twice, x * 2, x)
    let session = try Session(graph)
    let run = try session.prepare([y], feeding: [twice: true, x: [Float(1), 2]])
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { .init(rebasing: memory[range]) }
    func out(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
      .init(rebasing: memory[range])
    }
    memory.storeBytes(of: 1, as: UInt8.self)
    memory.storeBytes(of: 1.5, toByteOffset: 8, as: Float.self)
    try run.run(from: [part(0..<1), part(8..<16)], into: [out(16..<24)])
    #expect(memory.load(fromByteOffset: 16, as: Float.self) == 3)
    let wrong: [([UnsafeRawBufferPointer], [UnsafeMutableRawBufferPointer], String)] = [
      ([part(0..<1)], [out(16..<24)], "2 values are expected"),
      ([part(0..<1), part(8..<12)], [out(16..<24)], "8 bytes"),
      ([part(0..<1), part(8..<16)], [], "1 values are fetched"),
      ([part(0..<1), part(8..<16)], [out(16..<20)], "8 bytes"),
      ([part(0..<1), part(9..<17)], [out(20..<28)], "aligned"),
      ([part(1..<2), part(8..<16)], [out(16..<24)], "prepared for the value"),
    ]
    for (inputs, outputs, message) in wrong {
      let error = try #require(
        throws: SessionError.self, performing: { try run.run(from: inputs, into: outputs) })
      #expect("\(error)".contains(message), "\(error)")
    }
  }

  @Test func aRunByNamesAllocatesTheSameForAnyGraph() throws {
    func count(_ nodes: Int) throws -> Int {
      let graph = Graph()
      let x = graph.placeholder(.float32, [nil], name: "x")
      var y = x
      for _ in 0..<nodes { y = tanh(y) }
      y = identity(y, name: "y")
      let session = try Session(graph, backend: .cpu, threads: 1)
      let value = TensorValue([Float(1), 2, 3])
      return try allocations { _ = try session.run(fetching: ["y:0"], feeding: ["x:0": value]) }
    }
    let (small, large) = (try count(10), try count(1000))
    #expect(small == large, "\(small) for 10 nodes, \(large) for 1,000")
    #expect(small < 200)
  }
}
