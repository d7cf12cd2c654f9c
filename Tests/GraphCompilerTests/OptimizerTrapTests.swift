import Dataflow
import Testing

/// Expressions that optimizers are known to get wrong: equal for ordinary real numbers, and not for the
/// zeros, infinities, NaN, ties and roundings of computers.
///
/// Each gives the same bits with the default rewrites, with exact ones and with none, of fed numbers and
/// of constants, which are computed when the plan is made.
@Suite struct OptimizerTrapTests {
  /// An expression in two vectors of adversarial numbers.
  struct Trap: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let build: @Sendable (_ x: Tensor, _ y: Tensor) -> Tensor

    init(_ name: String, _ build: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
      testDescription = name
      self.build = build
    }
  }

  static let arithmetic: [Trap] = [
    Trap("x + 0") { x, _ in x + 0 },
    Trap("0 + x") { x, _ in 0 + x },
    Trap("x − 0") { x, _ in x - 0 },
    Trap("0 − x") { x, _ in 0 - x },
    Trap("−x") { x, _ in -x },
    Trap("x − x") { x, _ in x - x },
    Trap("x / x") { x, _ in x / x },
    Trap("x · 0") { x, _ in x * 0 },
    Trap("0 / x") { x, _ in 0 / x },
    Trap("x / 0") { x, _ in x / 0 },
    Trap("x · 1") { x, _ in x * 1 },
    Trap("x · −1") { x, _ in x * -1 },
    Trap("x / 3") { x, _ in x / 3 },
    Trap("x / 4") { x, _ in x / 4 },
    Trap("(x + 1e8) − 1e8") { x, _ in (x + 1e8) - 1e8 },
    Trap("(x · 3) / 3") { x, _ in (x * 3) / 3 },
    Trap("(x + y) − y") { x, y in (x + y) - y },
    Trap("(x · y) / y") { x, y in (x * y) / y },
    Trap("x · y + x · 3") { x, y in x * y + x * 3 },
    Trap("x + (y + 1)") { x, y in x + (y + 1) },
    Trap("−(x − y)") { x, y in -(x - y) },
    Trap("1 / (1 / x)") { x, _ in 1 / (1 / x) },
    Trap("reciprocal twice") { x, _ in reciprocal(reciprocal(x)) },
    Trap("x · y + 1, in two roundings") { x, y in x * y + 1 },
    Trap("(x − y)² and its parts") { x, y in squaredDifference(x, y) - square(x - y) },
    Trap("x² − y²") { x, y in square(x) - square(y) },
    Trap("add of three") { x, y in addN([x, y, -x]) },
    Trap("x / y · y") { x, y in x / y * y },
    Trap("0 where y is 0") { x, y in divNoNan(x, y) + mulNoNan(x, y) },
    Trap("x log y where x is 0") { x, y in xlogy(x, y) + xdivy(x, y) },
  ]

  static let functions: [Trap] = [
    Trap("√x · √x") { x, _ in square(sqrt(x)) },
    Trap("√(x²)") { x, _ in sqrt(square(x)) },
    Trap("exp(log x)") { x, _ in exp(log(x)) },
    Trap("log(exp x)") { x, _ in log(exp(x)) },
    Trap("log(1 + x)") { x, _ in log(1 + x) },
    Trap("exp(x) − 1") { x, _ in exp(x) - 1 },
    Trap("1 / √x") { x, _ in 1 / sqrt(x) - rsqrt(x) },
    Trap("x to the ½") { x, _ in pow(maximum(x, 1e-30), 0.5) - sqrt(maximum(x, 1e-30)) },
    Trap("x squared by pow") { x, _ in pow(x, 2) },
    Trap("x to the 1") { x, _ in pow(x, 1) },
    Trap("x to the 0") { x, _ in pow(x, 0) },
    Trap("1 to the x") { x, _ in pow(x.constant(1), x) },
    Trap("tanh(−x) + tanh(x)") { x, _ in tanh(-x) + tanh(x) },
    Trap("sigmoid(x) + sigmoid(−x)") { x, _ in sigmoid(x) + sigmoid(-x) },
    Trap("log(sigmoid x)") { x, _ in log(sigmoid(x)) },
    Trap("log(1 + exp x)") { x, _ in log(1 + exp(x)) - softplus(x) },
    Trap("|x| · sign(x)") { x, _ in abs(x) * sign(x) },
    Trap("sign(−0)") { x, _ in sign(x) },
    Trap("sin² + cos²") { x, _ in square(sin(x)) + square(cos(x)) },
    Trap("atan2 of zeros") { x, y in atan2(y: x, x: y) },
    Trap("atan2(0, x)") { x, _ in atan2(y: x * 0, x: x) },
    Trap("erf + erfc") { x, _ in erf(x) + erfc(x) },
    Trap("elu, selu, softsign") { x, _ in elu(x) + selu(x) + softsign(x) },
  ]

  static let choices: [Trap] = [
    Trap("max(NaN, x)") { x, y in maximum(x, y) },
    Trap("min(NaN, x)") { x, y in minimum(x, y) },
    Trap("max(x, 0)") { x, _ in maximum(x, 0) },
    Trap("max(0, x)") { x, _ in maximum(x.constant(0), x) },
    Trap("min(max(x, 0), 6)") { x, _ in minimum(maximum(x, 0), 6) },
    Trap("max(min(x, y), y)") { x, y in maximum(minimum(x, y), y) },
    Trap("relu(NaN)") { x, _ in relu(x) },
    Trap("relu(x) − relu(−x)") { x, _ in relu(x) - relu(-x) },
    Trap("leaky relu of −0") { x, _ in leakyRelu(x) },
    Trap("clip(NaN)") { x, _ in clip(x, min: -1, max: 1) },
    Trap("clip with NaN bounds") { x, _ in clip(x, min: x.constant(.nan), max: x.constant(1)) },
    Trap("x = x") { x, _ in x .== x },
    Trap("x ≠ x") { x, _ in x .!= x },
    Trap("x ≤ x") { x, _ in x .<= x },
    Trap("x < y or x ≥ y") { x, y in (x .< y) .| (x .>= y) },
    Trap("not x < y") { x, y in logicalNot(x .< y) },
    Trap("select by NaN") { x, y in select(x .> 0, x, y) },
    Trap("select of infinities") { x, y in select(x .== x, x * 0, y) },
    Trap("select(x > 0, x, 0)") { x, _ in select(x .> 0, x, zerosLike(x)) },
    Trap("select(x < 0, −x, x)") { x, _ in select(x .< 0, -x, x) },
    Trap("select(c, x, x + 0)") { x, y in select(y .> 0, x, x + 0) },
    Trap("finite, infinite, NaN") { x, _ in
      cast(isFinite(x), .int32) + cast(isInf(x), .int32) * 2 + cast(isNan(x), .int32) * 4
    },
  ]

  static let roundings: [Trap] = [
    Trap("halves to even") { x, _ in round(x * 0.5) },
    Trap("rint, floor, ceil") { x, _ in rint(x) + floor(x) - ceil(x) },
    Trap("−floor(−x)") { x, _ in -floor(-x) - ceil(x) },
    Trap("floordiv") { x, y in floorDiv(x, y) },
    Trap("floormod") { x, y in floorMod(x, y) },
    Trap("floormod by −3") { x, _ in floorMod(x, x.constant(-3)) },
    Trap("truncatemod") { x, y in truncateMod(x, y) },
    Trap("x − floor(x / y) · y") { x, y in x - floor(x / y) * y },
    Trap("cast of NaN to int32") { x, _ in cast(x, .int32) },
    Trap("cast of NaN to int64") { x, _ in cast(x, .int64) },
    Trap("cast out of range to uint8") { x, _ in cast(x, .uint8) },
    Trap("cast to int8 and back") { x, _ in cast(cast(x, .int8), .float32) },
    Trap("cast to bool") { x, _ in cast(x, .bool) },
    Trap("cast to half and back") { x, _ in cast(cast(x, .float16), .float32) },
    Trap("cast to bfloat16 and back") { x, _ in cast(cast(x, .bfloat16), .float32) },
    Trap("cast to int32 and back") { x, _ in cast(cast(x, .int32), .float32) },
    Trap("double in the middle") { x, y in cast(cast(x, .float64) * cast(y, .float64), .float32) },
    Trap("integers that wrap") { x, _ in cast(x, .int32) * 3 - cast(x, .int32) },
    Trap("integer division of signs") { x, _ in
      let n = cast(clip(x, min: -100, max: 100), .int32)
      return floorDiv(n, n.constant(-3)) + floorMod(n, n.constant(-3)) + div(n, n.constant(-3))
    },
  ]

  static let whole: [Trap] = [
    Trap("sum of an empty axis") { x, _ in reduceSum(slice(x, begin: [0], size: [0]), axes: [0]) },
    Trap("mean of nothing") { x, _ in reduceMean(slice(x, begin: [0], size: [0]), axes: [0]) },
    Trap("max of nothing") { x, _ in reduceMax(slice(x, begin: [0], size: [0]), axes: [0]) },
    Trap("sum of large and small") { x, _ in reduceSum(finite(x)) },
    Trap("mean of large numbers") { x, _ in reduceMean(finite(x) * 1e30) },
    Trap("sum of 3x") { x, _ in reduceSum(finite(x) * 3) - reduceSum(finite(x)) * 3 },
    Trap("sum over an axis of size 1") { x, _ in reduceSum(expandDimensions(x, axis: 1), axes: [1])
    },
    Trap("mean over an axis of size 1") { x, _ in
      reduceMean(expandDimensions(x, axis: 0), axes: [0])
    },
    Trap("max with NaN") { x, _ in reduceMax(reshape(x, to: [6, 6]), axes: [1]) },
    Trap("min with NaN") { x, _ in reduceMin(reshape(x, to: [6, 6]), axes: [0]) },
    Trap("product") { x, _ in reduceProd(reshape(x, to: [6, 6]), axes: [1]) },
    Trap("argmax(tanh x)") { x, _ in argMax(tanh(rows(x)), axis: 1) },
    Trap("argmax(sigmoid x)") { x, _ in argMax(sigmoid(rows(x) * 30), axis: 1) },
    Trap("argmax(x · 1e−30)") { x, _ in argMax(rows(x) * 1e-30, axis: 1) },
    Trap("argmin(relu x)") { x, _ in argMin(relu(rows(x)), axis: 1) },
    Trap("argmax of −x") { x, _ in argMax(-rows(x), axis: 1) - argMin(rows(x), axis: 1) },
    Trap("top two of ties") { x, _ in cast(topK(tanh(rows(x) * 30), k: 2).indices, .float32) },
    Trap("softmax with infinities") { x, _ in softmax(reshape(x, to: [6, 6])) },
    Trap("log(softmax)") { x, _ in log(softmax(rows(x))) },
    Trap("log softmax") { x, _ in logSoftmax(reshape(x, to: [6, 6])) },
    Trap("softmax(x + 1e4)") { x, _ in softmax(rows(x) + 1e4) },
    Trap("log-sum-exp") { x, _ in reduceLogSumExp(rows(x), axes: [1]) },
    Trap("variance of near numbers") { x, _ in
      moments(clip(rows(x), min: -1, max: 1) + 1e4, axes: [1]).variance
    },
    Trap("cumulative sum") { x, _ in cumsum(finite(x), axis: 0) },
    Trap("sum of a transposition") { x, _ in reduceSum(transpose(rows(x)), axes: [0]) },
    Trap("sum of a reshape") { x, _ in reduceSum(reshape(finite(x), to: [4, 9]), axes: [0]) },
    Trap("product with zeros and infinities") { x, y in
      matmul(reshape(x, to: [6, 6]), reshape(y, to: [6, 6]) * 0)
    },
    Trap("product of transpositions") { x, y in matmul(transpose(rows(x)), transpose(rows(y))) },
    Trap("sum of slices of a concatenation") { x, y in
      let both = concat([x, y], axis: 0)
      return slice(both, begin: [3], size: [36]) - slice(both, begin: [36], size: [36])
    },
    Trap("all and any") { x, _ in
      cast(reduceAll(x .== x), .int32) + cast(reduceAny(x .!= x), .int32) * 2
    },
  ]

  /// The numbers that are finite, and 0 for the others.
  private static func finite(_ x: Tensor) -> Tensor { select(isFinite(x), x, zerosLike(x)) }
  /// Those as a matrix.
  private static func rows(_ x: Tensor) -> Tensor {
    reshape(clip(finite(x), min: -1e3, max: 1e3), to: [6, 6])
  }

  @Test(arguments: arithmetic + functions + choices + roundings + whole)
  func givesTheSameBits(_ trap: Trap) throws {
    let numbers = RuleCheck.adversarial
    let value = TensorValue(numbers)
    let other = TensorValue((0..<numbers.count).map { numbers[($0 * 11 + 5) % numbers.count] })
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let y = graph.placeholder(.float32, [nil], name: "y")
    let fed = trap.build(x, y)
    let constant = trap.build(graph.constant(value), graph.constant(other))
    let expected = try Session(graph, optimizes: false).run(fed, feeding: [x: value, y: other])
    for contracts in [[.exact, .rescaling], [.exact]] as [Set<Contract>] {
      let session = try Session(graph, contracts: contracts)
      let run = try session.run(fed, feeding: [x: value, y: other])
      #expect(RuleCheck.isSame(run, expected), "fed: \(run) instead of \(expected)")
      let folded = try session.run(constant)
      #expect(RuleCheck.isSame(folded, expected), "constant: \(folded) instead of \(expected)")
    }
    let plain = try Session(graph, optimizes: false).run(constant)
    #expect(RuleCheck.isSame(plain, expected), "constant, plain: \(plain) instead of \(expected)")
  }
}
