import Dataflow
import Foundation
import Testing

/// From eight classes of digits to the two others, by files alone.
@Suite struct TransferTests {
  private struct Examples {
    let images: TensorValue
    let labels: TensorValue

    /// The digits of some classes, which are counted from 0; at most `limit` of them.
    init(_ split: DataSet.Split, classes: ClosedRange<Int64>, limit: Int = .max) throws {
      let labels = try split.labels.scalars(as: Int64.self)
      let pixels = try split.images.scalars(as: Float.self)
      let chosen = labels.indices.filter { classes.contains(labels[$0]) }.prefix(limit)
      images = try TensorValue(
        chosen.flatMap { pixels[($0 * 784)..<($0 * 784 + 784)] }, shape: [chosen.count, 784])
      self.labels = TensorValue(chosen.map { labels[$0] - classes.lowerBound })
    }
  }

  private static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "transfer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.appending(path: "model").path)
  }

  /// A batch-normalised net of two hidden layers, its loss, and its training op with momentum.
  private static func classifier(units: Int) -> Graph {
    let graph = Graph()
    graph.setRandomSeed(5)
    let x = graph.placeholder(.float32, [nil, 784], name: "X")
    let y = graph.placeholder(.int64, [nil], name: "y")
    let training = graph.placeholder(default: false, name: "training")
    let hidden1 = elu(
      Layers.batchNormalization(
        Layers.dense(x, units: 40, name: "hidden1"), momentum: 0.9, training: training),
      name: "hidden1/out")
    let hidden2 = elu(Layers.dense(hidden1, units: 30, name: "hidden2"), name: "hidden2/out")
    addHead(hidden2, y, units: units, MomentumOptimizer(learningRate: 0.05, momentum: 0.9))
    return graph
  }

  @discardableResult
  private static func addHead(
    _ hidden: Tensor, _ y: Tensor, units: Int, _ optimizer: any Optimizer,
    variables: [Variable]? = nil
  ) -> Node {
    let graph = hidden.graph
    let logits = Layers.dense(hidden, units: units, name: "outputs")
    let loss = graph.nameScope("loss") {
      reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits), name: "loss")
    }
    return graph.nameScope("train") { optimizer.minimize(loss, variables: variables) }
  }

  /// The loss before and after some steps with all examples.
  private static func run(
    _ session: Session, _ train: any GraphElement, _ examples: Examples,
    loss: String = "loss/loss:0",
    steps: Int
  ) throws -> (before: Float, after: Float) {
    let graph = session.graph
    let x = try #require(graph.tensor(named: "X:0"))
    let y = try #require(graph.tensor(named: "y:0"))
    let loss = try #require(graph.tensor(named: loss))
    let training = try #require(graph.tensor(named: "training:0"))
    let feeds: Feeds = [x: examples.images, y: examples.labels]
    let before = try session.run(loss, feeding: feeds).scalars(as: Float.self)[0]
    var fed = feeds
    fed.feed(true, to: training)
    for _ in 0..<steps { try session.run([train] + graph.collection(.updateOps), feeding: fed) }
    return (before, try session.run(loss, feeding: feeds).scalars(as: Float.self)[0])
  }

  @Test func aNetOfEightClassesLearnsTwoOthers() throws {
    let digits = try DataSet.mnist()
    try Self.withFolder { prefix in
      let eight = Self.classifier(units: 8)
      let session = try Session(eight)
      try session.run(eight.globalVariablesInitializer())
      let first = try Self.run(
        session, eight.collection(.trainOp)[0],
        Examples(digits.train, classes: 0...7, limit: 1000), steps: 60)
      #expect(first.before > 1.5 && first.after < 0.4)
      try Saver(eight).save(session, to: prefix)

      // From the files alone: what ends at the last hidden layer, with a head of two classes.
      let whole = try GraphFile.read(prefix + ".meta")
      let last = try #require(whole.tensor(named: "hidden2/out:0"))
      let y = try #require(whole.tensor(named: "y:0"))
      let graph = whole.copy(upTo: [last, y])
      #expect(graph.collection(.trainOp).isEmpty && graph.operation(named: "loss/loss") == nil)
      #expect(graph.collection(.updateOps).count == 2)
      #expect(graph.operation(named: "hidden1/kernel/Momentum") == nil)
      graph.freeze(scope: "hidden1")
      graph.freeze(scope: "hidden2")
      graph.freeze(scope: "batch_normalization")
      let hidden = try #require(graph.tensor(named: "hidden2/out:0"))
      let labels = try #require(graph.tensor(named: "y:0"))
      let frozen = Self.addHead(
        hidden, labels, units: 2, MomentumOptimizer(learningRate: 0.05, momentum: 0.9))
      #expect(
        graph.variables(in: .trainableVariables).map(\.name) == ["outputs/kernel", "outputs/bias"])

      let next = try Session(graph)
      try next.run(graph.globalVariablesInitializer())
      let report = try Saver(graph).restorePartially(next, from: prefix)
      #expect(
        report.otherShape.map(\.variable).sorted() == [
          "outputs/bias", "outputs/bias/Momentum", "outputs/kernel", "outputs/kernel/Momentum",
        ])
      #expect(report.missing.isEmpty && !report.isComplete)
      #expect(report.restored.count == 8)
      #expect(report.unused.contains("hidden1/kernel/Momentum"))

      let kernel = try #require(graph.variables().first { $0.name == "hidden1/kernel" })
      let learned = try next.value(of: kernel)
      #expect(learned == (try session.value(of: eight.variables()[0])))
      let examples = try Examples(digits.train, classes: 8...9, limit: 200)
      let second = try Self.run(next, frozen, examples, steps: 30)
      #expect(second.after < 0.6 * second.before, "\(second)")
      #expect(try next.value(of: kernel) == learned)

      // Unfrozen, everything moves, by an optimizer of its own.
      graph.unfreeze(scope: "hidden1")
      graph.unfreeze(scope: "hidden2")
      #expect(
        graph.variables(in: .trainableVariables).map(\.name) == [
          "hidden1/kernel", "hidden1/bias", "hidden2/kernel", "hidden2/bias", "outputs/kernel",
          "outputs/bias",
        ])
      let tuned = try #require(graph.tensor(named: "loss/loss:0"))
      let everything = graph.nameScope("tuning") {
        AdamOptimizer(learningRate: 0.003).minimize(tuned)
      }
      let known = Set(try next.copyVariables(from: next))
      let new = graph.variables().filter { !known.contains($0.name) }
      try next.run(graph.variablesInitializer(new))
      let third = try Self.run(next, everything, examples, steps: 30)
      #expect(third.after < 0.5 * third.before, "\(third)")
      #expect(try next.value(of: kernel) != learned)
      let test = try Examples(digits.test, classes: 8...9)
      let tested = try Self.run(next, everything, test, steps: 0)
      #expect(tested.after < 0.5)
    }
  }

  @Test func aHeadIsReplacedInAGraphFromAFile() throws {
    try Self.withFolder { prefix in
      let graph = Self.classifier(units: 8)
      let session = try Session(graph)
      try session.run(graph.globalVariablesInitializer())
      try Saver(graph).save(session, to: prefix)

      let read = try GraphFile.read(prefix + ".meta")
      let old = read.variables()
      let hidden = try #require(read.tensor(named: "hidden2/out:0"))
      let y = try #require(read.tensor(named: "y:0"))
      read.clearCollection(.trainOp)
      let loss = read.nameScope("new_loss") {
        reduceMean(
          sparseSoftmaxCrossEntropy(
            labels: y, logits: Layers.dense(hidden, units: 2, name: "head")),
          name: "loss")
      }
      let head = read.variables().filter { $0.name.hasPrefix("head/") }
      let train = read.nameScope("new_train") {
        MomentumOptimizer(learningRate: 0.1, momentum: 0.9).minimize(loss, variables: head)
      }
      #expect(read.collection(.trainOp).map(\.target) == [train])
      let next = try Session(read)
      try Saver(read, variables: old).restore(next, from: prefix)
      try next.run(read.variablesInitializer(read.variables().filter { !old.contains($0) }))
      let examples = try Examples(try DataSet.mnist().train, classes: 8...9, limit: 100)
      let losses = try Self.run(next, train, examples, loss: "new_loss/loss:0", steps: 20)
      #expect(losses.after < losses.before)

      // TensorFlow's nodes restore the new head too.
      try Saver(read).save(next, to: prefix + "-2")
      let again = try GraphFile.read(prefix + "-2.meta")
      let restores = again.operations.filter { $0.op == "RestoreV2" }
      #expect(restores.map(\.outputs.count) == [old.count, read.variables().count])
    }
  }

  @Test func oneReportTellsWhatWasRestored() throws {
    try Self.withFolder { prefix in
      let graph = Graph()
      _ = graph.variable([Float(1), 2], name: "encoder/kernel")
      _ = graph.variable([Float(3)], name: "same")
      _ = graph.variable([[Float(4)]], name: "shaped")
      _ = graph.variable(Int64(5), name: "left_over")
      let session = try Session(graph)
      try session.run(graph.globalVariablesInitializer())
      let saver = Saver(graph)
      try saver.save(session, to: prefix)

      let other = Graph()
      let kernel = other.variable([Float(0), 0], name: "tower/encoder/kernel")
      let same = other.variable([Float(0)], name: "same")
      _ = other.variable([Float(0), 0], name: "shaped")
      let added = other.variable(Float(7), name: "added")
      let next = try Session(other)
      try next.run(other.globalVariablesInitializer())
      let report = try Saver(other).restorePartially(next, from: prefix)
      #expect(
        report.description == """
          1 restored, 2 missing in the file, 2 unused in the file, 1 of another shape
          other shape shaped: wanted float32[2], found float32[1, 1]
          missing tower/encoder/kernel
          missing added
          unused encoder/kernel
          unused left_over
          likely renamed encoder/kernel -> tower/encoder/kernel
          """)
      #expect(try next.value(of: same).scalars(as: Float.self) == [3])
      #expect(try next.value(of: kernel).scalars(as: Float.self) == [0, 0])
      let second = try Saver(other).restorePartially(next, from: prefix, takesLikelyRenames: true)
      #expect(second.restored.count == 2)
      #expect(try next.value(of: kernel).scalars(as: Float.self) == [1, 2])
      #expect(try next.value(of: added).scalars(as: Float.self) == [7])

      try next.set(kernel, to: TensorValue([Float(0), 0]))
      try Saver(other, variables: [kernel]).restore(
        next, from: prefix, names: ["tower/encoder/kernel": "encoder/kernel"])
      #expect(try next.value(of: kernel).scalars(as: Float.self) == [1, 2])
      #expect(throws: SessionError.self) {
        try Saver(other).restore(next, from: prefix, names: ["added": "nowhere"])
      }
    }
  }

  @Test func aCopyIsAGraphOfItsOwn() throws {
    let graph = Self.classifier(units: 8)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let copy = graph.copy()
    #expect(GraphText.lines(of: copy) == GraphText.lines(of: graph))
    let count = graph.count
    _ = Layers.dense(try #require(copy.tensor(named: "hidden2/out:0")), units: 3, name: "other")
    #expect(graph.count == count && copy.count > count)
    #expect(graph.variables().count + 2 == copy.variables().count)
    let next = try Session(copy)
    try next.run(copy.globalVariablesInitializer())
    #expect(try next.copyVariables(from: session).count == graph.variables().count)
    let examples = try Examples(try DataSet.mnist().train, classes: 0...7, limit: 100)
    let one = try Self.run(session, graph.collection(.trainOp)[0], examples, steps: 3)
    let two = try Self.run(next, copy.collection(.trainOp)[0], examples, steps: 3)
    #expect(one == two)
  }
}
