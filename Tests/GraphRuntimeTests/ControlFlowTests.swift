import Dataflow
import Testing

/// Conditionals and loops whose course is known from a feed, and whose course is computed.
@Suite struct ControlFlowTests {
  /// A predicate that is fed, and one that only running gives.
  enum Predicate: CaseIterable { case fed, computed, fromVariable }

  private struct Model {
    let graph = Graph()
    let x: Tensor
    let predicate: Tensor
    var feeds: Feeds

    init(_ kind: Predicate, _ value: Bool) {
      x = graph.placeholder(.float32, [2], name: "x")
      feeds = [x: [Float(1), 3]]
      switch kind {
      case .fed:
        predicate = graph.placeholder(.bool, [], name: "p")
        feeds.feed(value, to: predicate)
      case .computed:
        let sum = reduceSum(x)
        predicate = value ? sum .> 3 : sum .> 5
      case .fromVariable:
        let v = graph.variable(Float(value ? 1 : -1), name: "v")
        predicate = v.value .> 0
      }
    }

    func session() throws -> Session {
      let session = try Session(graph)
      try session.run(graph.globalVariablesInitializer())
      return session
    }
  }

  @Test(arguments: Predicate.allCases, [true, false])
  func conditionalsTakeOneBranch(_ kind: Predicate, _ value: Bool) throws {
    let model = Model(kind, value)
    let y = model.graph.cond(
      model.predicate, then: { [square(model.x)] }, else: { [model.x * 5] })[0]
    let dx = try #require(gradients(of: reduceSum(y), withRespectTo: [model.x])[0])
    let (found, gradient) = try model.session().run((y, dx), feeding: model.feeds)
    #expect(try found.scalars(as: Float.self) == (value ? [1, 9] : [5, 15]))
    #expect(try gradient.scalars(as: Float.self) == (value ? [2, 6] : [5, 5]))
  }

  @Test(arguments: Predicate.allCases, [true, false])
  func onlyTheTakenBranchHasEffects(_ kind: Predicate, _ value: Bool) throws {
    let model = Model(kind, value)
    let (yes, no) = (
      model.graph.variable(Float(0), name: "yes"), model.graph.variable(Float(0), name: "no")
    )
    let done = model.graph.cond(
      model.predicate,
      then: {
        let step = yes.assignAdd(Float(1))
        return [model.graph.controlDependencies([step]) { model.graph.constant(Float(1)) }]
      },
      else: {
        let step = no.assignAdd(Float(1))
        return [model.graph.controlDependencies([step]) { model.graph.constant(Float(2)) }]
      })[0]
    let session = try model.session()
    for _ in 0..<3 {
      #expect(
        try session.run(done, feeding: model.feeds).scalar(as: Float.self) == (value ? 1 : 2))
    }
    #expect(try session.value(of: yes).scalar(as: Float.self) == (value ? 3 : 0))
    #expect(try session.value(of: no).scalar(as: Float.self) == (value ? 0 : 3))
  }

  @Test func decidedPredicatesLeaveNoTrace() throws {
    let model = Model(.fed, true)
    let y = model.graph.cond(
      model.predicate, then: { [square(model.x)] }, else: { [exp(model.x)] })[0]
    let session = try model.session()
    let plan = try session.planned(fetching: [y], feeding: model.feeds).plan
    #expect(plan.steps.count == 1)
    #expect(!plan.steps.flatMap(\.nodes).contains { $0.contains("Switch") || $0.contains("Exp") })
  }

  @Test func shapesFollowFromData() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let places = graph.add(Ops.Where.self, [x .> 0]).output(0)
    let rows = gather(x, reshape(places, to: [-1]))
    let total = reduceSum(square(rows))
    let dx = try #require(gradients(of: total, withRespectTo: [x])[0])
    let session = try Session(graph)
    let values = try session.run((rows, total, dx), feeding: [x: [Float(-1), 2, -3, 4]])
    #expect(try values.0.scalars(as: Float.self) == [2, 4])
    #expect(try values.1.scalar(as: Float.self) == 20)
    #expect(try values.2.scalars(as: Float.self) == [0, 4, 0, 8])
    let none = try session.run(rows, feeding: [x: [Float(-1)]])
    #expect(none.shape == [0])
  }

  @Test func anIndexOutOfRangeIsAnError() throws {
    let graph = Graph()
    let i = graph.placeholder(.int32, [1], name: "i")
    let y = gather(graph.constant([1.0, 2]), i, name: "picked")
    let session = try Session(graph)
    #expect(try session.run(y, feeding: [i: [Int32(1)]]).scalars(as: Float.self) == [2])
    let error = #expect(throws: SessionError.self) {
      _ = try session.run(y, feeding: [i: [Int32(2)]])
    }
    #expect("\(error!)".contains("picked") && "\(error!)".contains("out of range"))
  }

  /// A path that is left out would make the sum of the others a wrong number.
  @Test func aGradientThatCannotBeBuiltIsAMistake() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2, 2], name: "x")
    let indices = graph.placeholder(.int32, .unknown, name: "indices")
    let picked = x.apply(
      Ops.GatherV2.self, [indices, graph.constant(1)], name: "picked", ["batch_dims": .int(-1)])
    let y = reduceSum(square(x)) + reduceSum(picked)
    _ = gradients(of: y, withRespectTo: [x])
    let error = #expect(throws: GraphErrors.self) { try Session(graph) }
    #expect("\(error!)".contains("its gradient cannot be built: batch_dims is -1 and the rank"))
  }

  /// A list that holds another twice, which holds one twice, and so on.
  private func doubling(_ graph: Graph, _ depth: Int) -> Tensor {
    let lists: [String: Attribute] = ["element_dtype": .type(.variant)]
    let size = graph.constant(-1, .int32)
    let empty = size.apply(
      Ops.EmptyTensorList.self, [size], lists.merging(["shape_type": .type(.int32)]) { $1 })
    return (0..<depth).reduce(empty) { list, _ in
      (0..<2).reduce(empty) { both, _ in both.apply(Ops.TensorListPushBack.self, [list], lists) }
    }
  }

  @Test func zerosLikeListsOfListsAreListsOfLists() throws {
    let graph = Graph()
    var list = zerosLike(doubling(graph, 3))
    for depth in 0..<3 {
      let count = list.apply(Ops.TensorListLength.self)
      #expect(try Session(graph).run([count])[0].scalar(as: Int32.self) == 2, "at \(depth)")
      list = graph.add(
        Ops.TensorListPopBack.self, [list, graph.constant(-1, .int32)],
        ["element_dtype": .type(.variant)]
      ).output(1)
    }
  }

  @Test func listsWhoseEndCannotBeReachedAreAMistake() throws {
    let graph = Graph()
    let count = zerosLike(doubling(graph, 70)).apply(Ops.TensorListLength.self)
    let error = #expect(throws: (any Error).self) { try Session(graph).run([count]) }
    #expect("\(error!)".contains("lists are nested too deeply"))
  }
}
