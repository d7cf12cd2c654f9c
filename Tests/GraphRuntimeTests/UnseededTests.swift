import Dataflow
import Testing

/// Random ops whose seeds are both 0, as TensorFlow 1 writes them by default.
@Suite struct UnseededTests {
  private static let draws: [(name: String, draw: @Sendable (Graph) -> Tensor)] = [
    ("uniform", { $0.randomUniform([64]) }),
    ("uniform float64", { $0.randomUniform([64], dtype: .float64) }),
    ("integers", { $0.randomUniformInt([64], max: 1 << 30) }),
    ("int64", { $0.randomUniformInt([64], max: 1 << 60, dtype: .int64) }),
    ("normal", { $0.randomNormal([64]) }),
    ("truncated", { $0.truncatedNormal([64]) }),
    ("dropout", { Layers.dropout($0.constant([Float](repeating: 1, count: 64)), training: true) }),
  ]

  @Test(arguments: draws.indices, Session.BackendChoice.allCases)
  func eachOpAndSessionAndRunDrawsItsOwn(_ index: Int, _ backend: Session.BackendChoice) throws {
    let (name, draw) = Self.draws[index]
    let graph = Graph()
    let (a, b) = (draw(graph), draw(graph))
    var seen: [TensorValue] = []
    for _ in 0..<2 {
      let session = try Session(graph, backend: backend)
      for _ in 0..<2 {
        let (first, second) = try session.run((a, b))
        seen += [first, second]
      }
    }
    for (position, value) in seen.enumerated() {
      #expect(!seen[..<position].contains(value), "\(name): draw \(position) was seen before")
    }
  }

  @Test func aSeedOfTheGraphOrTheOpFixesTheStream() throws {
    for seedsGraph in [false, true] {
      let values = try (0..<2).map { _ in
        let graph = Graph()
        if seedsGraph { graph.setRandomSeed(3) }
        let x = graph.randomNormal([8], seed: seedsGraph ? nil : 5)
        return try Session(graph).run(x)
      }
      #expect(values[0] == values[1])
    }
  }

  @Test func theNumbersAreUniform() throws {
    let graph = Graph()
    let x = graph.randomUniform([100_000])
    let numbers = try Session(graph).run(x).scalars(as: Float.self)
    let mean = numbers.reduce(0.0) { $0 + Double($1) } / 100_000
    // Seven deviations of the mean of as many numbers.
    #expect(abs(mean - 0.5) < 0.0064)
  }
}
