import Dataflow
import Foundation
import Testing

@Suite struct ModelTests {
  private static func folder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "model-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }

  /// A small net of 8 features and 3 classes, compiled.
  private static func small(rate: any Hyperparameter = 0.1, seed: Int = 1) throws -> Sequential {
    let model = try Sequential(
      [
        .dense(16, activation: .elu), .batchNormalization(momentum: 0.9), .dropout(0.1),
        .dense(3),
      ], inputShape: [8], seed: seed)
    try model.compile(
      optimizer: MomentumOptimizer(learningRate: rate, momentum: 0.9),
      loss: .sparseSoftmaxCrossEntropy, metrics: [.accuracy])
    return model
  }

  /// Examples whose class is the greatest of their first three features.
  private static func examples(_ count: Int) throws -> DataSet.Split {
    var state: UInt64 = 7
    let features = (0..<(count * 8)).map { _ -> Float in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24) - 0.5
    }
    let labels = (0..<count).map { row -> Int64 in
      let first = features[(row * 8)..<(row * 8 + 3)]
      return Int64(first.firstIndex(of: first.max() ?? 0)! - row * 8)
    }
    return try DataSet.Split(
      TensorValue(features, shape: [count, 8]), labels: TensorValue(labels))
  }

  @Test func summaryCountsParameters() throws {
    let plain = try Sequential(
      [
        .flatten(), .dense(300, activation: .relu, name: "hidden1"),
        .dense(100, activation: .relu, name: "hidden2"), .dense(10, name: "outputs"),
      ], inputShape: [28, 28])
    let table = plain.summary()
    #expect(table.contains("flatten (Flatten)           (None, 784)              0\n"))
    #expect(table.contains("hidden1 (Dense)             (None, 300)              235,500\n"))
    #expect(table.contains("hidden2 (Dense)             (None, 100)              30,100\n"))
    #expect(table.contains("outputs (Dense)             (None, 10)               1,010\n"))
    #expect(table.contains("\nTotal params: 266,610\nTrainable params: 266,610\n"))
    #expect(plain.nonTrainableParameterCount == 0)

    let normalized = try Sequential(
      [
        .flatten(), .batchNormalization(), .dense(300, activation: .relu), .batchNormalization(),
        .dense(100, activation: .relu), .batchNormalization(), .dense(10),
      ], inputShape: [28, 28])
    #expect(normalized.nonTrainableParameterCount == 2368)
    #expect(normalized.summary().contains("\nTotal params: 271,346\n"))
    #expect(normalized.summary().contains("Non-trainable params: 2,368\n"))
    #expect(
      normalized.summary().contains("batch_normalization_2 (BatchNormalization) (None, 100)"))
    // The optimizer's own variables are no parameters of the net.
    try normalized.compile(optimizer: AdamOptimizer(), loss: .sparseSoftmaxCrossEntropy)
    #expect(normalized.parameterCount == 271_346)
  }

  @Test func aHandMadeGraphIsAModelToo() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 8], name: "x")
    let logits = Layers.dense(elu(Layers.dense(x, units: 4, name: "a/b")), units: 3, name: "c")
    let model = try Model(inputs: x, outputs: logits)
    #expect(model.variables.map(\.name) == ["a/b/kernel", "a/b/bias", "c/kernel", "c/bias"])
    #expect(model.layers.map(\.name) == ["a/b", "c"])
    #expect(model.parameterCount == 8 * 4 + 4 + 4 * 3 + 3)
    #expect(throws: SessionError.self) { try model.fit(Self.examples(4)) }
  }

  @Test func fitLowersTheLossAndIsSeeded() throws {
    let data = try Self.examples(512)
    let (train, validation) = data.divided(validation: 0.25)
    #expect(train.count == 384 && validation.count == 128)
    var losses: [[Double]] = []
    for _ in 0..<2 {
      let model = try Self.small()
      let before = try model.evaluate(validation)
      let history = try model.fit(train, epochs: 8, validation: validation)
      #expect(history["loss"].count == 8)
      #expect(history.names == ["accuracy", "loss", "val_accuracy", "val_loss"])
      let after = try model.evaluate(validation)
      #expect(after["loss"]! < 0.6 * before["loss"]!)
      #expect(after["accuracy"]! > 0.8)
      #expect(after["loss"] == history["val_loss"].last)
      losses.append(history["loss"])
    }
    #expect(losses[0] == losses[1])
  }

  @Test func evaluationIsThatOfTheWholeWhateverTheBatches() throws {
    let data = try Self.examples(100)
    let model = try Self.small()
    let whole = try model.evaluate(data)
    let parts = try model.evaluate(data, batchSize: 7)
    #expect(abs(whole["loss"]! - parts["loss"]!) < 1e-5)
    #expect(whole["accuracy"] == parts["accuracy"])
    let logits = try model.predict(data.images).scalars(as: Float.self)
    let labels = try data.labels.scalars(as: Int64.self)
    let right = labels.indices.filter { row in
      let own = logits[(row * 3)..<(row * 3 + 3)]
      return Int64(own.firstIndex(of: own.max()!)! - row * 3) == labels[row]
    }
    #expect(abs(whole["accuracy"]! - Double(right.count) / 100) < 1e-6)
    let joined = try model.predict(data.images, batchSize: 9)
    #expect(joined.shape == [100, 3])
    let far = zip(logits, try joined.scalars(as: Float.self)).map { abs($0 - $1) }.max()!
    #expect(far < 1e-5)
  }

  @Test func earlyStoppingRestoresTheBestWeights() throws {
    let data = try Self.examples(256)
    let (train, validation) = data.divided(validation: 0.5)
    let start = try Sequential([.dense(3)], inputShape: [8], seed: 1)
    let rate = start.graph.variable(0.1, name: "learning_rate", trainable: false)
    try start.compile(
      optimizer: GradientDescentOptimizer(learningRate: rate), loss: .sparseSoftmaxCrossEntropy)
    // From the fourth epoch on, the rate drives the weights away.
    let schedule = LearningRateScheduler(rate) { epoch, rate in epoch < 3 ? 0.1 : -2 }
    let stopping = EarlyStopping(patience: 2)
    let history = try start.fit(
      train, epochs: 20, validation: validation, callbacks: [schedule, stopping])
    #expect(stopping.bestEpoch == 2)
    #expect(stopping.stoppedEpoch == 4)
    #expect(history.epochs.count == 5)
    #expect(history["val_loss"].last! > history["val_loss"][2])
    #expect(try start.evaluate(validation)["loss"] == history["val_loss"][2])
  }

  @Test func aPlateauLowersTheRate() throws {
    let data = try Self.examples(64)
    let model = try Sequential([.dense(3)], inputShape: [8], seed: 1)
    let rate = model.graph.variable(0.0, name: "learning_rate", trainable: false)
    try model.compile(
      optimizer: GradientDescentOptimizer(learningRate: rate), loss: .sparseSoftmaxCrossEntropy)
    try model.session.set(rate, to: TensorValue(Float(1e-12)))
    let plateau = ReduceLearningRateOnPlateau(rate, monitor: "loss", factor: 0.5, patience: 2)
    try model.fit(data, epochs: 5, callbacks: [plateau])
    #expect(try model.session.value(of: rate).scalar(as: Float.self) == 0.25e-12)
    #expect {
      try model.fit(data, callbacks: [EarlyStopping()])
    } throws: {
      "\($0)".contains("\"val_loss\"") && "\($0)".contains("validation data")
    }
  }

  @Test func savedModelsPredictTheSameAndTrainOn() throws {
    try Self.folder { folder in
      let data = try Self.examples(128)
      let model = try Self.small()
      let checkpoint = ModelCheckpoint("\(folder)/best", monitor: "loss")
      try model.fit(data, epochs: 3, callbacks: [checkpoint])
      #expect(checkpoint.savedEpoch == 2)
      let loaded = try Model(loading: "\(folder)/best")
      #expect(try loaded.predict(data.images) == model.predict(data.images))
      #expect(loaded.summary() == model.summary())
      #expect(try loaded.evaluate(data) == model.evaluate(data))
      // The momentum was saved too, so both go the same way.
      try loaded.fit(data, epochs: 1, shuffle: false)
      try model.fit(data, epochs: 1, shuffle: false)
      #expect(try loaded.evaluate(data)["loss"]! < 1.2 * model.evaluate(data)["loss"]!)

      let other = Graph()
      _ = other.variable(1.0, name: "v")
      let session = try Session(other)
      try session.run(other.globalVariablesInitializer())
      try Saver(other).save(session, to: "\(folder)/other")
      #expect { try Model(loading: "\(folder)/other") } throws: { "\($0)".contains("GraphFile") }
    }
  }

  @Test func weightsAreSetAllAtOnceOrNone() throws {
    let (model, other) = (try Self.small(), try Self.small(seed: 2))
    let data = try Self.examples(16)
    #expect(try model.predict(data.images) != other.predict(data.images))
    try other.setWeights(model.weights())
    #expect(try model.predict(data.images) == other.predict(data.images))
    var weights = try model.weights()
    #expect(weights.count == 8)
    weights[0] = TensorValue(zeros: [8, 16], dtype: .float32)
    weights[7] = TensorValue(zeros: [4], dtype: .float32)
    #expect(throws: SessionError.self) { try other.setWeights(weights) }
    #expect(throws: SessionError.self) { try other.setWeights([]) }
    #expect(try model.predict(data.images) == other.predict(data.images))
  }

  @Test func frozenLayersStay() throws {
    let data = try Self.examples(64)
    let model = try Sequential(
      [.dense(5, activation: .tanh, name: "low"), .dense(3, name: "high")], inputShape: [8],
      seed: 1)
    model.graph.freeze(scope: "low")
    try model.compile(optimizer: AdamOptimizer(), loss: .sparseSoftmaxCrossEntropy)
    #expect(model.trainableParameterCount == 18)
    let before = try model.weights()
    try model.fit(data, epochs: 2)
    var after = try model.weights()
    #expect(after[0] == before[0] && after[1] == before[1] && after[2] != before[2])
    model.graph.unfreeze(scope: "low")
    try model.compile(optimizer: AdamOptimizer(), loss: .sparseSoftmaxCrossEntropy)
    #expect(try model.weights() == after)
    try model.fit(data, epochs: 1)
    let before2 = after
    after = try model.weights()
    #expect(after[0] != before2[0])
  }

  @Test func sampledPredictionsSpread() throws {
    let data = try Self.examples(4)
    let model = try Sequential(
      [.dense(32, activation: .relu), .dropout(0.5), .dense(3, activation: .softmax)],
      inputShape: [8], seed: 1)
    let still = try model.predictions(data.images, samples: 5)
    #expect(try still.standardDeviation.scalars(as: Float.self).allSatisfy { $0 == 0 })
    let moving = try model.predictions(data.images, samples: 20, training: true)
    #expect(moving.mean.shape == [4, 3])
    #expect(try moving.standardDeviation.scalars(as: Float.self).contains { $0 > 0.01 })
  }

  @Test func curvesAreWrittenForTensorBoard() throws {
    try Self.folder { folder in
      let data = try Self.examples(64)
      let model = try Self.small()
      try model.fit(
        data, epochs: 2, validation: data, callbacks: [TensorBoard(folder, weights: true)])
      for part in ["train", "validation"] {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")
        #expect(files.count == 1 && files[0].hasPrefix("events.out.tfevents"))
      }
    }
  }
}
