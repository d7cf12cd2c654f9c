import Dataflow
import Testing

/// Each mistake is found where it is made, and not where it is not.
@Suite struct LintTests {
  private typealias Kind = LintFinding.Kind

  /// A small net with one layer that is normalised.
  private struct Model {
    let graph = Graph()
    let x: Tensor
    let loss: Tensor
    let output: Tensor

    init(_ normalise: (Tensor) -> Tensor) {
      x = graph.placeholder(.float32, [nil, 4], name: "x")
      output = normalise(Layers.dense(x, units: 3, name: "hidden"))
      loss = reduceMean(square(output), name: "loss")
    }

    func train() -> Node {
      graph.nameScope("train") { GradientDescentOptimizer(learningRate: 0.1).minimize(loss) }
    }
  }

  private func kinds(_ findings: [LintFinding]) -> [Kind] { findings.map(\.kind) }

  @Test func updateOpsThatTrainingDoesNotRun() throws {
    let model = Model {
      let training = $0.graph.placeholder(default: false, name: "training")
      return Layers.batchNormalization($0, training: training)
    }
    let train = model.train()
    let found = model.graph.lint()
    #expect(kinds(found) == [.updateOpsNotRun])
    #expect(found.first?.nodes.count == 2)
    #expect("\(found)".contains("LintTests.swift:"), "\(found)")
    let updates = model.graph.collection(.updateOps)
    #expect(model.graph.lint(targets: [train] + updates).isEmpty)
    #expect(kinds(model.graph.lint(targets: [train])) == [.updateOpsNotRun])
    #expect(model.graph.lint(fetching: [model.output]).isEmpty)
  }

  @Test func updateOpsBeforeTheTrainingOpAreRun() {
    let model = Model {
      let training = $0.graph.placeholder(default: false, name: "training")
      return Layers.batchNormalization($0, training: training)
    }
    model.graph.controlDependencies(model.graph.collection(.updateOps)) { _ = model.train() }
    #expect(model.graph.lint().isEmpty)
  }

  @Test func theBranchesOfAFedNormalizationAreNoMistake() {
    func findings(_ training: (Graph) -> Tensor) -> [Kind] {
      let graph = Graph()
      let x = graph.placeholder(.float32, [nil, 2, 2, 3], name: "x")
      let scale = graph.variable([1.0, 1, 1], name: "gamma")
      let offset = graph.variable([0.0, 0, 0], name: "beta")
      let mean = graph.variable([0.0, 0, 0], name: "mean", trainable: false)
      let variance = graph.variable([1.0, 1, 1], name: "variance", trainable: false)
      func normalized(_ isTraining: Bool) -> [Tensor] {
        let inputs = [x, scale.value, offset.value, mean.value, variance.value]
        return [
          graph.add(
            Ops.FusedBatchNormV3.self, inputs, ["is_training": .bool(isTraining)]
          ).output(0)
        ]
      }
      let y = graph.cond(training(graph), then: { normalized(true) }, else: { normalized(false) })
      return kinds(graph.lint(fetching: [y[0]]))
    }
    #expect(findings { $0.placeholder(default: false, name: "training") } == [])
    #expect(findings { $0.placeholder(.bool, [], name: "training") } == [])
    #expect(findings { $0.constant(false) } == [])
    #expect(findings { $0.constant(true) } == [.batchNormAlwaysTraining])
  }

  @Test func normalizationsFixedToInference() {
    let fixed = Model { Layers.batchNormalization($0, training: false) }
    _ = fixed.train()
    #expect(kinds(fixed.graph.lint()) == [.batchNormNotTraining])
    let frozen = Model { Layers.batchNormalization($0, training: false, trainable: false) }
    _ = frozen.train()
    #expect(frozen.graph.lint().isEmpty)
    let constant = Model {
      Layers.batchNormalization($0, training: $0.graph.constant(false, name: "never"))
    }
    let train = constant.train()
    let found = constant.graph.lint(targets: [train] + constant.graph.collection(.updateOps))
    #expect(kinds(found) == [.batchNormNotTraining])
    #expect("\(found)".contains("\"never\""), "\(found)")
  }

  @Test func normalizationsFixedToTraining() {
    let model = Model {
      Layers.batchNormalization($0, training: $0.graph.constant(true, name: "always"))
    }
    let train = model.train()
    let updates = model.graph.collection(.updateOps)
    #expect(model.graph.lint(targets: [train] + updates).isEmpty)
    let found = model.graph.lint(fetching: [model.output])
    #expect(kinds(found) == [.batchNormAlwaysTraining])
  }

  @Test(arguments: [true, false]) func fusedNormalizations(_ isTraining: Bool) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2, 5, 5, 3], name: "x")
    let ones = TensorValue(repeating: Float(1), shape: [3])
    let scale = graph.variable(ones, name: "gamma")
    let offset = graph.variable(ones, name: "beta")
    let mean = graph.variable(ones, name: "mean", trainable: false)
    let variance = graph.variable(ones, name: "variance", trainable: false)
    let node = graph.add(
      Ops.FusedBatchNormV3.self,
      [x, scale.value, offset.value, mean.value, variance.value], name: "bn",
      ["is_training": .bool(isTraining)])
    let train = GradientDescentOptimizer(learningRate: 0.1).minimize(
      reduceMean(square(node.output(0)), name: "loss"))
    #expect(
      kinds(graph.lint()) == [isTraining ? .batchNormNotUpdated : .batchNormNotTraining])
    let inference = kinds(graph.lint(fetching: [node.output(0)]))
    #expect(inference == (isTraining ? [.batchNormAlwaysTraining] : []))
    let updates = [mean.assign(node.output(1)), variance.assign(node.output(2))]
    #expect(kinds(graph.lint(targets: [train] + updates)) == [])
  }

  @Test func variablesWithoutGradients() {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 2], name: "x")
    func weights(_ name: String) -> Variable { graph.variable([[1.0], [2.0]], name: name) }
    let (good, cut, stopped) = (weights("good"), weights("cut"), weights("stopped"))
    let (unused, left) = (weights("unused"), weights("left"))
    let rounded = cast(cast(matmul(x, cut.value), .int32), .float32, name: "rounding")
    let loss = reduceMean(
      matmul(x, good.value) + rounded + stopGradient(matmul(x, stopped.value), name: "stop")
        + matmul(x, left.value), name: "loss")
    GradientDescentOptimizer(learningRate: 0.1).minimize(
      loss, variables: [good, cut, stopped, unused])
    let found = graph.lint()
    #expect(found.allSatisfy { $0.kind == .variableNotTrained })
    let messages = Dictionary(
      uniqueKeysWithValues: found.map { ($0.nodes[0].name, $0.message) })
    #expect(Set(messages.keys) == ["cut", "stopped", "unused", "left"])
    #expect(messages["cut"]?.contains("Cast \"rounding\", made at ") == true, "\(messages)")
    #expect(messages["stopped"]?.contains("StopGradient \"stop\"") == true, "\(messages)")
    #expect(messages["unused"]?.contains("does not depend on it") == true, "\(messages)")
    #expect(messages["left"]?.contains("has a gradient") == true, "\(messages)")
  }

  @Test func accessesWithoutAnOrder() {
    let graph = Graph()
    let counter = graph.variable(1.0, name: "counter", trainable: false)
    let step = counter.assignAdd(1.0, name: "step")
    let early = counter.read(name: "early")
    let late = graph.controlDependencies([step]) { counter.read(name: "late") }
    let again = counter.assign(0.0, name: "again")
    let found = graph.lint(fetching: [early], targets: [step])
    #expect(kinds(found) == [.unorderedAccess])
    #expect(found.first?.nodes.map(\.name) == ["step", "early"])
    #expect("\(found)".split(separator: "made at").count == 3, "\(found)")
    #expect(graph.lint(fetching: [late], targets: [step]).isEmpty)
    #expect(kinds(graph.lint(targets: [step, again])) == [.unorderedAccess])
    #expect(graph.lint(fetching: [early, late]).isEmpty == false)
    #expect(graph.lint(targets: [again]).isEmpty)
  }

  @Test func branchesOfOneConditionalDoNotConflict() {
    let graph = Graph()
    let counter = graph.variable(1.0, name: "counter", trainable: false)
    func step(_ predicate: Tensor, onTrue: Bool) -> Node {
      let sides = switched(graph.constant(1.0), if: predicate)
      return counter.assign(onTrue ? sides.whenTrue : sides.whenFalse)
    }
    let p = graph.placeholder(.bool, [], name: "p")
    let q = graph.placeholder(.bool, [], name: "q")
    let (a, b) = (step(p, onTrue: true), step(identity(p), onTrue: false))
    #expect(graph.lint(targets: [a, b]).isEmpty)
    let c = step(q, onTrue: false)
    #expect(kinds(graph.lint(targets: [a, c])) == [.unorderedAccess])
  }

  @Test func variablesMadeAfterInitializerAndSaver() throws {
    let graph = Graph()
    let first = graph.variable(1.0, name: "first", trainable: false)
    let initializer = graph.globalVariablesInitializer()
    _ = Saver(graph)
    #expect(graph.lint().isEmpty)
    let second = graph.variable(2.0, name: "second", trainable: false)
    let sum = first.value + second.value
    let found = graph.lint(fetching: [sum])
    #expect(kinds(found) == [.neverInitialized, .notSaved])
    #expect(found.allSatisfy { $0.nodes[0].name == "second" })
    #expect(kinds(graph.lint(fetching: [sum], restored: ["second"])) == [.notSaved])
    let session = try Session(graph)
    try session.run([initializer, second.initializer])
    #expect(kinds(session.lint(fetching: [sum])) == [.notSaved])
  }

  @Test func nodesMadeInALoop() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let rate = graph.variable(0.1, name: "rate", trainable: false)
    for step in 0..<15 {
      _ = reduceMean(x, name: "mean")
      rate.assign(1 / Float(step + 1), name: "set")
    }
    #expect(graph.lint().isEmpty)
    for step in 0..<5 {
      _ = reduceMean(x, name: "mean")
      rate.assign(Float(step), name: "set")
    }
    let found = graph.lint()
    #expect(kinds(found) == [.repeatedNodes, .repeatedNodes])
    #expect(found.allSatisfy { $0.nodes.count == 20 })
  }

  @Test func graphsThatGrowBetweenRuns() throws {
    let graph = Graph()
    let x = graph.constant([1.0, 2], name: "x")
    let session = try Session(graph)
    let mean = reduceMean(x)
    for _ in 0..<20 { _ = try session.run(mean) as TensorValue }
    #expect(session.lint().isEmpty)
    for _ in 0..<3 { _ = try session.run(reduceMean(x)) as TensorValue }
    #expect(session.lint().isEmpty)
    for _ in 0..<3 { _ = try session.run(reduceMean(x)) as TensorValue }
    let found = session.lint()
    #expect(kinds(found) == [.growingGraph])
    #expect(
      found.first?.message.contains("grew by 2 nodes before 6 of the last") == true, "\(found)")
    #expect("\(found)".contains("LintTests.swift:"), "\(found)")
  }

  @Test(arguments: ["sgd", "momentum", "nesterov", "adam", "adam-older"])
  func graphsOfTensorFlowAreInOrder(_ name: String) throws {
    let path = Fixtures.path("PersistenceTests/Fixtures/\(name).meta")
    let graph = try GraphFile.read(path)
    #expect(graph.lint().allSatisfy { $0.kind == .updateOpsNotRun }, "\(graph.lint())")
    let targets = graph.collection(.trainOp) + graph.collection(.updateOps)
    #expect(graph.lint(targets: targets).isEmpty)
  }
}
