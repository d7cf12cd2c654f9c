import Dataflow
import Foundation
import Testing

/// Training of whole nets, with every rewrite that keeps the bits and with none.
@Suite struct WholeNetTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "graphs")

  @Test(arguments: [
    ("residual-block", [4, 8, 8, 4], [4]), ("recurrent", [4, 3, 4], [4, 2]),
    ("attention", [4, 6, 8], [4, 6, 8]), ("autoencoder", [4, 20], [4, 20]),
  ])
  func threeStepsGiveTheSameBits(_ name: String, _ x: [Int], _ y: [Int]) throws {
    let file = Self.folder.appending(path: name + ".graph")
    let graph = try GraphFile.read(file.path)
    let sessions = [
      try Session(graph, contracts: [.exact]), try Session(graph),
      try Session(graph, optimizes: false),
    ]
    let variables = graph.variables()
    try sessions[0].run(graph.globalVariablesInitializer())
    for session in sessions.dropFirst() {
      for variable in variables { try session.set(variable, to: sessions[0].value(of: variable)) }
    }
    for step in 0..<3 {
      let target: any TensorConvertible =
        y.count == 1
        ? try TensorValue((0..<4).map { Int64(($0 + step) % 3) }, shape: [4])
        : try RuleCheck.numbers(y, seed: 50 + step)
      let results = try sessions.map { session in
        try session.run(
          fetching: ["loss:0"], targets: ["train"],
          feeding: [
            "x:0": RuleCheck.numbers(x, seed: 20 + step), "y:0": target, "training:0": true,
          ])
      }
      for result in results { #expect(RuleCheck.isSame(result[0], results[2][0]), "\(result)") }
      for variable in variables {
        let values = try sessions.map { try $0.value(of: variable) }
        for value in values { #expect(RuleCheck.isSame(value, values[2]), "\(variable.name)") }
      }
    }
  }
}
