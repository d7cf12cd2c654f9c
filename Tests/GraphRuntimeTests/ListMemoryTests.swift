import Dataflow
import Testing

/// TensorFlow 2's lists as memory of a plan, beside the same round by round.
@Suite struct ListMemoryTests {
  private let graph = Graph()

  private func expectSame(_ fetches: [Tensor], _ feeds: Feeds, plans: Int = 1) throws -> [[Float]] {
    let apart = try Session(graph, backend: .cpu, optimizes: false)
    let expected = try apart.run(fetches, feeding: feeds).map { try $0.scalars(as: Float.self) }
    for backend in [Session.BackendChoice.cpu, .llvm] {
      let session = try Session(graph, backend: backend)
      for _ in 0..<2 {
        let found = try session.run(fetches, feeding: feeds)
        for (a, b) in zip(found, expected) {
          let a = try a.scalars(as: Float.self)
          #expect(a.count == b.count)
          #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 2e-6 * max(1, abs($1)) }, "\(a) \(b)")
        }
      }
      #expect(session.plans.count == plans)
    }
    return expected
  }

  private func list(_ op: any Op.Type, _ inputs: [Tensor], _ dtype: DType = .float32) -> Node {
    graph.add(op, inputs, ["element_dtype": .type(dtype)])
  }

  /// A loop that takes the rows of a tensor and keeps what it makes of them, and its gradient.
  @Test func roundsTakeAndKeepElements() throws {
    let x = graph.placeholder(.float32, [5, 2], name: "x")
    let kept = TensorListHandle(of: graph.constant(Int32(5)), .float32).tensor
    let results = graph.whileLoop(
      [graph.constant(Int32(0)), TensorListHandle(ofRows: x).tensor, graph.zeros([2]), kept]
    ) { _, v in
      v[0] .< TensorListHandle(v[1], .float32).count
    } body: { _, v in
      let item = TensorListHandle(v[1], .float32).item(at: v[0], shape: [2])
      let state = tanh(item + v[2])
      let all = TensorListHandle(v[3], .float32).setting(state, at: v[0])
      return [v[0] + 1, v[1], state, all.tensor]
    }
    let rows = TensorListHandle(results[3], .float32).stacked(sizes: graph.constant([2], .int32))
    let loss = reduceSum(square(rows)) + reduceSum(results[2])
    let dx = try #require(gradients(of: loss, withRespectTo: [x])[0])
    let values: [Float] = [0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9, 1]
    let feeds: Feeds = [x: try TensorValue(values, shape: [5, 2])]
    _ = try expectSame([rows, loss, dx], feeds)
    // The loop that records for the gradient does what the first would do.
    let plan = try Session(graph).planned(fetching: [rows, dx], feeding: feeds).plan
    let loops = plan.blocks.filter { if case .loop = $0 { true } else { false } }
    #expect(loops.count == 2)
  }

  /// What grows at its end in one loop and shrinks in another.
  @Test func whatIsPushedIsPopped() throws {
    let x = graph.placeholder(.float32, [3], name: "x")
    let n = graph.placeholder(.float32, [], name: "n")
    let pushed = graph.whileLoop(
      [graph.constant(Float(0)), x, TensorListHandle(emptyIn: graph, .float32).tensor, n]
    ) { _, v in
      v[0] .< v[3]
    } body: { _, v in
      let all = TensorListHandle(v[2], .float32).appending(v[1])
      return [v[0] + 1, v[1] * 2, all.tensor, v[3]]
    }
    let popped = graph.whileLoop([pushed[0], graph.zeros([3]), pushed[2]]) { _, v in
      v[0] .> 0
    } body: { _, v in
      let (rest, last) = TensorListHandle(v[2], .float32).popped(shape: [3])
      return [v[0] - 1, v[1] * 0.5 + last, rest.tensor]
    }
    for rounds in [Float(0), 1, 4] {
      _ = try expectSame([popped[1]], [x: [Float(1), 2, 3], n: rounds])
    }
  }

  /// An older list keeps its elements when a newer one has others.
  @Test func anOlderListIsNotChanged() throws {
    let x = graph.placeholder(.float32, [2, 2], name: "x")
    let rows = TensorListHandle(ofRows: x)
    let zero = graph.constant(Int32(0))
    let first = rows.setting(graph.constant([Float(7), 8]), at: zero)
    let second = first.setting(graph.constant([Float(5), 6]), at: zero)
    let items = [rows, first, second].map { $0.item(at: zero, shape: [2]) }
    let values = try expectSame(items, [x: try TensorValue([Float(1), 2, 3, 4], shape: [2, 2])])
    #expect(values == [[1, 2], [7, 8], [5, 6]])
  }

  /// A list that is needed as it was before a change that comes first is left to the session.
  @Test func whatCannotBeInOnePlaceIsLeftToTheSession() throws {
    let x = graph.placeholder(.float32, [2, 2], name: "x")
    let (zero, one) = (graph.constant(Int32(0)), graph.constant(Int32(1)))
    let start = TensorListHandle(ofRows: x).setting(graph.constant([Float(7), 8]), at: zero)
    let next = start.setting(graph.constant([Float(5), 6]), at: zero)
    // The place that is read of the older list follows from the newer.
    let index = cast(reduceSum(next.item(at: zero, shape: [2])) .> 100.0, .int32)
    let other = start.setting(next.item(at: one, shape: [2]), at: index)
    let all = [next, other].map { $0.stacked(sizes: graph.constant([2], .int32)) }
    let values: [Float] = [1, 2, 3, 4]
    let session = try Session(graph)
    let found = try session.run(all, feeding: [x: try TensorValue(values, shape: [2, 2])])
    #expect(try found[0].scalars(as: Float.self) == [5, 6, 3, 4])
    #expect(try found[1].scalars(as: Float.self) == [3, 4, 3, 4])
    #expect(session.plans.count > 1)
  }

  /// A side of a conditional takes a list as it was, though its newer form has been made by then.
  @Test(arguments: [Float(1), -1]) func sidesTakeListsAsTheyWere(sign: Float) throws {
    let x = graph.placeholder(.float32, [100, 2], name: "x")
    let zero = graph.constant(Int32(0))
    let first = TensorListHandle(ofRows: x).setting(graph.constant([Float(7), 8]), at: zero)
    let second = first.setting(graph.constant([Float(5), 6]), at: zero)
    let newer = second.item(at: zero, shape: [2])
    let older = graph.cond(
      reduceSum(x) .> reduceSum(newer) - 11.0,
      then: { [first.item(at: zero, shape: [2])] }, else: { [newer * 2.0] })[0]
    let values = try TensorValue([Float](repeating: sign, count: 200), shape: [100, 2])
    for optimizes in [true, false] {
      let session = try Session(graph, optimizes: optimizes)
      let found = try session.run([older, newer], feeding: [x: values])
      #expect(try found[0].scalars(as: Float.self) == (sign > 0 ? [7, 8] : [10, 12]))
      #expect(try found[1].scalars(as: Float.self) == [5, 6])
    }
  }

  @Test(arguments: [true, false]) func placesBeyondTheListAreErrors(optimizes: Bool) throws {
    let x = graph.placeholder(.float32, [2, 2], name: "x")
    let index = graph.placeholder(.int32, [1], name: "index")
    let place = reduceSum(index)
    let list = TensorListHandle(ofRows: x).setting(graph.constant([Float(7), 8]), at: place)
    let item = list.item(at: place, shape: [2])
    let session = try Session(graph, optimizes: optimizes)
    let values = try TensorValue([Float(1), 2, 3, 4], shape: [2, 2])
    let found = try session.run(item, feeding: [x: values, index: [Int32(1)]])
    #expect(try found.scalars(as: Float.self) == [7, 8])
    #expect(throws: (any Error).self) {
      try session.run(item, feeding: [x: values, index: [Int32(2)]])
    }
  }

  /// Elements that nobody set are zeros, whole lists of them too.
  @Test func unsetElementsAreZeros() throws {
    let x = graph.placeholder(.float32, [2], name: "x")
    let sizes = graph.constant([2], .int32)
    let list = TensorListHandle(of: graph.constant(Int32(3)), .float32)
      .setting(x, at: graph.constant(Int32(1)))
    let values = try expectSame([list.stacked(sizes: sizes)], [x: [Float(4), 5]])
    #expect(values == [[0, 0, 4, 5, 0, 0]])
  }
}
