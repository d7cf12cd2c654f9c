import Dataflow
import Testing

/// What depends on constants alone is computed once, and whole.
@Suite struct FoldingTests {
  /// One part of a split is taken by what runs, the other by constants alone.
  @Test(arguments: [Session.BackendChoice.cpu, .llvm])
  func everyOutputThatIsTakenHasItsValue(_ backend: Session.BackendChoice) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4], name: "x")
    let parts = split(graph.constant([[1, 2, 3, 4], [0, 0.5, -0.5, 1]], .float32), into: 2)
    let first = reshape(parts[0], to: [4])
    let y = x + first + tanh(reshape(parts[1], to: [4]))
    let session = try Session(graph, backend: backend)
    let values: [TensorValue] = try session.run(
      [y, parts[0]], feeding: [x: TensorValue([Float(1), 1, 1, 1])])
    let found = try values[0].scalars(as: Float.self)
    for (a, b) in zip(found, [2, 3.46211716, 3.53788284, 5.76159416] as [Float]) {
      #expect(abs(a - b) < 1e-6)
    }
    #expect(try values[1].scalars(as: Float.self) == [1, 2, 3, 4])
  }

  /// Where sizes are open, a view's bounds may be computed of constants.
  @Test func viewsOfComputedBoundsFoldOnceTheseAreKnown() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let one = graph.constant([1], .int32)
    let axis = (one + one) - one
    let begin = graph.constant([2], .int32) - graph.constant([1], .int32)
    let table = reverse(graph.constant([[1, 2, 3, 4]], .float32), axes: [1])
      .apply(Ops.ReverseV2.self, [axis])
    let sliced = slice(graph.constant([5, 6, 7], .float32), begin: begin, size: one)
    let y = identity(x * table + sliced, name: "y")
    let session = try Session(graph)
    let value = TensorValue([Float(1), 1, 1, 1])
    let fed = try value.reshaped(to: [1, 4])
    let want = try session.run(y, feeding: [x: fed])
    #expect(try want.scalars(as: Float.self) == [7, 8, 9, 10])
    let optimized = try OptimizedGraph(of: session, fetching: [y])
    // x, its product, its sum and their constants.
    #expect(optimized.nodeCount <= 5, "\(optimized.nodeCount)")
  }

  /// What makes code of a kernel takes the square of its length, so that no kernel is as long as a chain.
  @Test func longChainsAreCutIntoKernels() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [], name: "x")
    var y = x
    for _ in 0..<1500 { y = tanh(exp(-y)) }
    let session = try Session(graph, backend: .cpu)
    let value = try session.run(y, feeding: [x: TensorValue(Float(1))])
    #expect(abs(try value.scalar(as: Float.self) - 0.5292216) < 1e-4)
    let steps = try #require(session.plans.first).steps
    #expect(steps.count >= 10, "\(steps.count)")
    for step in steps {
      guard case .staged(let kernel) = step.kernel else { continue }
      let functions = kernel.stages.reduce(0) { $0 + $1.loop.body.instructions.count }
      #expect(functions < 4096, "\(functions)")
    }
  }
}
