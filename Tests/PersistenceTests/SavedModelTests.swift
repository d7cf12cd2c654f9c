import Dataflow
import Foundation
import TensorFlowFormats
import Testing

/// SavedModels that TensorFlow 2.21 wrote (`Tests/tensorflow/containers.py`): of TensorFlow 1 as text,
/// of TensorFlow 2 with functions and a checkpoint of objects.
@Suite struct SavedModelTests {
  private struct Answers: Decodable {
    let x: [[Float]]
    let first: [[Float]]
    let second: [[Float]]
  }

  private static let fixtures = CheckpointLayoutTests.fixtures
  private func answers() throws -> Answers {
    try JSONDecoder().decode(
      Answers.self, from: Data(contentsOf: Self.fixtures.appending(path: "saved-models.json")))
  }

  private func expectEqual(_ found: TensorValue, _ wanted: [[Float]]) throws {
    let numbers = try found.scalars(as: Float.self)
    #expect(found.shape == Shape([wanted.count, wanted[0].count]))
    #expect(zip(numbers, wanted.flatMap { $0 }).allSatisfy { abs($0 - $1) < 2e-6 }, "\(found)")
  }

  @Test(arguments: ["saved-model-1", "saved-model-2"])
  func runsAsInTensorFlow(_ name: String) throws {
    let path = Self.fixtures.appending(path: name).path
    let graph = try GraphFile.read(path)
    let signature = try #require(graph.signatures.first { $0.name == "serving_default" })
    let (input, output) = (signature.inputs[0], signature.outputs[0])
    #expect(input.name == "x" && input.dtype == .float32 && input.shape == [nil, 4])
    let session = try Session(graph)
    #expect(try SavedModel.restore(session, from: path) == nil)
    let answers = try answers()
    let found = try session.run(
      fetching: [output.tensorName], feeding: [input.tensorName: answers.x])
    try expectEqual(found[0], name == "saved-model-1" ? answers.first : answers.second)
  }

  @Test(arguments: ["saved-model-1", "saved-model-2"])
  func optimizedItGivesTheSame(_ name: String) throws {
    let path = Self.fixtures.appending(path: name).path
    let graph = try GraphFile.read(path)
    let signature = try #require(graph.signatures.first { $0.name == "serving_default" })
    let session = try Session(graph)
    try SavedModel.restore(session, from: path)
    let fetch = try #require(graph.tensor(named: signature.outputs[0].tensorName))
    let optimized = try OptimizedGraph(of: session, fetching: [fetch])
    #expect(optimized.notes == [])
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).pb")
    defer { try? FileManager.default.removeItem(at: file) }
    try optimized.write(to: file.path)
    let small = try GraphFile.read(file.path)
    #expect(small.declaredVariables.isEmpty && small.count < 12, "\(small.operations)")
    let answers = try answers()
    let input = signature.inputs[0].tensorName
    #expect(small.tensor(named: input)?.shape == [nil, 4])
    for copies in [1, 3] {
      let rows = Array(repeating: answers.x, count: copies).flatMap { $0 }
      let wanted = name == "saved-model-1" ? answers.first : answers.second
      let found = try Session(small).run(
        fetching: [fetch.name], feeding: [input: rows])
      try expectEqual(found[0], Array(repeating: wanted, count: copies).flatMap { $0 })
    }
  }

  @Test func tagsChooseTheGraph() throws {
    let path = Self.fixtures.appending(path: "saved-model-1").path
    #expect(try GraphFile.read(path, tags: ["serve"]).count > 0)
    let error = #expect(throws: FileError.self) { try GraphFile.read(path, tags: ["train"]) }
    #expect(error?.reason.contains("it has {serve}") == true)
    #expect(throws: FileError.self) { try GraphFile.read(Self.fixtures.path) }
  }
}
