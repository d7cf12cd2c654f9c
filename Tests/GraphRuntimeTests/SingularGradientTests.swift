import Dataflow
import Testing

/// Gradients where a slope is infinite or not defined, for an upstream gradient of 0 and of 1, as
/// TensorFlow 2.21 gives them: 0 where a net must not be spoilt by what it did not choose, NaN where
/// TensorFlow's too is spoilt.
@Suite struct SingularGradientTests {
  private typealias Unary = @Sendable (Tensor) -> Tensor
  private typealias Binary = @Sendable (Tensor, Tensor) -> Tensor

  private static let ofOne: [(String, Unary, Float, [Float])] = [
    ("sqrt", { sqrt($0) }, 0, [0, .infinity]),
    ("sqrt", { sqrt($0) }, .infinity, [0, 0]),
    ("sqrt", { sqrt($0) }, -1, [0, .nan]),
    ("rsqrt", { rsqrt($0) }, 0, [0, -.infinity]),
    ("rsqrt", { rsqrt($0) }, -1, [0, .nan]),
    ("reciprocal", { reciprocal($0) }, 0, [0, -.infinity]),
    ("log", { log($0) }, 0, [.nan, .infinity]),
    ("log", { log($0) }, -1, [0, -1]),
    ("log1p", { log1p($0) }, -1, [.nan, .infinity]),
    ("exp", { exp($0) }, .infinity, [.nan, .infinity]),
    ("asin", { asin($0) }, 1, [.nan, .infinity]),
    ("acos", { acos($0) }, -1, [.nan, -.infinity]),
    ("acosh", { acosh($0) }, 1, [.nan, .infinity]),
    ("atanh", { atanh($0) }, 1, [.nan, .infinity]),
    ("square", { square($0) }, .infinity, [.nan, .infinity]),
    ("softplus", { softplus($0) }, .infinity, [0, 1]),
    ("where(x > 0, sqrt(x), 0)", { select($0 .> 0, sqrt($0), zerosLike($0)) }, 0, [0, 0]),
    ("where(x > 0, rsqrt(x), 0)", { select($0 .> 0, rsqrt($0), zerosLike($0)) }, 0, [0, 0]),
    ("where(x > 0, log(x), 0)", { select($0 .> 0, log($0), zerosLike($0)) }, 0, [.nan, .nan]),
  ]

  private static let ofTwo: [(String, Binary, Float, Float, [[Float]])] = [
    ("pow", { pow($0, $1) }, 0, 0.5, [[.nan, 0], [.infinity, 0]]),
    ("pow", { pow($0, $1) }, 0, 0, [[.nan, 0], [.nan, 0]]),
    ("pow", { pow($0, $1) }, -1, 0.5, [[.nan, .nan], [.nan, .nan]]),
    ("pow", { pow($0, $1) }, .infinity, 2, [[.nan, .nan], [.infinity, .infinity]]),
    ("divNoNan", { divNoNan($0, $1) }, 1, 0, [[0, 0], [0, 0]]),
    ("mulNoNan", { mulNoNan($0, $1) }, .infinity, 0, [[0, 0], [0, .infinity]]),
    ("mulNoNan", { mulNoNan($0, $1) }, .nan, 2, [[0, 0], [2, .nan]]),
    ("xlogy", { xlogy($0, $1) }, 0, 0, [[0, 0], [0, 0]]),
    ("xlogy", { xlogy($0, $1) }, 1, 0, [[.nan, .nan], [-.infinity, .infinity]]),
    ("xdivy", { xdivy($0, $1) }, 0, 0, [[0, 0], [0, 0]]),
    ("xdivy", { xdivy($0, $1) }, 1, 0, [[.nan, .nan], [.infinity, -.infinity]]),
    ("xlog1py", { xlog1py($0, $1) }, 0, -1, [[0, 0], [0, 0]]),
    ("atan2", { atan2(y: $0, x: $1) }, 0, 0, [[.nan, .nan], [.nan, .nan]]),
    ("div", { $0 / $1 }, 1, 0, [[.nan, .nan], [.infinity, -.infinity]]),
  ]

  private func check(
    _ name: String, _ at: [[Float]], _ expected: [[[Float]]], _ body: ([Tensor]) -> Tensor
  )
    throws
  {
    let graph = Graph()
    let inputs = at.indices.map { graph.placeholder(.float32, [nil], name: "x\($0)") }
    let y = body(inputs)
    for (upstream, wanted) in zip([0, 1], expected) {
      let dy = zerosLike(y) + Double(upstream)
      let found = try gradients(of: y, withRespectTo: inputs, upstream: dy).map { try #require($0) }
      let session = try Session(graph)
      var feeds = Feeds()
      for (input, value) in zip(inputs, at) {
        feeds.feed(try TensorValue(value, shape: [value.count]), to: input)
      }
      for (index, gradient) in found.enumerated() {
        let values = try session.run(gradient, feeding: feeds).scalars(as: Float.self)
        #expect(
          zip(values, wanted[index]).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) },
          "\(name) at \(at), input \(index), dy = \(upstream): \(values) for \(wanted[index])")
      }
    }
  }

  @Test func slopesOfOneArgument() throws {
    for (name, function, x, expected) in Self.ofOne {
      try check(name, [[x]], expected.map { [[$0]] }) { function($0[0]) }
    }
  }

  @Test func slopesOfTwoArguments() throws {
    for (name, function, x, y, expected) in Self.ofTwo {
      try check(name, [[x], [y]], expected.map { $0.map { [$0] } }) { function($0[0], $0[1]) }
    }
  }

  /// What products of others are beside zeros and infinities.
  @Test func productsBesideZeros() throws {
    for (x, expected) in [
      ([0, 2, 3], [6, 0, 0]), ([0, 2, 0], [0, 0, 0]),
      ([.infinity, 1, 2], [2, .infinity, .infinity]),
    ] as [([Float], [Float])] {
      let zeros: [Float] = x.contains(.infinity) ? [0, .nan, .nan] : [0, 0, 0]
      try check("reduceProd", [x], [[zeros], [expected]]) { reduceProd($0[0]) }
    }
    try check("cumprod", [[0, 2, 3]], [[[0, 0, 0]], [[0, 0, 0]]]) { x in
      x[0].graph.add(
        Ops.Cumprod.self, [x[0], x[0].graph.constant(0, .int32)]
      ).output(0)
    }
  }

  /// A norm and a deviation whose slope is 0/0: what is not asked for gives 0.
  @Test func rootsOfSumsOfSquares() throws {
    try check("norm", [[0, 0]], [[[0, 0]], [[.nan, .nan]]]) { sqrt(reduceSum(square($0[0]))) }
    try check("deviation", [[2, 2]], [[[0, 0]], [[.nan, .nan]]]) {
      sqrt(moments($0[0], axes: [0]).variance)
    }
  }
}
