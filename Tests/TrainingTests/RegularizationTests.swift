import Dataflow
import Foundation
import Testing

/// Regularizers and constraints against Keras, and what collections and optimizers make of them.
@Suite struct RegularizationTests {
  private static let regularizers: [String: Regularizer] = [
    "l1": .l1(0.02), "l1-default": .l1(), "l2": .l2(0.03), "l1_l2": .l1l2(l1: 0.02, l2: 0.03),
  ]
  private static let constraints: [String: Constraint] = [
    "max_norm": .maxNorm(1.2), "max_norm-axis1": .maxNorm(1.2, axes: [1]),
    "unit_norm": .unitNorm(), "non_negative": .nonNegative(),
    "min_max_norm": .minMaxNorm(min: 0.5, max: 1.5, rate: 0.8),
    "max_norm-image": .maxNorm(1.2, axes: [0, 1, 2]),
  ]

  @Test func formulasAreKeras() throws {
    let reference = try Reference("regularization", as: ReferenceTensor.self)
    #expect(
      Set(reference.cases.keys) == Set(Self.regularizers.keys).union(Self.constraints.keys))
    let functions: [(String, (Tensor) -> Tensor)] =
      Self.regularizers.map { ($0, $1.callAsFunction) }
      + Self.constraints.map { ($0, $1.callAsFunction) }
    for (name, function) in functions {
      let input = try #require(reference.inputs[name.hasSuffix("image") ? "image" : "value"])
      let graph = Graph()
      let result = function(graph.constant(try input.value()))
      try expectEqual(Session(graph).run(result), reference(name), name)
    }
  }

  @Test func penaltiesAreCollectedOnceAndAdded() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 2], name: "x")
    #expect(try Session(graph).run(graph.regularizationLoss()).scalar(as: Float.self) == 0)
    func layer() -> Tensor {
      Layers.dense(
        x, units: 3, kernelInitializer: .ones, biasInitializer: .constant(2),
        kernelRegularizer: .l2(0.5), biasRegularizer: .l1(0.25), name: "hidden")
    }
    _ = graph.variableScope("net") { layer() }
    _ = graph.variableScope("net", reuse: .existing) { layer() }
    let penalties = graph.collection(.regularizationLosses).map(\.target.name)
    #expect(penalties.count == 2)
    #expect(penalties.first?.hasPrefix("net/hidden/kernel/Regularizer/") == true)
    let total = graph.regularizationLoss()
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    // ½ · 6 ones squared, and ¼ · 3 twos.
    #expect(try session.run(total).scalar(as: Float.self) == 4.5)
  }

  /// A constant gradient of −1 for each weight: what a step does is known.
  private func stepped(_ constraint: Constraint?, in graph: Graph, _ optimizer: any Optimizer)
    throws -> [Float]
  {
    let w = graph.getVariable(
      "w", shape: [2, 2],
      initializer: Initializer { graph, _, _ in
        graph.constant([[Float(3), -0.5], [4, 0.1]])
      }, constraint: constraint)
    let train = optimizer.minimize(-reduceSum(w.value))
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.run(train)
    return try session.value(of: w).scalars(as: Float.self)
  }

  @Test func minimizeAppliesConstraintsAfterItsUpdate() throws {
    let descent = GradientDescentOptimizer(learningRate: 0.25)
    #expect(try stepped(nil, in: Graph(), descent) == [3.25, -0.25, 4.25, 0.35])
    #expect(try stepped(.nonNegative(), in: Graph(), descent) == [3.25, 0, 4.25, 0.35])
    let short = try stepped(.maxNorm(1), in: Graph(), descent)
    let length = (short[0] * short[0] + short[2] * short[2]).squareRoot()
    #expect(abs(length - 1) < 1e-6)
    #expect(abs(short[0] / short[2] - 3.25 / 4.25) < 1e-6)
    // A column that is short enough stays, but for ε.
    #expect(abs(short[1] + 0.25) < 1e-6 && abs(short[3] - 0.35) < 1e-6)
    let adam = try stepped(.nonNegative(), in: Graph(), AdamOptimizer(learningRate: 0.25))
    #expect(adam[1] == 0 && abs(adam[0] - 3.25) < 1e-5)
  }

  @Test func theCollectionHoldsConstraintsForUpdatesOfOnesOwn() throws {
    let graph = Graph()
    let w = graph.getVariable(
      "w", shape: [3], initializer: .constant(-1), constraint: .nonNegative())
    #expect(graph.collection(.weightConstraints).count == 1)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.run(graph.collection(.weightConstraints))
    #expect(try session.value(of: w).scalars(as: Float.self) == [0, 0, 0])
  }

  @Test func constraintsOutliveAFile() throws {
    let graph = Graph()
    let w = graph.getVariable(
      "w", shape: [2], initializer: .constant(0.1), constraint: .nonNegative())
    let loss = reduceSum(w.value)
    let file = FileManager.default.temporaryDirectory.appending(
      path: "constraints-\(UUID().uuidString).meta")
    defer { try? FileManager.default.removeItem(at: file) }
    try GraphFile.write(graph, to: file.path)
    let copy = try GraphFile.read(file.path)
    let other = try #require(copy.variables().first)
    let train = GradientDescentOptimizer(learningRate: 1).minimize(
      try #require(copy.tensor(named: loss.name)))
    let session = try Session(copy)
    try session.run(copy.globalVariablesInitializer())
    try session.run(train)
    #expect(try session.value(of: other).scalars(as: Float.self) == [0, 0])
  }
}
