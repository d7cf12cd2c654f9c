import Dataflow
import TensorFlowFormats
import Testing

/// What is shown of the training of graphs that TensorFlow wrote, with each optimizer and both kinds of
/// variables.
@Suite struct TrainingSummariesTests {
  @Test(arguments: TensorFlowFilesTests.files) func normsAreThoseOfTheGradients(_ name: String)
    throws
  {
    let prefix = try TensorFlowFilesTests.prefix(name)
    let graph = try GraphFile.read(prefix + ".meta")
    let loss = try #require(graph.tensor(named: "loss:0"))
    let variables = graph.variables(in: .trainableVariables)
    let norms = gradients(of: loss, withRespectTo: variables).map {
      sqrt(reduceSum(square($0 ?? loss)))
    }
    let weights = variables.map(\.value)
    let summaries = TrainingSummaries(graph, losses: [loss])
    let session = try Session(graph)
    try Saver(graph, variables: graph.variables()).restore(session, from: prefix)
    let feeds: [String: any TensorConvertible] = [
      "x:0": try TensorValue((0..<24).map { Float($0) / 24 }, shape: [6, 4]),
      "y:0": try TensorValue((0..<18).map { Float($0) / 9 }, shape: [6, 3]),
    ]
    func scalars(_ value: TensorValue) throws -> [String: Float] {
      let summary = try TFSummary(serializedBytes: value.strings()[0])
      return Dictionary(uniqueKeysWithValues: summary.value.map { ($0.tag, $0.simpleValue) })
    }
    let wanted = try session.run(
      fetching: [loss.name] + norms.map(\.name), feeding: feeds
    ).map { try $0.scalar(as: Float.self) }
    let step = try #require(summaries.step)
    let found = try scalars(
      session.run(
        fetching: [step.name], targets: graph.collection(.trainOp).map(\.target.name),
        feeding: feeds)[0])
    #expect(found.count == 2 + variables.count)
    #expect(found["loss"] == wanted[0])
    var squares: Float = 0
    for (variable, norm) in zip(variables, wanted.dropFirst()) {
      let own = try #require(found["gradient_norm/\(variable.name)"])
      #expect(abs(own - norm) <= 1e-5 * norm)
      squares += norm * norm
    }
    let global = try #require(found["gradient_norm/global"])
    #expect(abs(global * global - squares) <= 1e-5 * squares)

    let distributions = try TFSummary(
      serializedBytes: session.run(#require(summaries.weights)).strings()[0])
    #expect(Set(distributions.value.map(\.tag)) == Set(variables.map { "weights/\($0.name)" }))
    for (variable, value) in zip(variables, try session.run(weights)) {
      let own = distributions.value.first { $0.tag == "weights/\(variable.name)" }
      #expect(own?.histo.num == Double(value.count))
      #expect(own?.histo.max == value.doubles?.max())
    }
  }

  /// A graph that trains nothing has nothing to show.
  @Test func nothingIsMadeOfNothing() {
    let summaries = TrainingSummaries(Graph(), losses: [])
    #expect(summaries.step == nil && summaries.weights == nil)
  }
}
