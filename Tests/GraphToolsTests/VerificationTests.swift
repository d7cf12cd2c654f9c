import Dataflow
import GraphCompiler
import GraphTools
import Testing

/// A rule that is wrong is caught and named, and the smallest graph that shows it can be read again.
@Suite struct VerificationTests {
  /// x − x = 0 holds for numbers, not for NaN and infinity.
  static let differenceOfEquals = Rule(
    name: "wrong-difference-of-equals", identity: "x − x = 0", contract: .exact, ops: ["Sub"]
  ) { $0[0] == $0[1] ? [zerosLike($0[0])] : nil }

  /// max(x, y) as a selection loses a NaN in x.
  static let maximumAsSelection = Rule(
    name: "wrong-maximum-as-selection", identity: "max(x, y) = select(x > y, x, y)",
    contract: .exact, ops: ["Maximum"]
  ) { [select($0[0] .> $0[1], $0[0], $0[1])] }

  /// The bias is scaled too.
  static let forgottenBias = Rule(
    name: "wrong-forgotten-bias", identity: "(x·W + b) ∘ s = x·(W ∘ s) + b", contract: .rescaling,
    ops: ["Mul"]
  ) { context in
    let sum = context[0].node
    guard sum.op == "BiasAdd", sum.input(0).node.op == "MatMul" else { return nil }
    let product = sum.input(0).node
    return [biasAdd(matmul(product.input(0), product.input(1) * context[1]), sum.input(1))]
  }

  /// A square matrix has the shape of its transpose.
  static let transposeOfSquare = Rule(
    name: "wrong-transpose-of-square", identity: "xᵀ = x", contract: .exact, ops: ["Transpose"]
  ) { $0[0].shape == $0.output.shape ? [$0[0]] : nil }

  /// relu goes past a maximum, not past a mean.
  static let reluPastMean = Rule(
    name: "wrong-relu-past-mean", identity: "relu(mean(x)) = mean(relu(x))", contract: .exact,
    ops: ["Relu"]
  ) { context in
    let mean = context[0].node
    guard mean.op == "Mean" else { return nil }
    return [
      relu(mean.input(0)).apply(Ops.Mean.self, [mean.input(1)], name: nil, mean.attributes)
    ]
  }

  private func model() -> (graph: Graph, fetches: [Tensor]) {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let y = graph.placeholder(.float32, [nil, 4], name: "y")
    let square = graph.placeholder(.float32, [3, 3], name: "square")
    let kernel = graph.variable([[Float]](repeating: [1, 2], count: 4), name: "kernel")
    let bias = graph.variable([Float(1), 1], name: "bias")
    let scale = graph.constant([Float(2), 3])
    let t = tanh(x)
    return (
      graph,
      [
        t - t, maximum(x, y), biasAdd(matmul(x, kernel.value), bias.value) * scale,
        transpose(square), relu(reduceMean(x, axes: [1])),
      ]
    )
  }

  private func verification(_ rules: [Rule]) throws -> Verification {
    let (graph, fetches) = model()
    let verification = Verification(backend: .cpu)
    var request = Verification.Request(fetches: fetches, targets: [])
    request.variables = []
    try verification.verify(
      graph, request, contracts: [.exact, .rescaling], rules: rules + ApplyRules.rules)
    return verification
  }

  @Test func rightRulesPass() throws {
    let verification = try verification([])
    #expect(verification.findings.isEmpty, "\(verification.findings)")
    #expect(verification.rules["scale-into-weights"]?.distinct == 1)
    #expect((verification.rules["scale-into-weights"]?.largestShare ?? 1) < 1)
    #expect(verification.checkedPasses[GroupNodes.name] == 1)
  }

  @Test(arguments: [
    differenceOfEquals, maximumAsSelection, forgottenBias, transposeOfSquare, reluPastMean,
  ])
  func aWrongRuleIsCaughtAndNamed(_ rule: Rule) throws {
    let verification = try verification([rule])
    let finding = try #require(verification.findings.first { $0.culprit == rule.name })
    #expect(finding.message.contains(rule.identity))
    let text = try #require(finding.graph)
    // Both sides are in the reduced graph, and little else.
    let graph = try Fixtures.graph(text)
    #expect(graph.tensor(named: "before:0") != nil && graph.tensor(named: "after:0") != nil)
    #expect(graph.count <= 16, "\(text)")
  }

  @Test func aPassThatChangesANumberIsNamed() throws {
    let (graph, fetches) = model()
    let verification = Verification(backend: .cpu)
    // Exact by its own word, and wrong only for what the whole graph computes.
    let rule = Self.differenceOfEquals
    try verification.verify(
      graph, Verification.Request(fetches: [fetches[0]], targets: []), contracts: [.exact],
      rules: [rule])
    #expect(
      verification.findings.contains { $0.culprit == ApplyRules.name }, "\(verification.findings)")
  }
}
