import Dataflow
import Testing

/// Dropout and noise: what they keep of mean and variance, and nets in which they stay on.
@Suite struct NoiseTests {
  private func moments(_ numbers: [Float]) -> (mean: Double, variance: Double) {
    let mean = numbers.reduce(0.0) { $0 + Double($1) } / Double(numbers.count)
    let squares = numbers.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, squares / Double(numbers.count))
  }

  @Test func alphaDropoutKeepsMeanAndVariance() throws {
    let graph = Graph()
    graph.setRandomSeed(4)
    let x = graph.randomNormal([50_000])
    let y = Layers.alphaDropout(x, rate: 0.3, training: true)
    let numbers = try Session(graph).run(y).scalars(as: Float.self)
    let (mean, variance) = moments(numbers)
    #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.03, "mean \(mean), variance \(variance)")
    // Dropped elements are all a·(−λα) + b, Keras's values for the rate 0.3.
    let (alpha, rate) = (-1.7580993408473766, 0.3)
    let a = 1 / ((1 - rate) * (1 + rate * alpha * alpha)).squareRoot()
    let dropped = Float(a * alpha - a * alpha * rate)
    let share = Double(numbers.count { abs($0 - dropped) < 1e-5 }) / 50_000
    #expect(abs(share - 0.3) < 0.01, "\(share) are dropped")
  }

  @Test func gaussianNoiseHasItsDeviationAndOnlyInTraining() throws {
    let graph = Graph()
    graph.setRandomSeed(4)
    let x = graph.placeholder(.float32, [nil], name: "x")
    let training = graph.placeholder(default: false, name: "training")
    let y = Layers.gaussianNoise(x, standardDeviation: 0.5, training: training)
    let session = try Session(graph)
    let ones = [Float](repeating: 1, count: 20_000)
    #expect(try session.run(y, feeding: [x: ones]).scalars(as: Float.self) == ones)
    let (mean, variance) = moments(
      try session.run(y, feeding: [x: ones, training: true]).scalars(as: Float.self))
    #expect(abs(mean - 1) < 0.02 && abs(variance - 0.25) < 0.01)
  }

  @Test func noiseShapesDropWholeChannels() throws {
    let graph = Graph()
    graph.setRandomSeed(8)
    let x = graph.ones([3, 4, 4, 6])
    let y = Layers.dropout(x, noiseShape: [nil, 1, 1, nil], training: true)
    let numbers = try Session(graph).run(y).scalars(as: Float.self)
    for image in 0..<3 {
      for channel in 0..<6 {
        let own = Set((0..<16).map { numbers[image * 96 + $0 * 6 + channel] })
        #expect(own.count == 1)
      }
    }
    #expect(Set(numbers) == [0, 2])
  }

  @Test func predictionsOfANetWhoseDropoutStaysOn() throws {
    let graph = Graph()
    graph.setRandomSeed(6)
    let x = graph.placeholder(.float32, [nil, 3], name: "x")
    let always = Layers.dropout(x, rate: 0.2, training: nil)
    let never = Layers.dropout(x, rate: 0.2)
    let session = try Session(graph)
    let feeds: Feeds = [x: [[Float(1), 2, 0], [4, -1, 1]]]
    let sampled = try session.predictions(of: always, samples: 400, feeding: feeds)
    #expect(sampled.count == 400)
    #expect(sampled.mean.shape == [2, 3])
    let expected: [Float] = [1, 2, 0, 4, -1, 1]
    let means = try sampled.mean.scalars(as: Float.self)
    let spreads = try sampled.standardDeviation.scalars(as: Float.self)
    for (place, value) in expected.enumerated() {
      // An element is x/0.8 or 0: its deviation is |x|·√(0.2/0.8).
      #expect(abs(means[place] - value) <= 0.1 * abs(value))
      #expect(abs(spreads[place] - abs(value) / 2) <= 0.05 * abs(value))
    }
    let fixed = try session.predictions(of: never, samples: 3, feeding: feeds)
    #expect(try fixed.mean.scalars(as: Float.self) == expected)
    #expect(try fixed.standardDeviation.scalars(as: Float.self) == [0, 0, 0, 0, 0, 0])
    #expect(throws: SessionError.self) {
      try session.predictions(of: never, samples: 0, feeding: feeds)
    }
  }
}
