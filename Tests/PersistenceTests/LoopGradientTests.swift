import Dataflow
import Foundation
import Testing

/// Gradients that are found here for loops that TensorFlow wrote, on its arrays and lists of tensors,
/// against those that TensorFlow finds (`Tests/tensorflow/loop_gradients.py`).
@Suite struct LoopGradientTests {
  private struct Case: Decodable {
    struct Value: Decodable {
      let shape: [Int]
      let data: [Double]
      let dtype: String?
    }
    let feeds: [String: Value]
    let y: Double
    let gradients: [String: Value]
  }

  /// The fixtures, or loops that were made just now.
  private static let folder =
    ProcessInfo.processInfo.environment["DATAFLOW_LOOPS"].map { URL(filePath: $0) }
    ?? CheckpointLayoutTests.fixtures.appending(path: "loops")

  @Test(
    arguments: [
      "recurrent", "partly", "growing", "lists", "nested", "again", "decided", "sequences",
    ].flatMap {
      name in [1, 2].map { "\(name)_v\($0)" }
    })
  func gradientsAreTensorFlows(_ name: String) throws {
    let all = try JSONDecoder().decode(
      [String: Case].self, from: Data(contentsOf: Self.folder.appending(path: "loops.json")))
    let wanted = try #require(all[name])
    let graph = try GraphFile.read(Self.folder.appending(path: name + ".pb").path)
    let y = try #require(graph.tensor(named: "y:0"))
    let inputs = try wanted.gradients.keys.sorted().map {
      (name: $0, tensor: try #require(graph.tensor(named: $0 + ":0")))
    }
    let found = gradients(of: y, withRespectTo: inputs.map(\.tensor))
    #expect(graph.errors.isEmpty, "\(graph.errors)")
    var feeds: [String: any TensorConvertible] = [:]
    for (name, value) in wanted.feeds {
      let dtype = try #require(DType(name: value.dtype ?? "float32"))
      feeds[name + ":0"] = try TensorValue(
        converting: value.data, to: dtype, shape: Shape(value.shape))
    }
    let session = try Session(graph)
    for (input, gradient) in zip(inputs, found) {
      let values = try session.run(
        fetching: ["y:0", try #require(gradient).name], feeding: feeds)
      #expect(abs(try #require(values[0].doubles)[0] - wanted.y) < 1e-5 * max(1, abs(wanted.y)))
      let expected = try #require(wanted.gradients[input.name])
      #expect(values[1].shape == Shape(expected.shape))
      for (a, b) in zip(try #require(values[1].doubles), expected.data) {
        #expect(abs(a - b) < 2e-5 * max(1, abs(b)), "\(name), \(input.name): \(a) for \(b)")
      }
    }
  }
}
