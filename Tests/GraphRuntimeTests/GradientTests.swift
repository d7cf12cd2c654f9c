import Dataflow
import Foundation
import Testing

/// Every gradient against central differences in float64, at fresh points: a failure names their seed,
/// which `DATAFLOW_SEED` gives again.
@Suite struct GradientTests {
  private static let seed =
    ProcessInfo.processInfo.environment["DATAFLOW_SEED"].flatMap { UInt64($0) }
    ?? .random(in: 0..<1_000_000)

  /// Numbers that lie apart from each other, as from zero, by more than the step of a difference: where
  /// two are the same, `maximum` has a kink.
  private func points(_ counts: [Int], from low: Double, to high: Double) -> [[Double]] {
    var generator = SplitMix64(state: Self.seed)
    // An even number of cells has zero between two of them.
    let cells = (counts.reduce(0, +) + 1) / 2 * 2
    let order = (0..<cells).shuffled(using: &generator)
    let all = order.map { cell in
      let place = Double(cell) + .random(in: 0.25...0.75, using: &generator)
      return low + (high - low) * place / Double(cells)
    }
    var start = 0
    return counts.map { count in
      defer { start += count }
      return Array(all[start..<(start + count)])
    }
  }

  /// The gradient of a weighted sum of `body(inputs)`, symbolically and by differences.
  private func check(
    _ name: String, _ shapes: [TensorCore.Shape], from low: Double = -0.9, to high: Double = 0.9,
    _ body: ([Tensor]) -> Tensor
  ) throws {
    let graph = Graph()
    let values = points(shapes.map(\.count), from: low, to: high)
    let inputs = shapes.indices.map {
      graph.placeholder(.float64, PartialShape(shapes[$0]), name: "x\($0)")
    }
    let y = body(inputs)
    let size = try #require(y.shape.count)
    let weights = try TensorValue(
      (0..<size).map { 0.5 + Double($0 % 7) / 7 }, shape: #require(y.shape.fullyDefined))
    let loss = reduceSum(y * graph.constant(weights))
    let symbolic = gradients(of: loss, withRespectTo: inputs)
    let session = try Session(graph)
    func feeds(_ values: [[Double]]) throws -> Feeds {
      var feeds = Feeds()
      for (input, (value, shape)) in zip(inputs, zip(values, shapes)) {
        feeds.feed(try TensorValue(value, shape: shape), to: input)
      }
      return feeds
    }
    let step = 1e-5
    for (index, gradient) in symbolic.enumerated() {
      let tensor = try #require(gradient, "\(name) has no gradient for input \(index)")
      let found = try session.run(tensor, feeding: feeds(values)).scalars(as: Double.self)
      for element in found.indices {
        var (above, below) = (values, values)
        above[index][element] += step
        below[index][element] -= step
        let up = try session.run(loss, feeding: feeds(above)).scalar(as: Double.self)
        let down = try session.run(loss, feeding: feeds(below)).scalar(as: Double.self)
        let expected = (up - down) / (2 * step)
        #expect(
          abs(found[element] - expected) <= 1e-5 * max(1, abs(expected)),
          """
          \(name), input \(index), element \(element): \(found[element]) for \(expected), \
          DATAFLOW_SEED=\(Self.seed)
          """)
      }
    }
  }

  @Test func elementwiseOfOneInput() throws {
    let functions: [(String, (Tensor) -> Tensor)] = [
      ("exp", { exp($0) }), ("square", { square($0) }), ("sin", { sin($0) }),
      ("cos", { cos($0) }), ("tan", { tan($0) }), ("tanh", { tanh($0) }),
      ("sigmoid", { sigmoid($0) }), ("relu", { relu($0) }), ("elu", { elu($0) }),
      ("selu", { selu($0) }), ("softplus", { softplus($0) }), ("softsign", { softsign($0) }),
      ("expm1", { expm1($0) }), ("log1p", { log1p($0) }), ("abs", { abs($0) }),
      ("asin", { asin($0) }), ("atan", { atan($0) }), ("erf", { erf($0) }), ("neg", { -$0 }),
    ]
    for (name, function) in functions { try check(name, [[3, 4]]) { function($0[0]) } }
    for (name, function) in [
      ("log", { log($0) }), ("sqrt", { sqrt($0) }), ("rsqrt", { rsqrt($0) }),
      ("reciprocal", { reciprocal($0) }),
    ] as [(String, (Tensor) -> Tensor)] {
      try check(name, [[3, 4]], from: 0.3, to: 2) { function($0[0]) }
    }
  }

  @Test func elementwiseOfTwoInputsThatBroadcast() throws {
    for shapes in [[[3, 4], [4]], [[3, 1], [2, 3, 4]], [[], [2, 2]]] as [[TensorCore.Shape]] {
      try check("add", shapes) { $0[0] + $0[1] }
      try check("sub", shapes) { $0[0] - $0[1] }
      try check("mul", shapes) { $0[0] * $0[1] }
      try check("div", shapes, from: 0.5, to: 2) { $0[0] / $0[1] }
      try check("pow", shapes, from: 0.5, to: 2) { pow($0[0], $0[1]) }
      try check("maximum", shapes) { maximum($0[0], $0[1]) }
      try check("squaredDifference", shapes) { squaredDifference($0[0], $0[1]) }
    }
  }

  @Test func reductionsAndProducts() throws {
    for axes in [[0], [1], [0, 2]] {
      try check("sum", [[2, 3, 4]]) { reduceSum($0[0], axes: axes) }
      try check("mean", [[2, 3, 4]]) { reduceMean($0[0], axes: axes, keepDimensions: true) }
      try check("max", [[2, 3, 4]]) { reduceMax($0[0], axes: axes) }
      try check("prod", [[2, 3, 2]]) { reduceProd($0[0], axes: axes) }
    }
    for (a, b) in [(false, false), (true, false), (false, true), (true, true)] {
      try check("matmul", [a ? [4, 3] : [3, 4], b ? [5, 4] : [4, 5]]) {
        matmul($0[0], $0[1], transposeA: a, transposeB: b)
      }
    }
    try check("biasAdd", [[3, 4], [4]]) { biasAdd($0[0], $0[1]) }
  }

  @Test func softmaxAndCrossEntropies() throws {
    try check("softmax", [[3, 5]]) { softmax($0[0]) }
    try check("logSoftmax", [[3, 5]]) { logSoftmax($0[0]) }
    try check("sparse", [[3, 5]]) {
      sparseSoftmaxCrossEntropy(labels: $0[0].graph.constant([Int64(0), 4, 2]), logits: $0[0])
    }
    try check("sigmoid cross-entropy", [[3, 5]]) {
      sigmoidCrossEntropy(labels: zerosLike($0[0]) + 0.3, logits: $0[0])
    }
  }

  @Test func views() throws {
    try check("reshape", [[3, 4]]) { reshape($0[0], to: [2, -1]) * 2 }
    try check("expandDimensions", [[3, 4]]) { square(expandDimensions($0[0], axis: 1)) }
    try check("concat", [[2, 3], [4, 3]]) { square(concat([$0[0], $0[1]], axis: 0)) }
    try check("transpose", [[2, 3, 4]]) { square(transpose($0[0], permutation: [2, 0, 1])) }
  }
}
