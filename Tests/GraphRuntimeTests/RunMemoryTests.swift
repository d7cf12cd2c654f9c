import Dataflow
import Testing

/// TensorFlow 1's arrays and stacks as memory of a plan, beside the same round by round.
@Suite struct RunMemoryTests {
  private let graph = Graph()

  /// A loop of `count` rounds on a handle, a flow and a vector.
  private func loop(
    _ count: Tensor, _ handle: Tensor, _ flow: Tensor, _ x: Tensor,
    _ body: (Graph, _ round: Tensor, _ handle: Tensor, _ flow: Tensor, _ x: Tensor) -> (
      flow: Tensor, x: Tensor
    )
  ) -> Node {
    let types: [DType] = [.int32, .int32, .resource, .float32, .float32]
    let goesOn = Function.built("go", types, in: graph) { _, v in [v[0] .< v[1]] }
    let round = Function.built("round", types, in: graph) { own, v in
      let next = body(own, v[0], v[2], v[3], v[4])
      return [v[0] + 1, v[1], v[2], next.flow, next.x]
    }
    return graph.add(
      Ops.While.self, [graph.constant(Int32(0)), count, handle, flow, x],
      ["cond": .function(goesOn.name, [:]), "body": .function(round.name, [:])])
  }

  private func array(_ count: Int) -> Node {
    graph.add(
      Ops.TensorArrayV3.self, [graph.constant(Int32(count))], ["dtype": .type(.float32)])
  }

  private func expectSame(
    _ fetches: [Tensor], targets: [any GraphElement] = [], _ feeds: Feeds, plans: Int = 1
  ) throws -> [[Float]] {
    let apart = try Session(graph, backend: .cpu, optimizes: false)
    let expected = try apart.run(fetches, targets: targets, feeding: feeds)
    for backend in [Session.BackendChoice.cpu, .llvm] {
      let session = try Session(graph, backend: backend)
      for _ in 0..<2 {
        #expect(try session.run(fetches, targets: targets, feeding: feeds) == expected)
      }
      #expect(session.plans.count == plans)
    }
    return try expected.map { try $0.scalars(as: Float.self) }
  }

  /// What rounds write is there afterwards, whole and element by element.
  @Test func arraysAreWrittenInRoundsAndReadAfterwards() throws {
    let x = graph.placeholder(.float32, [2], name: "x")
    let array = array(4)
    let rounds = loop(graph.constant(Int32(4)), array.output(0), array.output(1), x) {
      own, round, handle, flow, x in
      let next = own.add(Ops.TensorArrayWriteV3.self, [handle, round, x, flow]).output(0)
      return (next, x * 2)
    }
    func read(_ op: any Op.Type, _ indices: Tensor) -> Tensor {
      graph.add(
        op, [array.output(0), indices, rounds.output(3)], ["dtype": .type(.float32)]
      ).output(0)
    }
    let all = read(Ops.TensorArrayGatherV3.self, graph.constant([0, 1, 2, 3], .int32))
    let some = read(Ops.TensorArrayGatherV3.self, graph.constant([3, 1], .int32))
    let one = read(Ops.TensorArrayReadV3.self, graph.constant(Int32(2)))
    let values = try expectSame([all, some, one], [x: [Float(1), 3]])
    #expect(values == [[1, 3, 2, 6, 4, 12, 8, 24], [8, 24, 2, 6], [4, 12]])
  }

  /// What nobody has written is no value, unless the shape of the elements is stated.
  @Test(arguments: [true, false]) func unwrittenElementsAreErrors(isStated: Bool) throws {
    let x = graph.placeholder(.float32, [2], name: "x")
    let count = graph.placeholder(.int32, [], name: "count")
    var attributes: [String: Attribute] = ["dtype": .type(.float32)]
    if isStated { attributes["element_shape"] = .shape([2]) }
    let array = graph.add(
      Ops.TensorArrayV3.self, [graph.constant(Int32(3))], attributes)
    let rounds = loop(count, array.output(0), array.output(1), x) {
      own, round, handle, flow, x in
      (own.add(Ops.TensorArrayWriteV3.self, [handle, round, x, flow]).output(0), x)
    }
    func gathered(_ indices: [Int]) -> Tensor {
      graph.add(
        Ops.TensorArrayGatherV3.self,
        [array.output(0), graph.constant(indices, .int32), rounds.output(3)],
        ["dtype": .type(.float32)]
      ).output(0)
    }
    let (some, all) = (gathered([0, 1]), gathered([0, 1, 2]))
    let session = try Session(graph)
    let feeds: Feeds = [x: [Float(1), 3], count: Int32(2)]
    #expect(try session.run(some, feeding: feeds).scalars(as: Float.self) == [1, 3, 1, 3])
    if isStated {
      #expect(
        try session.run(all, feeding: feeds).scalars(as: Float.self) == [1, 3, 1, 3, 0, 0])
    } else {
      #expect(throws: SessionError.self) { try session.run(all, feeding: feeds) }
    }
    #expect(session.plans.count == 2)
  }

  /// A place that an array does not have is an error, and no other memory is touched.
  @Test(arguments: [true, false]) func placesBeyondTheArrayAreErrors(optimizes: Bool) throws {
    let x = graph.placeholder(.float32, [2], name: "x")
    let count = graph.placeholder(.int32, [], name: "count")
    let array = array(3)
    let rounds = loop(count, array.output(0), array.output(1), x) {
      own, round, handle, flow, x in
      (own.add(Ops.TensorArrayWriteV3.self, [handle, round, x, flow]).output(0), x)
    }
    let all = graph.add(
      Ops.TensorArrayGatherV3.self,
      [array.output(0), graph.constant([0, 1, 2], .int32), rounds.output(3)],
      ["dtype": .type(.float32)]
    ).output(0)
    let session = try Session(graph, optimizes: optimizes)
    let feeds: Feeds = [x: [Float(1), 3], count: Int32(3)]
    #expect(try session.run(all, feeding: feeds).scalars(as: Float.self) == [1, 3, 1, 3, 1, 3])
    if optimizes {
      #expect(throws: SessionError.self) {
        try session.run(all, feeding: [x: [Float(1), 3], count: Int32(4)])
      }
    }
  }

  /// The last that was pushed comes first, in however many rounds.
  @Test(arguments: [0, 1, 5, 3000]) func stacksGiveBackInReverse(count: Int) throws {
    let x = graph.placeholder(.float32, [2], name: "x")
    let rounds = graph.placeholder(.int32, [], name: "rounds")
    let stack = graph.add(
      Ops.StackV2.self, [graph.constant(Int32(-1))], ["elem_type": .type(.float32)]
    ).output(0)
    let zero = graph.constant(Float(0))
    let pushing = loop(rounds, stack, zero, x) { own, _, handle, flow, x in
      let pushed = own.add(Ops.StackPushV2.self, [handle, x], ["T": .type(.float32)]).output(0)
      return (flow, pushed + own.constant([Float(1), 2]))
    }
    let popping = graph.controlDependencies([pushing]) {
      loop(rounds, stack, zero, graph.constant([Float(0), 0])) { own, _, handle, flow, x in
        let popped = own.add(
          Ops.StackPopV2.self, [handle], ["elem_type": .type(.float32)]
        ).output(0)
        return (flow, x * 0.5 + popped)
      }
    }
    let values = try expectSame(
      [pushing.output(4), popping.output(4)], [x: [Float(0), 1], rounds: Int32(count)])
    #expect(values[0] == [Float(count), Float(2 * count + 1)])
  }

  /// A stack that nothing was pushed onto has nothing to give.
  @Test func anEmptyStackIsAnError() throws {
    let x = graph.placeholder(.float32, [2], name: "x")
    let rounds = graph.placeholder(.int32, [], name: "rounds")
    let stack = graph.add(
      Ops.StackV2.self, [graph.constant(Int32(-1))], ["elem_type": .type(.float32)]
    ).output(0)
    let pushed = graph.add(Ops.StackPushV2.self, [stack, x], ["T": .type(.float32)])
    let popping = graph.controlDependencies([pushed]) {
      loop(rounds, stack, graph.constant(Float(0)), x) { own, _, handle, flow, x in
        let popped = own.add(
          Ops.StackPopV2.self, [handle], ["elem_type": .type(.float32)]
        ).output(0)
        return (flow, x + popped)
      }
    }
    for optimizes in [true, false] {
      let session = try Session(graph, optimizes: optimizes)
      let once = try session.run(
        popping.output(4), feeding: [x: [Float(1), 2], rounds: Int32(1)])
      #expect(try once.scalars(as: Float.self) == [2, 4])
      #expect(throws: (any Error).self) {
        try session.run(popping.output(4), feeding: [x: [Float(1), 2], rounds: Int32(2)])
      }
    }
  }

  /// Memory is apart from variables and from the memory of loops, whatever these are called.
  @Test func namesMeetNoOthers() throws {
    let x = graph.placeholder(.float32, [2], name: "x")
    let array = graph.add(
      Ops.TensorArrayV3.self, [graph.constant(Int32(2))], name: "array",
      ["dtype": .type(.float32)])
    let variable = graph.add(
      Ops.VarHandleOp.self, name: "v",
      ["dtype": .type(.float32), "shape": .shape([2]), "shared_name": "array".attribute]
    ).output(0)
    let assigned = graph.add(
      Ops.AssignVariableOp.self, [variable, graph.constant([Float(5), 6])],
      ["dtype": .type(.float32)])
    let rounds = loop(graph.constant(Int32(2)), array.output(0), array.output(1), x) {
      own, round, handle, flow, x in
      let inner = own.add(
        Ops.TensorArrayV3.self, [own.constant(Int32(2))], name: "array", ["dtype": .type(.float32)])
      let kept = own.add(
        Ops.TensorArrayWriteV3.self, [inner.output(0), round, x * 100, inner.output(1)]
      ).output(0)
      let next = own.add(Ops.TensorArrayWriteV3.self, [handle, round, x, flow]).output(0)
      return (next + kept * 0, x * 2)
    }
    let all = graph.add(
      Ops.TensorArrayGatherV3.self,
      [array.output(0), graph.constant([0, 1], .int32), rounds.output(3)],
      ["dtype": .type(.float32)]
    ).output(0)
    let value = graph.controlDependencies([rounds]) {
      variable.apply(Ops.ReadVariableOp.self, [], ["dtype": .type(.float32)])
    }
    let session = try Session(graph)
    try session.run(assigned)
    let values = try session.run([all, value], feeding: [x: [Float(1), 3]])
    #expect(try values[0].scalars(as: Float.self) == [1, 3, 2, 6])
    #expect(try values[1].scalars(as: Float.self) == [5, 6])
  }

  /// Nobody else's graph holds memory of a run, which would be whatever was there before.
  @Test(arguments: [true, false]) func markedHandlesAreErrors(isMarked: Bool) throws {
    let handle = graph.add(
      Ops.VarHandleOp.self, name: "v",
      [
        "dtype": .type(.float32), "shape": .shape([1000]),
        "shared_name": (isMarked ? "v" : "run memory: v").attribute,
        "_run_memory": .bool(isMarked),
      ]
    ).output(0)
    let value = handle.apply(Ops.ReadVariableOp.self, [], ["dtype": .type(.float32)])
    let session = try Session(graph)
    let error = #expect(throws: CompilationError.self) { try session.run(value) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("memory of a run"))
  }
}
