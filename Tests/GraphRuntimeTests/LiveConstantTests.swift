import Dataflow
import Foundation
import Testing

/// What depends on variables alone is computed once, and again only after one of them changed.
@Suite struct LiveConstantTests {
  /// A batch-normalised layer, whose folded weights are live, and a variable beside it.
  private struct Net {
    let graph = Graph()
    let x: Tensor
    let training: Tensor
    let y: Tensor
    let step: Node
    let other: Variable
    let otherStep: Node
    let kernel: Variable
    let reset: Node

    init() {
      x = graph.placeholder(.float32, [nil, 6], name: "x")
      training = graph.placeholder(default: false, name: "training")
      let dense = Layers.dense(x, units: 5, name: "a")
      y = elu(Layers.batchNormalization(dense, momentum: 0.9, training: training))
      let loss = reduceMean(square(y - 1))
      kernel = graph.variables().first { $0.name.hasSuffix("kernel") }!
      let train = GradientDescentOptimizer(learningRate: 0.1).minimize(loss)
      step = graph.group([train] + graph.collection(.updateOps))
      other = graph.variable([1.0, 2], name: "other")
      otherStep = other.assignAdd(graph.constant([1.0, 1]))
      reset = kernel.assign(kernel.value * 0.5)
    }

    func value(_ batch: Int, _ seed: Int = 1) throws -> TensorValue {
      try TensorValue(
        (0..<(batch * 6)).map { Float(($0 * 37 + seed * 11) % 23) / 23 }, shape: [batch, 6])
    }

    func session(contracts: Set<Contract> = [.exact, .rescaling]) throws -> Session {
      let session = try Session(graph, contracts: contracts)
      try session.run(graph.globalVariablesInitializer())
      return session
    }

    func evaluate(_ session: Session, batch: Int = 4) throws -> TensorValue {
      try session.run(y, feeding: [x: value(batch)])
    }
  }

  @Test func areComputedAgainOnlyAfterAChange() throws {
    let net = Net()
    let session = try net.session()
    let before = session.liveRefreshCount
    var count: Int { session.liveRefreshCount - before }
    let plan = try session.plan(fetching: [net.y], feeding: [net.x: net.value(4)])
    #expect(plan.steps.contains { $0.isLive })
    for _ in 0..<3 { _ = try net.evaluate(session) }
    #expect(count == 1)
    _ = try net.evaluate(session, batch: 9)
    #expect(count == 1, "another batch size shares them")
    let feeds: Feeds = [net.x: try net.value(8), net.training: true]
    try session.run(net.step, feeding: feeds)
    _ = try net.evaluate(session)
    _ = try net.evaluate(session, batch: 9)
    #expect(count == 2)
    try session.run(net.otherStep)
    _ = try session.run(net.other)
    let (_, pair) = try session.run((net.y, net.other.value), feeding: [net.x: net.value(4)])
    #expect(try pair.scalars(as: Float.self) == [2, 3])
    #expect(count == 2, "a variable that they do not depend on")
    try session.run(net.reset)
    _ = try net.evaluate(session)
    #expect(count == 3)
    try session.set(net.kernel, to: session.value(of: net.kernel))
    _ = try net.evaluate(session)
    #expect(count == 4)
    let folder = FileManager.default.temporaryDirectory.appending(path: "live-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let saver = Saver(net.graph)
    try saver.save(session, to: folder.path + "/m")
    try saver.restore(session, from: folder.path + "/m")
    _ = try net.evaluate(session)
    #expect(count == 5)
    // Another session on the graph has its own.
    let second = try Session(net.graph)
    try saver.restore(second, from: folder.path + "/m")
    let (value, other) = (try net.evaluate(session), try net.evaluate(second))
    #expect(value == other)
    #expect(second.liveRefreshCount == 1 && count == 5)
  }

  @Test func trainingAndEvaluationMayInterleave() throws {
    let net = Net()
    let session = try net.session()
    let exact = try Session(net.graph, contracts: [.exact])
    let variables = net.graph.variables()
    for variable in variables { try exact.set(variable, to: session.value(of: variable)) }
    for round in 0..<6 {
      let feeds: Feeds = [net.x: try net.value(8, round), net.training: true]
      for session in [session, exact] { try session.run(net.step, feeding: feeds) }
      let found = try net.evaluate(session, batch: 3 + round % 2)
      // A session that has nothing kept computes the same bits from the same variables.
      let fresh = try Session(net.graph)
      for variable in variables { try fresh.set(variable, to: session.value(of: variable)) }
      #expect(try net.evaluate(fresh, batch: 3 + round % 2) == found)
      let kept = try net.evaluate(exact, batch: 3 + round % 2).scalars(as: Float.self)
      for (a, b) in zip(try found.scalars(as: Float.self), kept) { #expect(abs(a - b) < 1e-4) }
    }
  }

  @Test func aRunThatWritesAVariableComputesWithIt() throws {
    let graph = Graph()
    let w = graph.variable([[1.0, 2], [3, 4]], name: "w")
    let s = graph.variable([2.0, 3], name: "s")
    let x = graph.placeholder(.float32, [1, 2], name: "x")
    let y = matmul(x, w.value * s.value)
    let write = s.assign(graph.constant([10.0, 10]))
    let after = graph.controlDependencies([write]) { matmul(x, w.value * s.read()) }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let feeds: Feeds = [x: [[1.0, 1]]]
    #expect(try session.run(y, feeding: feeds).scalars(as: Float.self) == [8, 18])
    #expect(try session.run(after, feeding: feeds).scalars(as: Float.self) == [40, 60])
    #expect(try session.run(y, feeding: feeds).scalars(as: Float.self) == [40, 60])
  }

  @Test func aFailedRunLeavesNothingStale() throws {
    let graph = Graph()
    let w = graph.variable([[1.0, 2], [3, 4]], name: "w")
    let s = graph.variable([2.0, 3], name: "s")
    let x = graph.placeholder(.float32, [1, 2], name: "x")
    let i = graph.placeholder(.int32, [1], name: "i")
    let y = matmul(x, w.value * s.value)
    let write = s.assign(graph.constant([10.0, 10]))
    let bad = graph.controlDependencies([write]) { gather(graph.constant([1.0, 2]), i) }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let feeds: Feeds = [x: [[1.0, 1]]]
    #expect(try session.run(y, feeding: feeds).scalars(as: Float.self) == [8, 18])
    #expect(throws: SessionError.self) {
      _ = try session.run(bad, feeding: [i: [Int32(7)]])
    }
    let now = try session.value(of: s).scalars(as: Float.self)
    let expected = [4 * now[0], 6 * now[1]]
    #expect(try session.run(y, feeding: feeds).scalars(as: Float.self) == expected)
  }

  @Test func memoryIsBounded() throws {
    let net = Net()
    let session = try net.session()
    let value = try net.evaluate(session)
    let count = session.liveRefreshCount
    session.liveConstantLimit = 0
    #expect(try net.evaluate(session) == value)
    #expect(session.liveRefreshCount == count + 1)
    session.liveConstantLimit = 1 << 20
    for _ in 0..<3 { #expect(try net.evaluate(session) == value) }
    #expect(session.liveRefreshCount <= count + 2)
  }

  @Test func concurrentRunsAgree() async throws {
    let net = Net()
    let session = try net.session()
    let expected = try net.evaluate(session)
    try session.set(net.kernel, to: session.value(of: net.kernel))
    let count = session.liveRefreshCount
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      for task in 0..<8 {
        tasks.addTask {
          for _ in 0..<20 where try net.evaluate(session) != expected { return false }
          _ = try net.evaluate(session, batch: 5 + task % 2)
          return true
        }
      }
      for try await isEqual in tasks { #expect(isEqual) }
    }
    #expect(session.liveRefreshCount == count + 1)
  }
}
