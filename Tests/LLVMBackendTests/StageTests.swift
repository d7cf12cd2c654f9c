import Dataflow
import Testing

/// Loops that share dimensions on both backends: the same bits, but for what an exponential or a
/// logarithm is in.
@Suite struct StageTests {
  private static let shapes = [[50, 10], [7, 1000], [33, 17], [1, 1], [3, 5000]]

  @Test(arguments: shapes) func softmaxesAndLosses(_ shape: [Int]) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(shape))
    let y = graph.placeholder(.int64, [shape[0]])
    let loss = sparseSoftmaxCrossEntropy(labels: y, logits: x)
    let mean = reduceMean(loss)
    let slope = try #require(gradients(of: mean, withRespectTo: [x])[0])
    let comparison = try BackendComparison(graph)
    let feeds: Feeds = [
      x: try Numbers.ordinary(shape),
      y: TensorValue((0..<shape[0]).map { Int64($0 * 7 % shape[1]) }),
    ]
    for fetches in [
      [softmax(x * 9)], [logSoftmax(x * 9)], [loss], [mean, slope], [softmax(x), mean, slope],
    ] {
      try comparison.expectSame(fetches, feeding: feeds, bound: 2e-6)
    }
    comparison.expectCompiled()
  }

  @Test(arguments: shapes) func normalizationsHaveTheSameBits(_ shape: [Int]) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(shape))
    let scale = graph.constant(try Numbers.ordinary([shape[1]], seed: 5))
    let comparison = try BackendComparison(graph)
    for axes in [[1], [0], [0, 1]] {
      let (mean, variance) = moments(x, axes: axes, keepDimensions: true)
      let y = (x - mean) * rsqrt(variance + 1e-3) * scale + 1
      let slope = try #require(gradients(of: reduceSum(y * y), withRespectTo: [x])[0])
      for fetches in [[y], [mean, variance], [slope], [y, slope, mean]] {
        try comparison.expectSame(fetches, feeding: [x: Numbers.ordinary(shape)], "\(axes)")
      }
    }
    comparison.expectCompiled()
  }

  @Test(arguments: [[50, 300], [4, 6, 5, 17], [2, 3]], [true, false])
  func batchStatisticsAndTheirTrainingHaveTheSameBits(_ shape: [Int], _ trains: Bool) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(shape))
    let y = Layers.batchNormalization(x, momentum: 0.5, training: trains)
    let loss = reduceMean(square(y - 1))
    let step = MomentumOptimizer(learningRate: 0.1, momentum: 0.9).minimize(loss)
    let comparison = try BackendComparison(graph)
    for seed in 0..<3 {
      try comparison.expectSame(
        [loss, y], targets: [step] + graph.collection(.updateOps),
        feeding: [x: Numbers.ordinary(shape, seed: seed)])
      for variable in graph.variables() {
        let (a, b) = (
          try comparison.llvm.value(of: variable), try comparison.cpu.value(of: variable)
        )
        let difference = BackendComparison.difference(a, b)
        #expect(difference == nil, "\(variable.name): \(difference ?? "")")
      }
    }
    comparison.expectCompiled()
  }

  @Test(arguments: [[291, 77], [7], [1], [3, 1, 17]])
  func optimizersStepTheSame(_ shape: [Int]) throws {
    let optimizers: [any Optimizer] = [
      AdamOptimizer(learningRate: 0.1), GradientDescentOptimizer(learningRate: 0.1),
      MomentumOptimizer(learningRate: 0.1, momentum: 0.9, useNesterov: true),
    ]
    for optimizer in optimizers {
      let graph = Graph()
      let goal = graph.placeholder(.float32, PartialShape(shape))
      let weights = try [3, 4].map { seed in
        graph.variable(try Numbers.ordinary(shape, seed: seed), name: "w\(seed)")
      }
      let loss = reduceSum(square(weights[0].value * weights[1].value - goal))
      let step = optimizer.minimize(loss)
      let comparison = try BackendComparison(graph)
      for seed in 0..<4 {
        try comparison.expectSame(
          [loss], targets: [step], feeding: [goal: Numbers.ordinary(shape, seed: seed)],
          optimizer.name)
      }
      for variable in graph.variables() {
        let (a, b) = (
          try comparison.llvm.value(of: variable), try comparison.cpu.value(of: variable)
        )
        let difference = BackendComparison.difference(a, b)
        #expect(difference == nil, "\(optimizer.name) \(variable.name): \(difference ?? "")")
      }
      comparison.expectCompiled()
    }
  }
}
