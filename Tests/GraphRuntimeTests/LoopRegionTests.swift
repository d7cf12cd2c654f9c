import Dataflow
import Testing

/// Loops whose rounds run inside of a plan, beside the same loops round by round.
@Suite struct LoopRegionTests {
  typealias Body = @Sendable (Graph, [Tensor]) -> [Tensor]

  struct Case: Sendable, CustomStringConvertible {
    let description: String
    let start: [[Float]]
    let goesOn: @Sendable (Graph, [Tensor]) -> Tensor
    let body: Body

    init(
      _ name: String, _ start: [[Float]], while goesOn: @escaping @Sendable ([Tensor]) -> Tensor,
      _ body: @escaping Body
    ) {
      (description, self.start, self.body) = (name, start, body)
      self.goesOn = { goesOn($1) }
    }
  }

  private static func below(_ limit: Double) -> @Sendable ([Tensor]) -> Tensor {
    { reduceSum($0[0]) .< limit }
  }

  static let cases = [
    Case("counting", [[0]], while: below(5)) { [$1[0] + 1] },
    Case("noRounds", [[9], [1]], while: below(5)) { [$1[0] + 1, $1[1] * 2] },
    Case("swapped", [[0], [1, 2], [3, 4]], while: below(3)) { [$1[0] + 1, $1[2], $1[1]] },
    Case("turned", [[0], [1], [2], [3]], while: below(4)) {
      [$1[0] + 1, $1[2] + 1, $1[3], $1[1] * 2]
    },
    Case("sameTwice", [[0], [1], [2]], while: below(3)) {
      let next = $1[1] + $1[2]
      return [$1[0] + 1, next, next]
    },
    Case("olderValues", [[0], [1, 1], [0, 0]], while: below(6)) {
      [$1[0] + 1, $1[1] + $1[2], $1[1]]
    },
    Case("fixed", [[0], [1, 2, 3], [4, 5, 6]], while: below(3)) {
      [$1[0] + 1, $1[1] + tanh($1[2]) * exp($1[2]), $1[2]]
    },
    Case("constant", [[0], [1]], while: below(3)) { own, x in
      [x[0] + 1, own.constant([Float(7)])]
    },
    Case("summed", [[0], [1, 2, 3, 4]], while: below(3)) {
      [$1[0] + 1, $1[1] - reduceMean($1[1])]
    },
    Case("products", [[0], [1, 2, 3, 4]], while: below(3)) {
      let square = reshape($1[1], to: [2, 2])
      return [$1[0] + 1, reshape(matmul(square, square) / 4.0, to: [4])]
    },
    Case("nested", [[0], [1, 2]], while: below(3)) { own, x in
      let inner = own.whileLoop([x[0] * 0.0, x[1]], name: "inner") { _, y in
        reduceSum(y[0]) .< 2
      } body: { _, y in
        [y[0] + 1, y[1] * 1.5]
      }
      return [x[0] + 1, inner[1] + 1]
    },
    Case("nestedOfItsOwnLength", [[0], [1, 2]], while: below(4)) { own, x in
      let inner = own.whileLoop([x[0] * 0.0, x[1], x[0]], name: "inner") { _, y in
        reduceSum(y[0]) .< reduceSum(y[2])
      } body: { _, y in
        [y[0] + 1, y[1] * 1.5, y[2]]
      }
      return [x[0] + 1, inner[1] + 1]
    },
  ]

  private func build(_ form: Case) -> (graph: Graph, feeds: [Tensor], results: [Tensor]) {
    let graph = Graph()
    let feeds = form.start.enumerated().map {
      graph.placeholder(.float32, [.some($0.element.count)], name: "x\($0.offset)")
    }
    let results = graph.whileLoop(feeds, condition: form.goesOn, body: form.body)
    return (graph, feeds, results)
  }

  @Test(arguments: cases) func roundsInAPlanGiveTheSameBits(_ form: Case) throws {
    let (graph, inputs, results) = build(form)
    var feeds = Feeds()
    for (input, value) in zip(inputs, form.start) { feeds.feed(TensorValue(value), to: input) }
    let apart = try Session(graph, backend: .cpu, optimizes: false)
    let expected = try apart.run(results, feeding: feeds)
    for backend in [Session.BackendChoice.cpu, .llvm] {
      let session = try Session(graph, backend: backend)
      for _ in 0..<2 {
        let found = try session.run(results, feeding: feeds)
        for (a, b) in zip(found, expected) {
          let (x, y) = (try a.scalars(as: Float.self), try b.scalars(as: Float.self))
          #expect(zip(x, y).allSatisfy { abs($0 - $1) <= 2e-6 * abs($1) }, "\(x) for \(y)")
          #expect(x.count == y.count)
        }
      }
      #expect(session.plans.count == 1, "each round was planned by itself")
    }
    #expect(apart.plans.count > 1)
  }

  /// What is the same in every round is computed before the first.
  @Test func invariantsAreHoisted() throws {
    let form = try #require(Self.cases.first { $0.description == "fixed" })
    let (graph, inputs, results) = build(form)
    var feeds = Feeds()
    for (input, value) in zip(inputs, form.start) { feeds.feed(TensorValue(value), to: input) }
    let plan = try Session(graph).planned(fetching: results, feeding: feeds).plan
    let entry = try #require(plan.log.entries.first { $0.pass == "hoist-invariants" })
    #expect(entry.effect.contains("every round"))
    let loops = plan.blocks.compactMap { if case .loop(let loop) = $0 { loop } else { nil } }
    #expect(loops.count == 1 && loops[0].steps.lowerBound > 0)
  }

  /// Variables are read and written in each round, and keep their values afterwards.
  @Test(arguments: [true, false]) func variablesChangeInRounds(optimizes: Bool) throws {
    let graph = Graph()
    let total = graph.variable([Float(1), 2], name: "total")
    let count = graph.placeholder(.float32, [], name: "count")
    func function(_ name: String, _ body: (Graph, [Tensor], Tensor) -> [Tensor]) -> Function {
      Function.built(name, [.float32, .float32, .resource], in: graph) { own, x in
        body(own, x, x[2])
      }
    }
    let goesOn = function("go") { _, x, _ in [x[0] .< x[1]] }
    let round = function("round") { own, x, handle in
      let step = own.add(
        Ops.AssignAddVariableOp.self, [handle, own.constant([Float(10), 20])],
        ["dtype": .type(.float32)])
      return own.controlDependencies([step]) { [x[0] + 1, x[1], handle] }
    }
    func read() -> Tensor {
      total.handle.apply(Ops.ReadVariableOp.self, [], ["dtype": .type(.float32)])
    }
    let before = read()
    let loop = graph.add(
      Ops.While.self, [graph.constant(Float(0)), count, total.handle],
      ["cond": .function(goesOn.name, [:]), "body": .function(round.name, [:])])
    let session = try Session(graph, optimizes: optimizes)
    try session.run(graph.globalVariablesInitializer())
    for rounds in [3, 0, 2] {
      let result = try session.run(loop.output(0), feeding: [count: Float(rounds)])
      #expect(try result.scalar(as: Float.self) == Float(rounds))
    }
    #expect(try session.value(of: total).scalars(as: Float.self) == [51, 102])
    #expect(optimizes ? session.plans.count == 2 : session.plans.count > 2)
    // What was read before the loop is not what is read after it.
    let after = graph.controlDependencies([loop]) { read() }
    let values = try session.run(
      [before, after], targets: [loop], feeding: [count: Float(1)])
    #expect(try values[0].scalars(as: Float.self) == [51, 102])
    #expect(try values[1].scalars(as: Float.self) == [61, 122])
  }

  /// Every round draws numbers of its own, the same as round by round.
  @Test func roundsDrawTheirOwnNumbers() throws {
    let graph = Graph()
    let zero = graph.constant([Float(0)])
    let results = graph.whileLoop([zero, zero, zero]) { _, x in
      reduceSum(x[0]) .< 3
    } body: { own, x in
      [x[0] + 1, own.randomUniform([1], seed: 7), x[1] - x[2]]
    }
    let values = try [true, false].map { optimizes in
      let session = try Session(graph, optimizes: optimizes)
      return try (0..<2).flatMap { _ in
        try session.run(results).map { try $0.scalars(as: Float.self)[0] }
      }
    }
    #expect(values[0] == values[1])
    #expect(values[0][1] != values[0][4])
  }

  /// A division that no round makes fails no run.
  @Test func whatMayFailStaysInItsRound() throws {
    let graph = Graph()
    let limit = graph.placeholder(.int32, [], name: "limit")
    let divisor = graph.placeholder(.int32, [], name: "divisor")
    let results = graph.whileLoop([graph.constant(Int32(0)), limit, divisor, divisor]) { _, x in
      x[0] .< x[1]
    } body: { _, x in
      [x[0] + 1, x[1], x[2], floorDiv(x[1], x[2])]
    }
    let session = try Session(graph)
    func run(_ count: Int32) throws -> Int32 {
      try session.run(results[3], feeding: [limit: count, divisor: Int32(0)]).scalar(as: Int32.self)
    }
    #expect(try run(0) == 0)
    #expect(throws: SessionError.self) { try run(1) }
  }
}
