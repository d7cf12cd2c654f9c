import Dataflow
import Testing

/// Matrix products against sums in double precision: an element of k terms is off by at most
/// k·eps·Σ|aᵢ·bᵢ|, with eps twice the rounding of one operation; integers are exact.
@Suite struct ProductTests {
  private struct Sizes: Sendable, CustomStringConvertible {
    let m: Int, n: Int, k: Int
    var description: String { "[\(m), \(n), \(k)]" }
  }

  /// Each size in each place beside ones that change from place to place.
  private static let sizes: [Sizes] = {
    let all = [1, 2, 5, 6, 7, 16, 17, 50, 77, 291, 513]
    var sizes: [Sizes] = []
    for (index, size) in all.enumerated() {
      let (a, b) = (all[(index * 3 + 1) % 9], all[(index * 5 + 2) % 10])
      sizes += [Sizes(m: size, n: a, k: b), Sizes(m: b, n: size, k: a), Sizes(m: a, n: b, k: size)]
    }
    return sizes + [
      Sizes(m: 1, n: 513, k: 291), Sizes(m: 291, n: 1, k: 513), Sizes(m: 1, n: 1, k: 513),
      Sizes(m: 513, n: 77, k: 50), Sizes(m: 13, n: 291, k: 513),
    ]
  }()

  /// The product of row-major matrices, and the sum of its terms' magnitudes.
  private func product(_ a: [Double], _ b: [Double], _ s: Sizes, _ ta: Bool, _ tb: Bool) -> (
    sums: [Double], magnitudes: [Double]
  ) {
    var sums = [Double](repeating: 0, count: s.m * s.n)
    var magnitudes = sums
    for i in 0..<s.m {
      for p in 0..<s.k {
        let x = ta ? a[p * s.m + i] : a[i * s.k + p]
        for j in 0..<s.n {
          let term = x * (tb ? b[j * s.k + p] : b[p * s.n + j])
          sums[i * s.n + j] += term
          magnitudes[i * s.n + j] += term.magnitude
        }
      }
    }
    return (sums, magnitudes)
  }

  private func expect(
    _ found: TensorValue, near sums: [Double], _ bounds: [Double], _ note: String
  ) throws {
    let numbers = try #require(found.doubles)
    #expect(numbers.count == sums.count)
    let wrong = numbers.indices.first { !((numbers[$0] - sums[$0]).magnitude <= bounds[$0]) }
    #expect(
      wrong == nil,
      "\(note): element \(wrong ?? 0) is \(numbers[wrong ?? 0]), not \(sums[wrong ?? 0])")
  }

  private static let flags = [(false, false), (true, false), (false, true), (true, true)]

  @Test(arguments: sizes) private func everySizeAndOrientation(_ s: Sizes) throws {
    let graph = Graph()
    let session = try Session(graph)
    for (dtype, eps) in [(DType.float32, 0x1p-23), (.float64, 0x1p-52), (.int32, 0)] {
      if dtype != .float32, s.m * s.n * s.k > 1_000_000 { continue }
      let x = graph.placeholder(dtype)
      let y = graph.placeholder(dtype)
      for (ta, tb) in Self.flags {
        let a = try Numbers.ordinary(ta ? [s.k, s.m] : [s.m, s.k], dtype, seed: 1)
        let b = try Numbers.ordinary(tb ? [s.n, s.k] : [s.k, s.n], dtype, seed: 2)
        let (sums, magnitudes) = product(a.doubles ?? [], b.doubles ?? [], s, ta, tb)
        let bounds = magnitudes.map { $0 * eps * Double(s.k) }
        let z = matmul(x, y, transposeA: ta, transposeB: tb)
        let found = try session.run(z, feeding: [x: a, y: b])
        try expect(found, near: sums, bounds, "\(dtype) \(s) \(ta) \(tb)")
        guard dtype == .float32 else { continue }
        // With what follows it: a bias and an activation, a shortcut.
        let bias = try Numbers.ordinary([s.n], seed: 3)
        let shortcut = try Numbers.ordinary([s.m, s.n], seed: 4)
        let extra = try #require(bias.doubles)
        let added = try #require(shortcut.doubles)
        let ends = [
          relu(biasAdd(z, graph.constant(bias))), z * 2 + graph.constant(shortcut),
        ]
        let finished: [TensorValue] = try session.run(ends, feeding: [x: a, y: b])
        let looser = zip(bounds, magnitudes).map { 2 * $0 + ($1 + 2) * eps }
        try expect(
          finished[0], near: sums.indices.map { max(0, sums[$0] + extra[$0 % s.n]) }, looser,
          "\(s) \(ta) \(tb) with bias")
        try expect(
          finished[1], near: sums.indices.map { 2 * sums[$0] + added[$0] }, looser,
          "\(s) \(ta) \(tb) with shortcut")
      }
    }
  }

  @Test(arguments: [
    Sizes(m: 77, n: 50, k: 17), Sizes(m: 5, n: 7, k: 1), Sizes(m: 1, n: 291, k: 50),
  ])
  private func aProductEndsInAVariable(_ s: Sizes) throws {
    let graph = Graph()
    let a = try Numbers.ordinary([s.k, s.m], seed: 1)
    let b = try Numbers.ordinary([s.k, s.n], seed: 2)
    let w = graph.variable(try Numbers.ordinary([s.m, s.n], seed: 3), name: "w")
    let start = try #require(Numbers.ordinary([s.m, s.n], seed: 3).doubles)
    let x = graph.placeholder(.float32)
    let y = graph.placeholder(.float32)
    let step = w.assignSub(matmul(x, y, transposeA: true) * 0.5)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.run([step], feeding: [x: a, y: b])
    let (sums, magnitudes) = product(a.doubles ?? [], b.doubles ?? [], s, true, false)
    try expect(
      session.value(of: w), near: sums.indices.map { start[$0] - sums[$0] / 2 },
      magnitudes.map { ($0 * Double(s.k) + 2) * 0x1p-23 }, "\(s)")
  }

  @Test func batchesBroadcast() throws {
    let graph = Graph()
    let cases: [([Int], [Int])] = [
      ([3], [3]), ([2, 1], [3]), ([], [4]), ([4], []), ([2, 3], [1, 3]), ([0], [0]), ([70], [70]),
    ]
    let s = Sizes(m: 5, n: 19, k: 7)
    let session = try Session(graph)
    let cpu = try Session(graph, backend: .cpu)
    for (left, right) in cases {
      for (ta, tb) in Self.flags {
        let a = try Numbers.whole(left + (ta ? [s.k, s.m] : [s.m, s.k]), seed: 1)
        let b = try Numbers.whole(right + (tb ? [s.n, s.k] : [s.k, s.n]), seed: 2)
        let x = graph.placeholder(.float32, PartialShape(a.shape.dimensions))
        let y = graph.placeholder(.float32, PartialShape(b.shape.dimensions))
        let z = batchMatMul(x, y, adjointX: ta, adjointY: tb)
        for fetch in [z, relu(z - 3)] {
          let found = try session.run(fetch, feeding: [x: a, y: b])
          let expected = try cpu.run(fetch, feeding: [x: a, y: b])
          let difference = BackendComparison.difference(found, expected)
          #expect(difference == nil, "\(left) \(right) \(ta) \(tb): \(difference ?? "")")
        }
      }
    }
  }

  @Test func noTermsGiveZerosAndWhatFollowsThem() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, nil])
    let y = graph.placeholder(.float32, [nil, nil])
    let z = matmul(x, y)
    let session = try Session(graph)
    for (m, n, k) in [(3, 4, 0), (0, 4, 3), (3, 0, 4), (1, 4, 0), (0, 0, 0)] {
      let feeds: Feeds = [
        x: TensorValue(zeros: [m, k], dtype: .float32),
        y: TensorValue(zeros: [k, n], dtype: .float32),
      ]
      let found: [TensorValue] = try session.run([z, z + 2], feeding: feeds)
      #expect(found[0].shape == [m, n] && found[0].doubles?.allSatisfy { $0 == 0 } == true)
      #expect(found[1].shape == [m, n] && found[1].doubles?.allSatisfy { $0 == 2 } == true)
    }
  }
}
