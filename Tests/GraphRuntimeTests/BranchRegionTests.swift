import Dataflow
import Testing

/// Conditionals that a plan decides while it runs, beside the same decided between two segments.
@Suite struct BranchRegionTests {
  private let graph = Graph()

  /// Runs fetches in a plan with branches and without, for each value of `x`.
  private func expectSame(
    _ fetches: [Tensor], _ x: Tensor, _ values: [[Float]], plans: Int = 1
  ) throws {
    let apart = try Session(graph, backend: .cpu, optimizes: false)
    let sessions = try [Session.BackendChoice.cpu, .llvm].map { try Session(graph, backend: $0) }
    for value in values + values {
      let expected = try apart.run(fetches, feeding: [x: value])
      for session in sessions {
        for (a, b) in zip(try session.run(fetches, feeding: [x: value]), expected) {
          let (a, b) = (try a.scalars(as: Float.self), try b.scalars(as: Float.self))
          #expect(
            a.count == b.count
              && zip(a, b).allSatisfy { $0.isNaN && $1.isNaN || abs($0 - $1) <= 1e-6 * abs($1) },
            "\(a), expected \(b), for \(value)")
        }
      }
    }
    for session in sessions { #expect(session.plans.count == plans) }
  }

  private var x: Tensor { graph.placeholder(.float32, [2], name: "x") }
  private let sides: [[Float]] = [[1, 2], [-3, 1], [0, 0], [.nan, 1]]

  @Test func onePlanHoldsBothSides() throws {
    let x = x
    let y = graph.cond(
      reduceSum(x) .> 0, then: { [square(x), x + 1] }, else: { [x * 5, x] })
    try expectSame(y + [y[0] + y[1]], x, sides)
  }

  @Test func theTakenSideHasGradients() throws {
    let x = x
    let y = graph.cond(reduceSum(x) .> 0, then: { [exp(x)] }, else: { [x * x] })[0]
    let dx = try #require(gradients(of: reduceSum(y), withRespectTo: [x])[0])
    try expectSame([y, dx], x, sides)
  }

  /// One conditional in another, and one after another on the same predicate.
  @Test func conditionalsNestAndFollow() throws {
    let x = x
    let isPositive = reduceSum(x) .> 0
    let first = graph.cond(
      isPositive,
      then: {
        [graph.cond(reduceMax(x) .> 1.5, then: { [x * 2] }, else: { [x * 3] })[0]]
      },
      else: { [x - 1] })[0]
    let second = graph.cond(isPositive, then: { [first + 1] }, else: { [first * first] })[0]
    try expectSame([first, second], x, sides + [[1, 0]])
  }

  /// A side that is one constant or only passes something on.
  @Test func sidesMayComputeNothing() throws {
    let x = x
    let predicate = reduceSum(x) .> 0
    let y = graph.cond(
      predicate, then: { [graph.constant([Float(7), 8]), x] },
      else: { [x, graph.constant([Float(1), 2])] })
    let same = graph.cond(
      predicate, then: { [graph.constant(Float(4))] }, else: { [graph.constant(Float(4))] })[0]
    try expectSame(y + [same], x, sides)
  }

  /// What the other side would fail at fails no run.
  @Test func onlyTheTakenSideFails() throws {
    let n = graph.placeholder(.int32, [], name: "n")
    let y = graph.cond(
      (n * 2) .> 0, then: { [floorDiv(graph.constant(Int32(100)), n)] },
      else: { [n] })[0]
    let session = try Session(graph)
    for value in [Int32(5), 0] {
      let found = try session.run(y, feeding: [n: value]).scalar(as: Int32.self)
      #expect(found == (value == 0 ? 0 : 20))
    }
  }

  /// Rounds of a loop decide anew.
  @Test func roundsDecide() throws {
    let x = x
    let results = graph.whileLoop([graph.constant(Float(0)), x]) { _, v in
      v[0] .< 6
    } body: { own, v in
      let isEven = (v[0] - floor(v[0] / 2.0) * 2.0) .< 0.5
      let next = own.cond(isEven, then: { [v[1] * 3] }, else: { [v[1] - 1] })[0]
      return [v[0] + 1, next]
    }
    let dx = try #require(gradients(of: reduceSum(results[1]), withRespectTo: [x])[0])
    let session = try Session(graph)
    let values = try session.run([results[1], dx], feeding: [x: [Float(1), 2]])
    #expect(try values[0].scalars(as: Float.self) == [14, 41])
    #expect(try values[1].scalars(as: Float.self) == [27, 27])
    #expect(session.plans.count == 1)
    let apart = try Session(graph, backend: .cpu, optimizes: false)
    #expect(try apart.run([results[1], dx], feeding: [x: [Float(1), 2]]) == values)
  }

  /// A loop in a side runs only if that is taken, and a variable changes in it.
  @Test(arguments: [Float(3), -3]) func sidesHoldLoopsAndEffects(_ start: Float) throws {
    let v = graph.variable([Float(0), 0], name: "v")
    let x = x
    let y = graph.cond(
      reduceSum(x) .> 0,
      then: {
        let last = graph.whileLoop([graph.constant(Float(0)), x]) { _, z in
          z[0] .< 3
        } body: { _, z in
          [z[0] + 1, z[1] * 2]
        }
        let step = v.assign(last[1])
        return [graph.controlDependencies([step]) { last[1] + 1 }]
      }, else: { [x] })[0]
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    for _ in 0..<2 {
      let found = try session.run(y, feeding: [x: [start, start]]).scalars(as: Float.self)
      #expect(found == (start > 0 ? [25, 25] : [start, start]))
    }
    #expect(try session.value(of: v).scalars(as: Float.self) == (start > 0 ? [24, 24] : [0, 0]))
    #expect(session.plans.count == 2)
  }

  /// What comes before a node of a side has come before it, though a result of the side comes first.
  @Test(arguments: [Float(1), -1]) func effectsBeforeASideComeBeforeIt(sign: Float) throws {
    let x = graph.placeholder(.float32, [100], name: "x")
    let v = graph.variable([Float(1)], name: "v")
    let predicate = reduceSum(x) .> 0
    let (no, yes) = switched(predicate, if: predicate)
    let (pivotNo, pivotYes) = (identity(no), identity(yes))
    func part(_ value: Float, _ pivot: Tensor) -> Tensor {
      graph.controlDependencies([pivot]) { graph.constant([value]) }
    }
    let first = merge([part(2, pivotNo), part(3, pivotYes)]).output
    let step = v.assign(graph.constant([Float(10)]))
    let read = graph.controlDependencies([pivotYes, step]) {
      v.handle.apply(Ops.ReadVariableOp.self, [], ["dtype": .type(.float32)])
    }
    let second = merge([part(4, pivotNo), read * 2.0]).output
    for optimizes in [true, false] {
      let session = try Session(graph, optimizes: optimizes)
      try session.run(graph.globalVariablesInitializer())
      let values = [Float](repeating: sign, count: 100)
      let found = try session.run([first, second], feeding: [x: values])
      #expect(try found[0].scalars(as: Float.self) == (sign > 0 ? [3] : [2]))
      #expect(try found[1].scalars(as: Float.self) == (sign > 0 ? [20] : [4]))
    }
  }

  /// Draws of the side that is not taken leave its stream where it is.
  @Test func onlyTheTakenSideDraws() throws {
    let x = x
    let y = graph.cond(
      reduceSum(x) .> 0, then: { [graph.randomUniform([2], seed: 3)] },
      else: { [graph.randomUniform([2], seed: 4)] })[0]
    let runs: [[Float]] = [[1, 1], [-1, 1], [-1, 0], [2, 2], [1, 0]]
    let values = try [true, false].map { optimizes in
      let session = try Session(graph, optimizes: optimizes)
      return try runs.map { try session.run(y, feeding: [x: $0]).scalars(as: Float.self) }
    }
    #expect(values[0] == values[1])
    #expect(Set(values[0]).count == 5)
  }

  /// Sides of different shapes decide how the rest is planned.
  @Test func differentShapesEndASegment() throws {
    // Of more elements than values that are looked at before a run.
    let x = graph.placeholder(.float32, [100], name: "x")
    let y = graph.cond(
      reduceSum(x) .> 0, then: { [x] }, else: { [concat([x, x], axis: 0)] })[0]
    let session = try Session(graph)
    for sign in [Float(1), -1] {
      let value = [Float](repeating: sign, count: 100)
      let found = try session.run(y, feeding: [x: value]).scalars(as: Float.self)
      #expect(found == (sign > 0 ? value : value + value))
    }
    let planned = try session.planned(
      fetching: [y], feeding: [x: [Float](repeating: 1, count: 100)]
    ).plan
    let entry = planned.log.entries.first { $0.effect.contains("one side gives") }
    #expect(entry != nil, "why it is no branch is not said")
  }
}
