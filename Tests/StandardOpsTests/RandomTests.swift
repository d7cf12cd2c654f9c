import Testing

import GraphCore
import TensorCore

import StandardOps

/// Philox streams against numbers that TensorFlow 2.21 drew with the same seeds.
@Suite struct PhiloxTests {
  private func filled<Scalar: Numeric>(
    _ count: Int, run: Int = 0, seed: UInt64 = 87_654_321, seed2: UInt64 = 4,
    _ fill: (Philox, UnsafeMutablePointer<Scalar>) -> Void
  ) -> [Scalar] {
    [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      if let base = buffer.baseAddress {
        fill(Philox(seed: seed, seed2: seed2, run: run, count: count), base)
      }
      initialized = count
    }
  }

  private func expectClose<Scalar: BinaryFloatingPoint>(
    _ found: [Scalar], _ expected: [Scalar], _ tolerance: Scalar,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (a, b) in zip(found, expected) {
      #expect(abs(a - b) <= tolerance * max(1, abs(b)), sourceLocation: sourceLocation)
    }
  }

  @Test func uniformNumbersHaveTensorFlowsBits() {
    let first: [Float] = filled(10) { $0.fillUniform($1, count: 10) }
    #expect(
      first == [
        0.956581711769104, 0.2668107748031616, 0.9977977275848389, 0.8458930253982544,
        0.03018367290496826, 0.2894688844680786, 0.7191261053085327, 0.8404085636138916,
        0.3202887773513794, 0.27541375160217285,
      ])
    let second: [Float] = filled(10, run: 1) { $0.fillUniform($1, count: 10) }
    #expect(
      second.prefix(4) == [
        0.263299822807312, 0.2518141269683838, 0.3889443874359131, 0.6080418825149536,
      ])
    let doubles: [Double] = filled(10) { $0.fillUniform($1, count: 10) }
    #expect(
      doubles == [
        0.6526541435472868, 0.9823827740659807, 0.241469409855956, 0.7530093692995767,
        0.5623103236321616, 0.32324960458819185, 0.4044928346217993, 0.19148232503289364,
        0.3619955128631438, 0.7558426933594622,
      ])
  }

  @Test func uniformIntegersHaveTensorFlowsBits() {
    let narrow: [Int32] = filled(10) { $0.fillUniform($1, from: -5, to: 1000, count: 10) }
    #expect(narrow == [455, 579, 793, 988, 570, 388, 38, 144, 475, 766])
    let wide: [Int64] = filled(10) {
      $0.fillUniform($1, from: -(1 << 60), to: 1 << 62, count: 10)
    }
    #expect(
      wide == [
        1_775_023_928_305_676_613, -5_552_288_454_166_570, -638_089_129_174_508_273,
        3_272_870_641_490_725_971, 874_613_957_261_328_185, 1_658_005_677_835_365_383,
        1_910_278_184_265_742_541, 1_530_225_519_459_766_351, 2_202_467_158_899_149_499,
        2_454_008_946_338_043_886,
      ])
  }

  @Test func normalNumbersAreTensorFlows() {
    let floats: [Float] = filled(10) { $0.fillNormal($1, count: 10) }
    expectClose(
      floats,
      [
        0.29629603028297424, -0.031413234770298004, -0.05471060797572136, 0.037631791085004807,
        2.5649778842926025, -0.6494582891464233, -0.6845234036445618, 0.4368807375431061,
        1.4897977113723755, -0.2399325966835022,
      ], 1e-6)
    let doubles: [Double] = filled(10, run: 1) { $0.fillNormal($1, count: 10) }
    expectClose(
      doubles, [1.365214980838145, 1.6178103027597275, -0.32071227595436397, 0.4004541192948069],
      1e-12)
  }

  @Test func truncatedNumbersAreTensorFlows() {
    let floats: [Float] = filled(10) { $0.fillTruncatedNormal($1, count: 10) }
    expectClose(
      floats,
      [
        0.29629603028297424, -0.031413234770298004, -0.05471060797572136, 0.037631791085004807,
        -1.1336157321929932, -0.01587914302945137, 0.13946153223514557, 1.2701311111450195,
        0.4403932988643646, -0.18110741674900055,
      ], 1e-6)
    let doubles: [Double] = filled(10) { $0.fillTruncatedNormal($1, count: 10) }
    expectClose(
      doubles,
      [
        -0.1020494103762314, 0.9181512852290497, 1.3283499134299344, -0.04021484247576606,
        -0.40199565686272215, -1.72844370225318, -0.22046203433041803, -0.6318803885406644,
        -1.7946999414192244, 0.8217720750312563,
      ], 1e-12)
  }

  @Test func longRunsEndAsTensorFlows() {
    let count = 100_003
    let truncated: [Float] = filled(count, run: 1, seed: 3, seed2: 9) {
      $0.fillTruncatedNormal($1, count: count)
    }
    expectClose(
      Array(truncated.suffix(3)), [0.40983569622039795, 0.13354307413101196, -1.154775857925415],
      1e-6)
    let uniform: [Float] = filled(count, run: 1, seed: 3, seed2: 9) {
      $0.fillUniform($1, count: count)
    }
    #expect(
      uniform.suffix(3) == [0.8916521072387695, 0.14728939533233643, 0.08507430553436279])
    #expect(uniform.reduce(0) { $0 + Double($1) } == 50127.69723045826)
  }

  @Test func sharesFillWhatTheWholeDoes() {
    let whole: [Float] = filled(40) { $0.fillTruncatedNormal($1, count: 40) }
    let shares: [Float] = filled(40) { stream, output in
      stream.fillTruncatedNormal(output, count: 16)
      stream.fillTruncatedNormal(output + 16, offset: 16, count: 24)
    }
    #expect(whole == shares)
  }
}

@Suite struct RandomBuilderTests {
  private func seeds(_ node: Node?) -> [Int] {
    [AttributeKey<Int>("seed"), AttributeKey<Int>("seed2")].compactMap { node?[$0] }
  }

  @Test func namesAreTensorFlows() {
    let graph = Graph()
    _ = graph.randomUniform([2, 3], min: 1, max: 3, seed: 4)
    _ = graph.randomUniform([2, 3])
    _ = graph.randomUniformInt([2, 3], max: 10)
    _ = graph.randomNormal([2], mean: 1, standardDeviation: 2)
    #expect(
      graph.operations.map(\.name) == [
        "random_uniform/shape", "random_uniform/min", "random_uniform/max",
        "random_uniform/RandomUniform", "random_uniform/sub", "random_uniform/mul",
        "random_uniform", "random_uniform_1/shape", "random_uniform_1/RandomUniform",
        "random_uniform_2/shape", "random_uniform_2/min", "random_uniform_2/max",
        "random_uniform_2", "random_normal/shape", "random_normal/mean", "random_normal/stddev",
        "random_normal/RandomStandardNormal", "random_normal/mul", "random_normal",
      ])
    #expect(graph.errors.isEmpty)
    #expect(graph.tensor(named: "random_uniform")?.shape == [2, 3])
    #expect(seeds(graph.operation(named: "random_uniform/RandomUniform")) == [87_654_321, 4])
    #expect(seeds(graph.operation(named: "random_uniform_1/RandomUniform")) == [0, 0])
  }

  @Test func seedsFollowTheGraphs() {
    let first = Graph()
    first.setRandomSeed(42)
    _ = first.randomUniform([2], name: "a")
    let second = Graph()
    second.setRandomSeed(42)
    _ = second.constant(1.0)
    _ = second.randomUniform([2], name: "a")
    _ = second.randomUniform([2], name: "b")
    let a = seeds(first.operation(named: "a/RandomUniform"))
    #expect(a == seeds(second.operation(named: "a/RandomUniform")))
    #expect(a != seeds(second.operation(named: "b/RandomUniform")))
    let counted = Graph()
    counted.setRandomSeed(42, mode: .tf1)
    _ = counted.randomUniform([2])
    #expect(seeds(counted.operation(named: "random_uniform/RandomUniform")) == [42, 1])
  }

  @Test func anEmptyRangeIsAMistake() {
    let graph = Graph()
    _ = graph.randomUniformInt([2], min: 3, max: 3)
    #expect(graph.errors.count == 1)
  }
}
