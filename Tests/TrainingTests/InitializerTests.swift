import Dataflow
import Testing

/// Initializers against the values that TensorFlow 2.21 draws for the same seeds.
@Suite struct InitializerTests {
  private static let initializers: [String: Initializer] = {
    var all: [String: Initializer] = [
      "zeros": .zeros, "ones": .ones, "constant": .constant(0.3), "identity": .identity(),
      "identity-wide": .identity(gain: 2), "identity-tall": .identity(gain: 2),
      "random_uniform": .randomUniform(seed: 7),
      "random_uniform-range": .randomUniform(min: -0.05, max: 0.05, seed: 7),
      "random_normal": .randomNormal(seed: 7),
      "random_normal-mean": .randomNormal(mean: 1, standardDeviation: 0.5, seed: 7),
      "truncated_normal": .truncatedNormal(seed: 7),
      "variance_scaling-vector": .varianceScaling(seed: 7),
      "glorot_normal": .glorotNormal(seed: 7), "glorot_uniform": .glorotUniform(seed: 7),
      "he_normal": .heNormal(seed: 7), "he_uniform": .heUniform(seed: 7),
      "lecun_normal": .lecunNormal(seed: 7), "lecun_uniform": .lecunUniform(seed: 7),
      "orthogonal-tall": .orthogonal(seed: 7), "orthogonal-wide": .orthogonal(gain: 2, seed: 7),
      "orthogonal-kernel": .orthogonal(seed: 7), "orthogonal-square": .orthogonal(seed: 7),
    ]
    let fans: [(String, Initializer.Fan)] = [
      ("fan_in", .fanIn), ("fan_out", .fanOut), ("fan_avg", .fanAverage),
    ]
    let distributions: [(String, Initializer.Distribution)] = [
      ("truncated_normal", .truncatedNormal), ("untruncated_normal", .untruncatedNormal),
      ("uniform", .uniform),
    ]
    for (fan, mode) in fans {
      for (name, distribution) in distributions {
        all["variance_scaling-\(fan)-\(name)"] = .varianceScaling(
          scale: 1.5, mode: mode, distribution: distribution, seed: 7)
      }
    }
    return all
  }()

  private func start(_ initializer: Initializer, _ shape: [Int]) throws -> TensorValue {
    let graph = Graph()
    graph.setRandomSeed(42, mode: .tf1)
    let variable = graph.getVariable("w", shape: Shape(shape), initializer: initializer)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    return try session.value(of: variable)
  }

  @Test func theyDrawTensorFlowsNumbers() throws {
    let reference = try Reference("initializers", as: ReferenceTensor.self)
    #expect(Set(reference.cases.keys) == Set(Self.initializers.keys))
    for (name, initializer) in Self.initializers.sorted(by: { $0.key < $1.key }) {
      let expected = try reference(name)
      // The numbers are within 1e-6; a factorization of them within what it makes of that.
      let tolerance = name.hasPrefix("orthogonal") ? 1e-5 : 1e-6
      try expectEqual(
        start(initializer, expected.shape), expected, name, tolerance: tolerance)
    }
  }

  @Test(arguments: [[7, 4], [3, 8], [2, 2, 3, 5], [40, 40], [1, 1]])
  func orthogonalColumnsOrRowsAre(_ shape: [Int]) throws {
    let numbers = try #require(try start(.orthogonal(), shape).doubles)
    let columns = shape[shape.count - 1]
    let rows = numbers.count / columns
    // Qᵀ·Q or Q·Qᵀ, whichever is smaller, is the identity.
    let isWide = rows < columns
    for a in 0..<min(rows, columns) {
      for b in 0..<min(rows, columns) {
        let product = (0..<max(rows, columns)).reduce(0.0) { sum, k in
          sum
            + (isWide
              ? numbers[a * columns + k] * numbers[b * columns + k]
              : numbers[k * columns + a] * numbers[k * columns + b])
        }
        #expect(abs(product - (a == b ? 1 : 0)) < 1e-6, "orthogonal \(shape): \(a) by \(b)")
      }
    }
  }

  @Test func factorsOfMatricesMultiplyToThem() throws {
    let graph = Graph()
    graph.setRandomSeed(1)
    for (shape, full) in [([2, 5, 3], false), ([5, 3], true), ([3, 5], false), ([3, 5], true)] {
      let x = graph.randomNormal(Shape(shape))
      let (q, r) = qr(x, fullMatrices: full)
      let session = try Session(graph)
      let (product, own, triangle) = try session.run((matmul(q, r), x, r))
      let (a, b) = (try #require(product.doubles), try #require(own.doubles))
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }, "\(shape) full: \(full)")
      let isTall = shape[shape.count - 2] > shape[shape.count - 1]
      #expect(triangle.shape.dimensions.suffix(2).first == (full || !isTall ? (isTall ? 5 : 3) : 3))
    }
  }

  @Test func seedsFollowFromNamesByDefault() throws {
    func start(_ others: Int) throws -> TensorValue {
      let graph = Graph()
      graph.setRandomSeed(5)
      for index in 0..<others { _ = graph.getVariable("other\(index)", shape: [3]) }
      let variable = graph.getVariable("w", shape: [3, 4], initializer: .heNormal())
      let session = try Session(graph)
      try session.run(graph.globalVariablesInitializer())
      return try session.value(of: variable)
    }
    #expect(try start(0) == start(3))
  }

  @Test func shapesThatDoNotFitAreReported() throws {
    let graph = Graph()
    _ = graph.getVariable("a", shape: [3], initializer: .orthogonal())
    _ = graph.getVariable("b", shape: [3, 3, 3], initializer: .identity())
    _ = graph.getVariable("c", shape: [3], initializer: .varianceScaling(scale: 0))
    let messages = graph.errors.map(\.description)
    #expect(messages.count == 3)
    #expect(messages[0].contains("rank 2 or more"))
    #expect(messages[0].contains("InitializerTests"))
  }
}
