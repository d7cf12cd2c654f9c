import GraphCore
import GraphRuntime
import Persistence
import TensorFlowFormats

extension Model {
  /// Writes a checkpoint and the graph beside it, as `Saver` does, for `Model(loading:)` and for any
  /// program that reads TensorFlow's files.
  ///
  /// - Returns: the prefix that was written.
  /// - Throws: `FileError` if a file cannot be written.
  @discardableResult
  public func save(to prefix: String) throws -> String {
    describe()
    return try Saver(graph).save(session, to: prefix)
  }

  /// Sets the variables from a checkpoint, those of the optimizer too.
  ///
  /// - Throws: if a file is missing or damaged, or does not fit: one error that lists all variables
  ///   that do not.
  public func restore(from prefix: String) throws {
    try Saver(graph).restore(session, from: prefix)
  }

  /// A model that `save` wrote, compiled as it was.
  ///
  /// - Throws: if a file is missing or damaged, or if it holds a graph that no model was made of:
  ///   for such a one, `GraphFile.read` and `Model(inputs:outputs:)`.
  public convenience init(loading prefix: String) throws {
    let graph = try GraphFile.read(prefix + ".meta")
    guard let inputs = graph.tensors(in: .modelInputs).first,
      let outputs = graph.tensors(in: .modelOutputs).first
    else {
      throw FileError(
        prefix + ".meta",
        "does not say which tensors are a model's; read it with GraphFile and name them to "
          + "Model(inputs:outputs:)")
    }
    let names = graph.texts(in: .modelLayers)
    let layers = zip(names, graph.tensors(in: .modelLayerOutputs)).map { text, output in
      let parts = text.split(separator: "\t").map(String.init)
      return BuiltLayer(name: parts.first ?? "", type: parts.last ?? "", output: output)
    }
    let session = try Session(graph)
    try Saver(graph).restore(session, from: prefix)
    try self.init(
      name: graph.texts(in: .modelName).first ?? "model", inputs: inputs, outputs: outputs,
      training: graph.tensors(in: .modelTraining).first, layers: layers.isEmpty ? nil : layers,
      session: session)
    compiled = CompiledParts(loadedFrom: graph)
  }

  /// States in the graph's collections which of its tensors are what.
  private func describe() {
    for key in CollectionKey.ofModels { graph.clearCollection(key) }
    graph.add(.bytes(Array(name.utf8)), to: .modelName)
    graph.add(inputs, to: .modelInputs)
    graph.add(outputs, to: .modelOutputs)
    if let training { graph.add(training, to: .modelTraining) }
    for layer in layers {
      guard let output = layer.output else { continue }
      graph.add(.bytes(Array("\(layer.name)\t\(layer.type)".utf8)), to: .modelLayers)
      graph.add(output, to: .modelLayerOutputs)
    }
    guard let compiled else { return }
    graph.add(compiled.labels, to: .modelLabels)
    graph.add(compiled.loss, to: .modelLoss)
    graph.add(compiled.trainStep, to: .modelTrainStep)
    for metric in compiled.metrics {
      graph.add(.bytes(Array(metric.name.utf8)), to: .modelMetrics)
      graph.add(metric.streaming.value, to: .modelMetricValues)
      graph.add(metric.streaming.updateOp, to: .modelMetricUpdates)
    }
    if let reset = compiled.reset { graph.add(reset, to: .modelReset) }
  }
}

extension CompiledParts {
  /// What a model's file states; nil if the model was not compiled.
  fileprivate init?(loadedFrom graph: Graph) {
    guard let labels = graph.tensors(in: .modelLabels).first,
      let loss = graph.tensors(in: .modelLoss).first,
      let trainStep = graph.collection(.modelTrainStep).first?.target
    else { return nil }
    (self.labels, self.loss, self.trainStep) = (labels, loss, trainStep)
    let streaming = zip(
      graph.tensors(in: .modelMetricValues), graph.tensors(in: .modelMetricUpdates))
    metrics = zip(graph.texts(in: .modelMetrics), streaming).map {
      (name: $0, streaming: (value: $1.0, updateOp: $1.1))
    }
    reset = graph.collection(.modelReset).first?.target
  }
}

extension Graph {
  /// The texts of a collection.
  fileprivate func texts(in key: CollectionKey) -> [String] {
    items(in: key).compactMap {
      if case .bytes(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
  }
}

extension CollectionKey {
  fileprivate static let modelName: CollectionKey = "model_name"
  fileprivate static let modelInputs: CollectionKey = "model_inputs"
  fileprivate static let modelOutputs: CollectionKey = "model_outputs"
  fileprivate static let modelTraining: CollectionKey = "model_training"
  fileprivate static let modelLayers: CollectionKey = "model_layers"
  fileprivate static let modelLayerOutputs: CollectionKey = "model_layer_outputs"
  fileprivate static let modelLabels: CollectionKey = "model_labels"
  fileprivate static let modelLoss: CollectionKey = "model_loss"
  fileprivate static let modelTrainStep: CollectionKey = "model_train_step"
  fileprivate static let modelMetrics: CollectionKey = "model_metrics"
  fileprivate static let modelMetricValues: CollectionKey = "model_metric_values"
  fileprivate static let modelMetricUpdates: CollectionKey = "model_metric_updates"
  fileprivate static let modelReset: CollectionKey = "model_reset"
  fileprivate static let ofModels: [CollectionKey] = [
    modelName, modelInputs, modelOutputs, modelTraining, modelLayers, modelLayerOutputs,
    modelLabels, modelLoss, modelTrainStep, modelMetrics, modelMetricValues, modelMetricUpdates,
    modelReset,
  ]
}
