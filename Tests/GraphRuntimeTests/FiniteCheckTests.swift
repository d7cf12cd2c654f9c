import Dataflow
import GraphCore
import StandardOps
import Testing

/// Runs that name the first op that makes a NaN or an infinity.
@Suite struct FiniteCheckTests {
  private func failure(
    _ session: Session, _ fetches: [Tensor], targets: [any GraphElement] = [],
    _ feeds: Feeds = [:]
  ) throws -> NonFiniteError {
    try #require(
      throws: NonFiniteError.self,
      performing: {
        _ = try session.run(fetches, targets: targets, feeding: feeds, check: .finite)
      })
  }

  @Test(arguments: [DType.float32, .float64])
  func namesTheOpThatMakesANaN(_ dtype: DType) throws {
    let graph = Graph()
    let x = graph.placeholder(dtype, [nil, 2], name: "x")
    let y = reduceSum(log(x + 1, name: "bad") * 2)
    let session = try Session(graph)
    let value = try TensorValue(converting: [1, 2, 3, -5], to: dtype, shape: [2, 2])
    let error = try failure(session, [y], [x: value])
    #expect(error.source == .operation && error.kind == .nan)
    #expect(error.node == "bad" && error.op == "Log" && error.part == nil)
    #expect(error.site?.file.hasSuffix("FiniteCheckTests.swift") == true)
    #expect(error.position == [1, 1])
    #expect(error.output.nanCount == 1)
    #expect(error.inputs.count == 1 && error.inputs[0].numbers.range == -4...4)
    #expect("\(error)".contains("\"bad\" (Log)"), "\(error)")
    // Without the check the run goes on, and a checked one of finite numbers gives the same.
    _ = try session.run(y, feeding: [x: value])
    let good = try TensorValue(converting: [1, 2, 3, 5], to: dtype, shape: [2, 2])
    let values: [TensorValue] = try session.run([y], feeding: [x: good], check: .finite)
    #expect(values == (try session.run([y], feeding: [x: good])))
  }

  @Test(arguments: [DType.float16, .bfloat16])
  func looksAtNumbersThatAreStoredInHalf(_ dtype: DType) throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2], name: "x")
    let half = cast(x, dtype, name: "half")
    let session = try Session(graph)
    let error = try failure(session, [cast(half, .float32)], [x: [1.0, 1e300]])
    #expect(error.node == "half" && error.kind == .infinity && error.position == [1], "\(error)")
    let stored = graph.placeholder(dtype, [2], name: "stored")
    let value = try TensorValue(converting: [1, .nan], to: dtype, shape: [2])
    let fed = try failure(session, [cast(stored, .float32)], [stored: value])
    #expect(fed.source == .feed && fed.node == "stored" && fed.position == [1], "\(fed)")
  }

  @Test func namesTheOpOfTheBackwardPass() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [3], name: "x")
    let y = reduceSum(sqrt(x, name: "root"))
    let dx = try #require(gradients(of: y, withRespectTo: [x])[0])
    let error = try failure(try Session(graph), [dx], [x: [Float(1), 0, 4]])
    #expect(error.source == .operation && error.kind == .infinity, "\(error)")
    #expect(error.node.contains("root"), "\(error)")
    #expect(error.position == [1])
  }

  @Test func namesTheUpdateAndItsPart() throws {
    let graph = Graph()
    let w = graph.variable([1.0, 2], name: "w")
    let b = graph.variable([1.0, 2], name: "b")
    let loss = reduceSum(square(w.value) * 1e10)
    let first = b.assign(graph.constant([5.0, 6]))
    let step = graph.controlDependencies([first]) {
      GradientDescentOptimizer(learningRate: 1e38).minimize(loss)
    }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let error = try failure(session, [], targets: [first, step])
    #expect(error.kind == .infinity && error.source == .operation)
    #expect(error.op == "ResourceApplyGradientDescent", "\(error)")
    #expect(error.part?.hasPrefix(error.node) == true, "\(error)")
    // What was written before stays, what was to be written after is untouched.
    #expect(try session.value(of: b).scalars(as: Float.self) == [5, 6])
    #expect(try session.value(of: w).scalars(as: Float.self) == [1, 2])
  }

  @Test(arguments: [true, false]) func looksIntoBranches(_ isComputed: Bool) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2], name: "x")
    let fed = graph.placeholder(.bool, [], name: "p")
    let predicate = isComputed ? reduceSum(x) .> 0 : fed
    let y = graph.cond(
      predicate, then: { [log(x, name: "inBranch")] }, else: { [sqrt(x, name: "other")] })[0]
    var feeds: Feeds = [x: [Float(3), -1]]
    if !isComputed { feeds.feed(true, to: fed) }
    let error = try failure(try Session(graph), [y], feeds)
    #expect(error.node.hasSuffix("inBranch") && error.op == "Log", "\(error)")
  }

  @Test func namesTheRoundOfALoop() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [], name: "x")
    let condition = Function.built("go", [.int32, .float32], in: graph) { _, v in [v[0] .< 10] }
    let body = Function.built("halve", [.int32, .float32], in: graph) { _, v in
      [v[0] + 1, sqrt(v[1] - 2, name: "inBody")]
    }
    let loop = graph.add(
      Ops.StatelessWhile.self, [graph.constant(Int32(0)), x], name: "loop",
      ["cond": .function(condition.name, [:]), "body": .function(body.name, [:])])
    // 11 → 3 → 1 → NaN.
    let error = try failure(try Session(graph), [loop.output(1)], [x: Float(11)])
    #expect(error.node == "inBody" && error.kind == .nan)
    let round = try #require(error.rounds.first)
    #expect(error.rounds.count == 1)
    #expect(round.loop == "loop" && round.function == "halve" && round.number == 3, "\(error)")
    #expect("\(error)".contains("round 3"))
  }

  @Test func feedsAndVariablesAreReportedAsSuch() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2, 2], name: "x")
    let w = graph.variable([[1.0, 2]], name: "w")
    let y = x * w.value
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let fed = try TensorValue([1, 2, 3, Float.nan], shape: [2, 2])
    let error = try failure(session, [y], [x: fed])
    #expect(error.source == .feed && error.node == "x" && error.position == [1, 1])
    #expect("\(error)".hasPrefix("the feed \"x\""), "\(error)")
    try session.set(w, to: TensorValue([1, Float.nan], shape: [1, 2]))
    let second = try failure(session, [y], [x: TensorValue([Float(1), 2, 3, 4], shape: [2, 2])])
    #expect(second.source == .variable && second.node == "w" && second.position == [0, 1])
    _ = try session.run(w)
    #expect(throws: NonFiniteError.self) { try session.run(w, check: .finite) }
  }

  @Test func infinitiesThatWereGivenAreLegitimate() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 3], name: "x")
    let mask = graph.placeholder(.float32, [3], name: "mask")
    let fed = softmax(x + mask)
    let constant = softmax(
      select(x .> 0, x, graph.constant([-Float.infinity, -.infinity, -.infinity])))
    let session = try Session(graph)
    let feeds: Feeds = [
      x: [[1.0, 2, 3], [4.0, 5, -6]], mask: [0, -Float.infinity, 0],
    ]
    let checked: [TensorValue] = try session.run([fed, constant], feeding: feeds, check: .finite)
    #expect(try checked[0].scalars(as: Float.self)[1] == 0)
    // From infinities alone a NaN can still be made.
    let product = mask * 0
    let error = try failure(session, [product], feeds)
    #expect(error.kind == .nan && error.op == "Mul", "\(error)")
    #expect(error.inputs.contains { $0.numbers.infinityCount == 1 })
  }
}
