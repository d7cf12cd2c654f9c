import GraphCore
import GraphRuntime
import TensorCore

extension Model {
  /// Trains for some epochs.
  ///
  /// - Parameters:
  ///   - data: the examples with their labels.
  ///   - batchSize: how many examples a step takes; the last may take fewer.
  ///   - validation: examples to evaluate after each epoch: `val_loss` and `val_…` for each metric.
  ///   - shuffle: whether each epoch takes the examples in another order.
  ///   - seed: what the orders follow from.
  ///   - callbacks: asked in this order.
  /// - Returns: the mean loss and the metrics of each epoch.
  /// - Throws: `SessionError` if the model is not compiled or data do not fit; what callbacks throw.
  @discardableResult
  public func fit(
    _ data: DataSet.Split, epochs: Int = 1, batchSize: Int = 32,
    validation: DataSet.Split? = nil, shuffle: Bool = true, seed: UInt64 = 0,
    callbacks: [any Callback] = []
  ) throws -> History {
    let parts = try compiledParts()
    let progress = TrainingProgress(
      epochs: epochs, steps: (data.count + batchSize - 1) / max(batchSize, 1))
    var history = History()
    stopTraining = false
    for callback in callbacks { try callback.onTrainBegin(self, progress) }
    for epoch in 0..<max(epochs, 0) where !stopTraining {
      for callback in callbacks { try callback.onEpochBegin(epoch, self) }
      let order = shuffle ? data.shuffled(seed: seed &+ UInt64(epoch)) : data
      var logs = try train(order, batchSize, parts) { batch, loss in
        for callback in callbacks { try callback.onBatchEnd(batch, loss: loss, self) }
      }
      if let validation {
        for (name, value) in try evaluate(validation) { logs["val_" + name] = value }
      }
      history.append(logs)
      for callback in callbacks { try callback.onEpochEnd(epoch, logs, self) }
    }
    for callback in callbacks { try callback.onTrainEnd(self) }
    return history
  }

  /// Trains for some epochs; `x` holds an example a row, `y` the label of each.
  ///
  /// - Throws: `DataSet.SizeError` if the counts differ; `SessionError` if the model is not compiled
  ///   or data do not fit; what callbacks throw.
  @discardableResult
  public func fit(
    x: TensorValue, y: TensorValue, epochs: Int = 1, batchSize: Int = 32,
    validation: DataSet.Split? = nil, shuffle: Bool = true, seed: UInt64 = 0,
    callbacks: [any Callback] = []
  ) throws -> History {
    try fit(
      DataSet.Split(x, labels: y), epochs: epochs, batchSize: batchSize, validation: validation,
      shuffle: shuffle, seed: seed, callbacks: callbacks)
  }

  /// One epoch: a step for each batch.
  private func train(
    _ data: DataSet.Split, _ batchSize: Int, _ parts: CompiledParts,
    _ batchEnded: (Int, Double) throws -> Void
  ) throws -> [String: Double] {
    let targets: [any GraphElement] = [parts.trainStep] + graph.collection(.updateOps)
    if let reset = parts.reset { try session.run(reset) }
    var loss = WeightedMean()
    for (index, batch) in try data.batches(of: batchSize).enumerated() {
      let values = try session.run(
        [parts.loss] + parts.metrics.map(\.streaming.updateOp), targets: targets,
        feeding: feeds(batch.images, labels: batch.labels, isTraining: true))
      let number = values[0].doubles?.first ?? .nan
      loss.add(number, weight: Double(batch.labels.shape[0]))
      try batchEnded(index, number)
    }
    return try logs(loss.value, parts)
  }

  /// The mean loss and the metrics of examples, under the names that `fit` gives them.
  ///
  /// - Throws: `SessionError` if the model is not compiled or data do not fit.
  public func evaluate(_ data: DataSet.Split, batchSize: Int = 1024) throws -> [String: Double] {
    let parts = try compiledParts()
    if let reset = parts.reset { try session.run(reset) }
    var loss = WeightedMean()
    for batch in try data.batches(of: batchSize) {
      let values = try session.run(
        [parts.loss] + parts.metrics.map(\.streaming.updateOp),
        feeding: feeds(batch.images, labels: batch.labels, isTraining: false))
      loss.add(values[0].doubles?.first ?? .nan, weight: Double(batch.labels.shape[0]))
    }
    return try logs(loss.value, parts)
  }

  private func logs(_ loss: Double, _ parts: CompiledParts) throws -> [String: Double] {
    var logs = ["loss": loss]
    let values = try session.run(parts.metrics.map(\.streaming.value))
    for (metric, value) in zip(parts.metrics, values) {
      logs[metric.name] = value.doubles?.first ?? .nan
    }
    return logs
  }

  /// What a run of a batch is fed.
  private func feeds(_ examples: TensorValue, labels: TensorValue?, isTraining: Bool) throws
    -> Feeds
  {
    var feeds: Feeds = [inputs: examples]
    if let labels { feeds.feed(labels, to: try compiledParts().labels) }
    if let training, isTraining { feeds.feed(true, to: training) }
    return feeds
  }

  /// What the net makes of examples, one a row.
  ///
  /// - Parameter batchSize: how many are computed at once.
  /// - Throws: `SessionError` if the examples do not fit.
  public func predict(_ x: TensorValue, batchSize: Int = 1024) throws -> TensorValue {
    guard x.shape.rank > 0, x.shape[0] > batchSize, batchSize > 0 else {
      return try session.run(outputs, feeding: feeds(x, labels: nil, isTraining: false))
    }
    let parts = try stride(from: 0, to: x.shape[0], by: batchSize).map { start in
      let rows = Array(start..<min(start + batchSize, x.shape[0]))
      return try session.run(outputs, feeding: feeds(x.rows(rows), labels: nil, isTraining: false))
    }
    return TensorValue(joiningRowsOf: parts)
  }

  /// Mean and spread of several predictions, where the net draws random numbers.
  ///
  /// - Parameter training: whether the net is told that it trains, so that every dropout drops;
  ///   otherwise those do that always do.
  /// - Throws: `SessionError` if the examples do not fit.
  public func predictions(_ x: TensorValue, samples: Int = 100, training: Bool = false) throws
    -> SampledPredictions
  {
    try session.predictions(
      of: outputs, samples: samples, feeding: feeds(x, labels: nil, isTraining: training))
  }
}

/// A mean that grows.
private struct WeightedMean {
  private var sum = 0.0
  private var weights = 0.0

  mutating func add(_ number: Double, weight: Double) {
    sum += number * weight
    weights += weight
  }

  var value: Double { weights > 0 ? sum / weights : 0 }
}

extension TensorValue {
  /// The rows of several tensors of one type, one after the other.
  init(joiningRowsOf parts: [TensorValue]) {
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    let shape = Shape([rows] + (parts.first?.shape.dimensions.dropFirst() ?? []))
    self.init(zeros: shape, dtype: parts.first?.dtype ?? .float32)
    withUnsafeMutableBytes { target in
      var place = 0
      for part in parts {
        part.withUnsafeBytes { source in
          let slot = target[place..<(place + source.count)]
          UnsafeMutableRawBufferPointer(rebasing: slot).copyMemory(from: source)
          place += source.count
        }
      }
    }
  }
}
