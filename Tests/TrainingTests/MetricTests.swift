import Dataflow
import Testing

/// Streaming metrics over three batches against `tf.metrics` of TensorFlow 2.21.
@Suite struct MetricTests {
  private struct Case: Decodable {
    let updates: ReferenceTensor
    let value: ReferenceTensor
    let variables: [String]
  }
  private typealias Metric = @Sendable ([String: Tensor]) -> Metrics.Streaming

  private static let metrics: [String: Metric] = [
    "mean": { Metrics.mean($0["values"]!) },
    "mean-weighted": { Metrics.mean($0["values"]!, weights: $0["weights"]!) },
    "accuracy": { Metrics.accuracy(labels: $0["labels"]!, predictions: $0["predicted"]!) },
    "precision": { Metrics.precision(labels: $0["labels"]!, predictions: $0["predicted"]!) },
    "precision-weighted": {
      Metrics.precision(
        labels: $0["labels"]!, predictions: $0["predicted"]!, weights: $0["weights"]!)
    },
    "recall": { Metrics.recall(labels: $0["labels"]!, predictions: $0["predicted"]!) },
    "auc": { Metrics.auc(labels: $0["labels"]!, predictions: $0["probabilities"]!) },
    "auc-weighted": {
      Metrics.auc(
        labels: $0["labels"]!, predictions: $0["probabilities"]!, weights: $0["weights"]!)
    },
    "auc-pr": {
      Metrics.auc(
        labels: $0["labels"]!, predictions: $0["probabilities"]!, curve: .precisionRecall)
    },
    "top_k": {
      Metrics.topKAccuracy(
        labels: $0["classes"]!, predictions: $0["scores"]!, k: 2, name: "mean")
    },
    "mean_absolute_error": {
      Metrics.meanAbsoluteError(labels: $0["probabilities"]!, predictions: $0["values"]!)
    },
    "mean_squared_error": {
      Metrics.meanSquaredError(labels: $0["probabilities"]!, predictions: $0["values"]!)
    },
  ]
  private static let integers: Set = ["labels", "predicted", "classes"]

  @Test func metricsAreTensorFlows() throws {
    let reference = try Reference("metrics", as: Case.self)
    #expect(Set(reference.cases.keys) == Set(Self.metrics.keys))
    for (name, metric) in Self.metrics.sorted(by: { $0.key < $1.key }) {
      let graph = Graph()
      var tensors: [String: Tensor] = [:]
      for (key, input) in reference.inputs {
        tensors[key] = graph.placeholder(
          Self.integers.contains(key) ? .int32 : .float32,
          PartialShape([nil] + input.shape.dropFirst(2).map { $0 }), name: key)
      }
      let (value, update) = metric(tensors)
      let expected = try reference(name)
      #expect(
        graph.variables(in: .metricVariables).map(\.name) == expected.variables,
        "\(name): variables")
      #expect(graph.variables(in: .localVariables).count == expected.variables.count)
      #expect(graph.variables().isEmpty)
      let session = try Session(graph)
      for _ in 0..<2 {
        // The second round starts anew.
        try session.run(graph.localVariablesInitializer())
        for batch in 0..<3 {
          var feeds = Feeds()
          for (key, input) in reference.inputs {
            feeds.feed(
              try input.slice(batch, Self.integers.contains(key) ? .int32 : .float32),
              to: try #require(tensors[key]))
          }
          let found = try session.run(update, feeding: feeds).scalar(as: Float.self)
          let wanted = expected.updates.numbers[batch]
          #expect(
            abs(Double(found) - wanted) <= 1e-6, "\(name) after batch \(batch): \(found)")
        }
        try expectEqual(session.run(value), expected.value, name, tolerance: 1e-6)
      }
    }
  }

  @Test func aMetricOfNothingIsZero() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let mean = Metrics.mean(x)
    let precision = Metrics.precision(labels: x, predictions: x)
    let session = try Session(graph)
    try session.run(graph.localVariablesInitializer())
    #expect(try session.run(mean.value).scalar(as: Float.self) == 0)
    #expect(try session.run(precision.value).scalar(as: Float.self) == 0)
    let again = Metrics.mean(x)
    #expect(again.value.name == "mean_1/value:0")
    #expect(again.updateOp.name == "mean_1/update_op:0")
  }
}
