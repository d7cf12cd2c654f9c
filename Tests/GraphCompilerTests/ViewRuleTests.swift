import Dataflow
import Testing

/// Moves of elements, conversions and repetitions that fall away, bit for bit.
@Suite struct ViewRuleTests {
  /// An expression in a 6 by 6 matrix of adversarial numbers to which rules apply.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rules: [String]
    let build: @Sendable (Tensor) -> Tensor

    init(_ name: String, _ rules: [String], _ build: @escaping @Sendable (Tensor) -> Tensor) {
      testDescription = name
      self.rules = rules
      self.build = build
    }
  }

  private static func shape(_ x: Tensor, _ sizes: [Int]) -> Tensor {
    x.graph.constant(sizes, .int32)
  }

  static let cases: [Case] = [
    Case("x − 0", ["subtract-zero"]) { $0 + $0 - 0 },
    Case("x + −0", ["add-negative-zero"]) { $0 * $0 + -0.0 },
    Case("x / 1", ["divide-by-one"]) { ($0 - 3) / 1 },
    Case("x · 1", ["multiply-by-one"]) { $0 * 3 * 1 },
    Case("sum of one", ["sum-of-one"]) { $0.apply(Ops.AddN.self, [], ["N": .int(1)]) },
    Case("−−x", ["double-negation"]) { -(-$0) },
    Case("not not x", ["double-negation"]) { logicalNot(logicalNot($0 .> 0)) },
    Case("relu relu x", ["done-twice"]) { relu(relu($0)) },
    Case("relu6 relu6 x", ["done-twice"]) { relu6(relu6($0)) },
    Case("||x||", ["done-twice"]) { abs(abs($0)) },
    Case("sign sign x", ["done-twice"]) { sign(sign($0)) },
    Case("floor floor x", ["done-twice"]) { floor(floor($0)) },
    Case("ceil ceil x", ["done-twice"]) { ceil(ceil($0)) },
    Case("round round x", ["done-twice"]) { round(round($0)) },
    Case("rint rint x", ["done-twice"]) { rint(rint($0)) },
    Case("|−x|", ["sign-that-does-not-matter"]) { abs(-$0) },
    Case("(−x)²", ["sign-that-does-not-matter"]) { square(-$0) },
    Case("|x|²", ["sign-that-does-not-matter"]) { square(abs($0)) },
    Case("max(x, x)", ["equal-operands"]) { maximum($0, $0) },
    Case("min(x, x)", ["equal-operands"]) { minimum($0, $0) },
    Case("x / 8", ["divide-by-power-of-two"]) { $0 / 8 },
    Case("x / −2⁻¹⁰⁰", ["divide-by-power-of-two"]) { $0 / -0x1p-100 },
    Case("select(c, x, x)", ["same-branches"]) { select($0 .> 0, $0, $0) },
    Case("cast to itself", ["cast-to-itself"]) {
      $0.apply(Ops.Cast.self, [], ["DstT": .type(.float32)])
    },
    Case("cast by way of float64", ["cast-by-way-of-a-wider-type"]) {
      cast(cast($0 * 3, .float64), .float32)
    },
    Case("cast to integers by way of float64", ["cast-by-way-of-a-wider-type"]) {
      cast(cast($0, .float64), .int32)
    },
    Case("bool by way of float32", ["cast-by-way-of-a-wider-type"]) {
      cast(cast($0 .> 0, .float32), .bool)
    },
    Case("slice of everything", ["empty-view"]) { slice($0, begin: [0, 0], size: [-1, 6]) },
    Case("concat of one", ["empty-view"]) {
      $0.apply(Ops.ConcatV2.self, [$0.graph.constant(1)], ["N": .int(1)])
    },
    Case("padding by nothing", ["empty-view"]) { pad($0, [[0, 0], [0, 0]]) },
    Case("padding by nothing of another number", ["empty-view"]) {
      pad($0, [[0, 0], [0, 0]], constant: 2)
    },
    Case("mirroring nothing", ["empty-view"]) {
      $0.apply(
        Ops.MirrorPad.self, [$0.graph.constant([[0, 0], [0, 0]], .int32)],
        ["mode": "REFLECT".attribute])
    },
    Case("tile by ones", ["single-copy"]) { $0.apply(Ops.Tile.self, [shape($0, [1, 1])]) },
    Case("split into one", ["single-copy"]) { split($0, into: 1, axis: 1)[0] },
    Case("transpose twice", ["transpose-of-transpose", "empty-view"]) { transpose(transpose($0)) },
    Case("transpose of transpose", ["transpose-of-transpose"]) {
      let cube = reshape($0, to: [2, 3, 6])
      return transpose(transpose(cube, permutation: [1, 2, 0]), permutation: [2, 1, 0])
    },
    Case("transpose of a column", ["transpose-as-reshape"]) {
      transpose(reshape($0, to: [36, 1])) * 2
    },
    Case("slice of concat", ["slice-of-concat", "empty-view"]) {
      slice(concat([$0, $0 * 2], axis: 1), begin: [0, 6], size: [6, 6])
    },
    Case("part of a part", ["slice-of-concat"]) {
      slice(concat([$0, $0 * 2, $0], axis: 0), begin: [7, 1], size: [4, 2])
    },
    Case("sum over an axis of size 1", ["sum-of-one-element"]) {
      reduceSum(expandDimensions($0, axis: 1), axes: [1])
    },
    Case("mean over no axes", ["sum-of-one-element"]) { reduceMean($0, axes: []) },
    Case("max over an axis of size 1", ["reduction-of-one"]) {
      reduceMax(expandDimensions($0, axis: 1), axes: [1], keepDimensions: true)
    },
    Case("min of one", ["reduction-of-one"]) {
      reduceMin(expandDimensions($0, axis: 0), axes: [0])
    },
    Case("sum with a broadcast row", ["broadcast-operand"]) {
      $0 * 3 + broadcast(slice($0, begin: [1, 0], size: [1, 6]), to: shape($0, [6, 6]))
    },
    Case("function of a broadcast", ["function-of-broadcast"]) {
      tanh(broadcast(slice($0, begin: [1, 0], size: [1, 6]), to: shape($0, [6, 6])))
    },
    Case("function of a reshape", ["function-of-reshape"]) {
      relu(reshape(square($0) - $0, to: [4, 9]) * 2)
    },
  ]

  @Test(arguments: cases) func keepsEveryBit(_ example: Case) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 6], name: "x")
    let value = try TensorValue(RuleCheck.adversarial, shape: [6, 6])
    try RuleCheck.expect(
      example.rules, of: [example.build(x)], feeding: [x: value], contracts: [.exact],
      example.testDescription)
  }

  @Test func keepsEveryBitOfOtherTypes() throws {
    let graph = Graph()
    let d = graph.placeholder(.float64, [nil], name: "d")
    let n = graph.placeholder(.int32, [nil], name: "n")
    let b = graph.placeholder(.bool, [nil], name: "b")
    let doubles: [Double] = [0, -0.0, 0.1, -1e300, 5e-324, .infinity, .nan, 3, 0x1p-1000]
    let feeds: Feeds = [
      d: TensorValue(doubles), n: TensorValue([Int32.min, .max, 0, -1, 7]),
      b: TensorValue([true, false]),
    ]
    let wide = expandDimensions(n, axis: 0)
    for (rule, y) in [
      ("subtract-zero", d + d - 0), ("subtract-zero", n - 0), ("double-negation", -(-n)),
      ("divide-by-power-of-two", d / 1024), ("done-twice", abs(abs(n))),
      ("sign-that-does-not-matter", square(-n)), ("equal-operands", maximum(n, n)),
      ("equal-operands", logicalAnd(b, b)), ("sum-of-one-element", reduceSum(d, axes: [])),
      ("reduction-of-one", reduceMax(wide, axes: [0])),
      ("reduction-of-one", reduceProd(wide, axes: [0])),
      ("reduction-of-one", reduceAll(expandDimensions(b, axis: 1), axes: [1])),
      ("same-branches", select(n .> 0, n, n)),
    ] { try RuleCheck.expect([rule], of: [y], feeding: feeds, contracts: [.exact], "\(y)") }
    // An integer's quotient is rounded towards zero, and a sum of integers is no addition of 0.
    for y in [div(n, n.constant(2)), reduceSum(wide, axes: [0])] {
      try RuleCheck.expect(
        absent: ["divide-by-power-of-two", "sum-of-one-element"], of: [y], feeding: feeds)
    }
  }

  @Test func castsThatLoseStay() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let n = graph.placeholder(.int32, [nil], name: "n")
    let rules = ["cast-by-way-of-a-wider-type"]
    let feeds: Feeds = [
      x: TensorValue(RuleCheck.adversarial),
      n: TensorValue([Int32(-2), 300, .max, .min, 16_777_217]),
    ]
    for y in [
      cast(cast(x, .float16), .float32), cast(cast(x, .bfloat16), .float32),
      cast(cast(x, .int32), .float32), cast(cast(x, .bool), .float32),
      cast(cast(n, .float32), .int32), cast(cast(n, .uint32), .int64),
      cast(cast(n, .float64), .uint32), cast(cast(n, .int8), .int32),
    ] { try RuleCheck.expect(absent: rules, of: [y], feeding: feeds, "\(y)") }
    for y in [
      cast(cast(n, .int64), .int32), cast(cast(n, .float64), .int32), cast(cast(n, .int64), .uint8),
    ] {
      try RuleCheck.expect(rules, of: [y], feeding: feeds, "\(y)")
    }
  }

  @Test func zerosOfTheWrongSignStay() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    for y in [x + 0, x - -0.0, 0 - x, x * 0, x / 3, x / 0] {
      try RuleCheck.expect(
        absent: ["subtract-zero", "add-negative-zero", "divide-by-power-of-two"], of: [y],
        feeding: [x: TensorValue(RuleCheck.adversarial)])
    }
  }

  @Test func partsOfSeveralTensorsAndOtherOrdersStay() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [6, 6], name: "x")
    let value = try TensorValue(RuleCheck.adversarial, shape: [6, 6])
    let both = concat([x, x * 2], axis: 1)
    for y in [
      slice(both, begin: [0, 3], size: [6, 6]), transpose(x), reverse(x, axes: [0]),
      slice(x, begin: [1, 0], size: [5, 6]), broadcast(x, to: graph.constant([2, 6, 6], .int32)),
    ] {
      try RuleCheck.expect(
        absent: ["slice-of-concat", "empty-view", "transpose-as-reshape"], of: [y],
        feeding: [x: value])
    }
  }

  @Test func transposedOperandsGiveTheSameBits() throws {
    for (m, n, k) in [(2, 3, 5), (17, 9, 31), (64, 33, 129), (5, 1, 7), (1, 6, 8)] {
      let graph = Graph()
      let x = graph.placeholder(.float32, name: "x")
      let y = graph.placeholder(.float32, name: "y")
      let both = matmul(transpose(x), transpose(y))
      let batches = batchMatMul(
        transpose(expandDimensions(x, axis: 0), permutation: [0, 2, 1]),
        expandDimensions(transpose(y), axis: 0))
      let rule = ["transposed-operand"]
      try RuleCheck.expect(
        m > 1 && n > 1 ? rule : [], absent: m > 1 && n > 1 ? [] : rule, of: [both, batches],
        feeding: [x: RuleCheck.numbers([k, m]), y: RuleCheck.numbers([n, k], seed: 3)],
        contracts: [.exact], "\(m) \(n) \(k)")
    }
  }

  @Test func anEpilogueKeepsItsShape() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [1, 4], name: "x")
    let y = relu(matmul(x, graph.constant(try RuleCheck.numbers([4, 3]))))
    let one = matmul(x, graph.constant(try RuleCheck.numbers([4, 1])))
    try RuleCheck.expect(
      of: [
        reduceSum(y, axes: [0]), reduceMax(y, axes: [0]), transpose(y), reduceMean(square(one - 3)),
        tanh(transpose(one)),
      ], feeding: [x: RuleCheck.numbers([1, 4])])
  }

  @Test func regroupingIsOnlyOffered() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let a = graph.variable([0.3], name: "a").value
    let rules = ["join-sums", "join-products", "divide-by-reciprocal"]
    let fetches = [(x + 1e8) + -1e8, (x * 0.1) * a, x / a]
    let feeds: Feeds = [x: [0.25, 1, 3]]
    try RuleCheck.expect(absent: rules, of: fetches, feeding: feeds)
    try RuleCheck.expect(
      rules, of: Array(fetches.dropFirst()) + [(x + 1.5) + a], feeding: feeds, bound: 1e-6,
      contracts: Set(Contract.allCases))
  }
}
