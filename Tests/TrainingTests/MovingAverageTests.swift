import Dataflow
import Foundation
import Testing

@Suite struct MovingAverageTests {
  private struct Computed: Decodable {
    let shadows: [[Double]]
    let names: [String]
    let restored: [String]
  }

  @Test(arguments: ["plain", "counted", "debiased"])
  func averagesFollowAsTensorFlows(_ name: String) throws {
    let url = try #require(
      Bundle.module.url(forResource: "Fixtures/averages", withExtension: "json"))
    let file = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    let start = try #require(file["start"] as? [Double])
    let values = try #require(file["values"] as? [Double])
    let fed = try #require(file["fed"] as? [Double])
    let computed = try JSONDecoder().decode(
      Computed.self,
      from: JSONSerialization.data(withJSONObject: try #require(file[name])))

    let graph = Graph()
    let b = graph.variable(try TensorValue.floats(start, [2]), name: "b")
    let x = graph.placeholder(.float32, [3], name: "x")
    let y = graph.placeholder(.float32, [2])
    let step = graph.globalStep
    let average = ExponentialMovingAverage(
      decay: 0.9, updateCount: name == "counted" ? step : nil, removesBias: name == "debiased")
    let moved = b.assignAdd(y)
    let followed = graph.controlDependencies([moved]) {
      [average.apply([b], in: graph), average.apply(tensors: [x], in: graph)]
    }
    let stepped = graph.controlDependencies(followed) { step.assignAdd(Int64(1)) }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let shadowB = try #require(average.average(of: b))
    let shadowX = try #require(average.average(of: x))
    for (index, expected) in computed.shadows.enumerated() {
      let fedX = try TensorValue.floats(values[(index * 3)..<(index * 3 + 3)], [3])
      let fedY = try TensorValue.floats(fed[(index * 2)..<(index * 2 + 2)], [2])
      try session.run(stepped, feeding: [x: fedX, y: fedY])
      var own: [Double] = []
      for shadow in [shadowB, shadowX] { own += try session.value(of: shadow).doubles ?? [] }
      expectClose(own, expected, "\(name), step \(index)", absolute: 1e-6, relative: 1e-6)
    }
    #expect(graph.variables().map(\.name).sorted() == computed.names.sorted())
    #expect(average.variablesToRestore(in: graph).keys.sorted() == computed.restored)
    #expect(graph.variables(in: .movingAverageVariables).map(\.name) == ["b"])
  }

  @Test func weightsAreRestoredFromTheirAverages() throws {
    let graph = Graph()
    let w = graph.variable([Float(8), 4], name: "w")
    let average = ExponentialMovingAverage(decay: 0.5)
    let moved = w.assign([Float(0), 0])
    let followed = graph.controlDependencies([moved]) { average.apply([w], in: graph) }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.run(followed)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "averages-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let prefix = folder.appending(path: "model").path
    try Saver(graph).save(session, to: prefix)

    let other = Graph()
    let weights = other.variable([Float(1), 1], name: "w")
    let fresh = try Session(other)
    let names = ExponentialMovingAverage(decay: 0.5).variablesToRestore(in: other)
    #expect(names.keys.sorted() == ["w/ExponentialMovingAverage"])
    try Saver(other).restore(fresh, from: prefix, names: names)
    #expect(try fresh.value(of: weights).scalars(as: Float.self) == [4, 2])
  }
}
