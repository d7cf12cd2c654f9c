import Dataflow
import GraphCompiler
import Testing

/// Loops that share dimensions run as stages of one kernel and compute what they compute alone.
@Suite struct StageTests {
  /// What a run gives in kernels of several stages, and with each node a kernel of its own.
  private func check(
    _ graph: Graph, _ fetches: [Tensor], targets: [Node] = [], feeding feeds: Feeds,
    variables: [Variable] = [], kernels: Int, isStaged: Bool = true,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let initialize = graph.globalVariablesInitializer()
    var results: [[TensorValue]] = []
    for (optimizes, threads) in [(true, 1), (true, 3), (false, 1)] {
      let session = try Session(graph, threads: threads, contracts: [.exact], optimizes: optimizes)
      if !variables.isEmpty { try session.run(initialize) }
      var values = try session.run(fetches, targets: targets, feeding: feeds)
      values += try session.run(fetches, targets: targets, feeding: feeds)
      values += try variables.map { try session.value(of: $0) }
      results.append(values)
      if optimizes, threads == 1 {
        let plan = try session.planned(fetching: fetches, targets: targets, feeding: feeds).plan
        #expect(plan.steps.count == kernels, sourceLocation: location)
        let staged = plan.steps.contains { if case .staged = $0.kernel { true } else { false } }
        #expect(staged == isStaged, sourceLocation: location)
      }
    }
    #expect(results[0] == results[1] && results[0] == results[2], sourceLocation: location)
  }

  private func numbers(_ shape: Shape, seed: Int = 1) -> TensorValue {
    let values = (0..<shape.count).map { Double(($0 * 7919 + seed * 104_729) % 2003) / 500 - 2 }
    return (try? TensorValue(converting: values, to: .float32, shape: shape))
      ?? TensorValue(zeros: shape, dtype: .float32)
  }

  @Test(arguments: [[5, 7], [513, 77], [2, 3, 291], [1, 9]])
  func softmaxAndItsGradientAreOneKernel(_ sizes: [Int]) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(Shape(sizes)), name: "x")
    let y = graph.placeholder(.float32, PartialShape(Shape(sizes)), name: "y")
    let softened = softmax(x)
    let gradient = try #require(gradients(of: [softened], withRespectTo: [x], upstream: [y])[0])
    try check(
      graph, [softened, gradient],
      feeding: [x: numbers(Shape(sizes)), y: numbers(Shape(sizes), seed: 2)], kernels: 1)
  }

  @Test(arguments: [[4, 8], [513, 77], [50, 300]])
  func batchStatisticsAndWhatFollowsAreOneKernel(_ sizes: [Int]) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(Shape(sizes)), name: "x")
    let running = graph.variable(TensorValue(zeros: [sizes[1]], dtype: .float32), name: "running")
    let mean = reduceMean(x, axes: [0])
    let variance = reduceMean(square(x - mean), axes: [0])
    let normal = elu((x - mean) * rsqrt(variance + 0.001))
    let update = running.assign(running.value * 0.9 + mean * 0.1)
    try check(
      graph, [normal], targets: [update.target], feeding: [x: numbers(Shape(sizes))],
      variables: [running], kernels: 1)
  }

  @Test(arguments: [[3, 8], [2, 11, 77], [291, 513]])
  func layerNormIsOneKernel(_ sizes: [Int]) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(Shape(sizes)), name: "x")
    let gain = graph.placeholder(.float32, [sizes.last], name: "gain")
    let mean = reduceMean(x, axes: [-1], keepDimensions: true)
    let variance = reduceMean(square(x - mean), axes: [-1], keepDimensions: true)
    let normal = (x - mean) * rsqrt(variance + 1e-5) * gain
    try check(
      graph, [normal],
      feeding: [x: numbers(Shape(sizes)), gain: numbers([sizes.last ?? 1])], kernels: 1)
  }

  @Test func adamIsOnePassOverAVariable() throws {
    let graph = Graph()
    let weights = graph.variable(numbers([513, 77]), name: "weights")
    let target = graph.placeholder(.float32, [513, 77], name: "target")
    let loss = reduceSum(square(weights.value - target))
    let train = AdamOptimizer(learningRate: 0.01).minimize(loss)
    // The step size and the powers of β; the gradient, both moments and the weights; the loss.
    try check(
      graph, [loss], targets: [train], feeding: [target: numbers([513, 77], seed: 3)],
      variables: [weights], kernels: 3)
  }

  @Test func momentsAreStoredInTheirVariablesAtOnce() throws {
    let graph = Graph()
    let weights = graph.variable(numbers([96, 77]), name: "weights")
    let x = graph.placeholder(.float32, [5, 96], name: "x")
    let loss = reduceSum(square(matmul(x, weights.value)))
    let train = AdamOptimizer(learningRate: 0.01).minimize(loss)
    let session = try Session(graph)
    let plan = try session.planned(
      fetching: [], targets: [train], feeding: [x: numbers([5, 96])]
    ).plan
    // Nothing of the weights' size but the gradient has a buffer of its own.
    let large = plan.buffers.filter {
      if case .arena = $0.location { $0.shape == [96, 77] } else { false }
    }
    #expect(large.map(\.name) == ["gradients/MatMul_grad/MatMul_1:0"], "\(large.map(\.name))")
    try check(
      graph, [loss], targets: [train], feeding: [x: numbers([5, 96])], variables: [weights],
      kernels: 6)
  }

  @Test func anOldValueThatIsTakenLaterIsNotOverwritten() throws {
    let graph = Graph()
    let v = graph.variable(numbers([64, 96]), name: "v")
    let old = v.value
    let new = exp(old)
    let write = v.assign(new)
    let mixed = new * reverse(old, axes: [0])
    try check(
      graph, [reduceSum(mixed, axes: [1]), mixed], targets: [write.target], feeding: [:],
      variables: [v], kernels: 2)
  }

  @Test func whatIsReadElsewhereIsNotJoined() throws {
    // Each row takes all rows' sums, so that no dimension can be shared.
    let graph = Graph()
    let x = graph.placeholder(.float32, [96, 96], name: "x")
    let sums = reduceSum(exp(x), axes: [1])
    let mixed = exp(x) + transpose(exp(x)) * sums
    try check(graph, [sums, mixed], feeding: [x: numbers([96, 96])], kernels: 2)
  }

  @Test func aVariableKeepsTheValueThatWasRead() throws {
    let graph = Graph()
    let v = graph.variable([Float(1), 2, 3, 4], name: "v")
    let before = v.value
    let write = v.assign(before * 2 + reduceSum(before))
    try check(
      graph, [reverse(before, axes: [0]), before], targets: [write.target], feeding: [:],
      variables: [v], kernels: 1)
  }

  @Test func aResultTakesTheMemoryOfWhatNothingNeedsAnyMore() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [3000, 4], name: "x")
    let product = matmul(x, graph.constant([[Float]](repeating: [1, -2, 3], count: 4)))
    let total = reduceSum(product)
    let scaled = tanh(product) * total
    let again = scaled + reduceSum(scaled)
    let feeds: Feeds = [x: numbers([3000, 4])]
    let plan = try Session(graph).planned(fetching: [again], feeding: feeds).plan
    // One buffer of the product's size for all three of them.
    #expect(plan.arenaByteCount < 2 * 3000 * 3 * 4, "\(plan.arenaByteCount) bytes")
    let kept = try Session(graph).planned(fetching: [product, again], feeding: feeds).plan
    #expect(kept.arenaByteCount >= 2 * 3000 * 3 * 4, "\(kept.arenaByteCount) bytes")
    try check(graph, [again], feeding: feeds, kernels: plan.steps.count, isStaged: false)
    try check(graph, [product, again], feeding: feeds, kernels: kept.steps.count, isStaged: false)
  }

  @Test func anEpilogueMayDropADimensionOfOne() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [1, 4], name: "x")
    let product = matmul(x, graph.constant([[Float]](repeating: [1, -2, 3], count: 4)))
    try check(
      graph, [relu(squeeze(product, axes: [0]))], feeding: [x: numbers([1, 4])], kernels: 1,
      isStaged: false)
  }
}
