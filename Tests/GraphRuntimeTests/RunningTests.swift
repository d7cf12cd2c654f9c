import Dataflow
import Testing

@Suite struct RunningTests {
  @Test func computesElementwiseWithBroadcasts() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 3], name: "x")
    let b = graph.constant([10.0, 20, 30])
    let y = relu(x * 2 + b) - 1
    let session = try Session(graph)
    let value = try session.run(y, feeding: [x: [[1.0, 2, 3], [-10.0, -20, -5]]])
    #expect(try value.scalars(as: Float.self) == [11, 23, 35, -1, -1, 19])
  }

  @Test func reducesAlongEveryAxis() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, nil, nil], name: "x")
    let numbers = (0..<(3 * 5 * 7)).map { Float($0) }
    let value = try TensorValue(numbers, shape: [3, 5, 7])
    let session = try Session(graph)
    for axes in [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]] {
      for keep in [false, true] {
        let sum = reduceSum(x, axes: axes, keepDimensions: keep)
        let mean = reduceMean(x * 2, axes: axes, keepDimensions: keep) + 1
        let (got, got2) = try session.run((sum, mean), feeding: [x: value])
        var expected: [[Int]: Float] = [:]
        for i in 0..<3 {
          for j in 0..<5 {
            for k in 0..<7 {
              let key = [i, j, k].enumerated().map { axes.contains($0.offset) ? 0 : $0.element }
              expected[key, default: 0] += numbers[(i * 5 + j) * 7 + k]
            }
          }
        }
        let sorted = expected.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        let count = Float(axes.reduce(1) { $0 * [3, 5, 7][$1] })
        #expect(try got.scalars(as: Float.self) == sorted)
        let means = try got2.scalars(as: Float.self)
        for (a, b) in zip(means, sorted) { #expect(abs(a - (b * 2 / count + 1)) < 1e-4) }
      }
    }
  }

  @Test func multipliesMatricesInEveryOrientation() throws {
    let graph = Graph()
    let (m, n, k) = (51, 29, 77)
    let a = (0..<(m * k)).map { Float(($0 * 7) % 13) - 6 }
    let b = (0..<(k * n)).map { Float(($0 * 5) % 11) - 5 }
    let session = try Session(graph)
    let x = graph.placeholder(.float32, name: "a")
    let y = graph.placeholder(.float32, name: "b")
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
      func transposed(_ v: [Float], _ r: Int, _ c: Int) -> [Float] {
        (0..<(r * c)).map { v[($0 % r) * c + $0 / r] }
      }
      let z = relu(matmul(x, y, transposeA: ta, transposeB: tb) + 1)
      let av = try TensorValue(ta ? transposed(a, m, k) : a, shape: ta ? [k, m] : [m, k])
      let bv = try TensorValue(tb ? transposed(b, k, n) : b, shape: tb ? [n, k] : [k, n])
      let got = try session.run(z, feeding: [x: av, y: bv]).scalars(as: Float.self)
      for i in 0..<m {
        for j in 0..<n {
          var sum: Float = 0
          for p in 0..<k { sum += a[i * k + p] * b[p * n + j] }
          #expect(got[i * n + j] == max(0, sum + 1))
        }
      }
    }
  }

  @Test func trainsALineByGradientDescent() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 1], name: "x")
    let y = graph.placeholder(.float32, [nil, 1], name: "y")
    let w = graph.variable([[0.0]], name: "w")
    let b = graph.variable([0.0], name: "b")
    let loss = reduceMean(square(matmul(x, w.value) + b.value - y))
    let grads = gradients(of: loss, withRespectTo: [w, b])
    let steps = try zip([w, b], grads).map { variable, gradient in
      variable.assignSub(try #require(gradient) * 0.1)
    }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    for _ in 0..<500 {
      try session.run(steps, feeding: [x: [[0.0], [1], [2]], y: [[1.0], [3], [5]]])
    }
    #expect(abs(try session.value(of: w).scalar(as: Float.self) - 2) < 1e-3)
    #expect(abs(try session.value(of: b).scalar(as: Float.self) - 1) < 1e-3)
  }

  @Test func aPreparedRunTakesNewValues() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let twice = graph.placeholder(default: false, name: "twice")
    let y = select(twice, x * 2, x)
    let session = try Session(graph)
    let run = try session.prepare([y], feeding: [twice: true, x: [1.0, 2]])
    let values = [TensorValue(true), TensorValue([Float(3), 4])]
    #expect(try run.run(values)[0].scalars(as: Float.self) == [6, 8])
    #expect(throws: SessionError.self) { try run.run([TensorValue(false), values[1]]) }
    #expect(throws: SessionError.self) { try run.run([values[0], TensorValue([Float(1)])]) }
  }

  @Test func resultsHaveTheSameBitsAtEveryThreadCount() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 291], name: "x")
    let w = graph.constant(
      try TensorValue((0..<(291 * 77)).map { Float(($0 * 37) % 101) / 101 }, shape: [291, 77]))
    let y = elu(matmul(x, w) - 70)
    let fetches = [y, reduceMean(y, axes: [0]), reduceSum(y, axes: [1]), reduceSum(square(y))]
    let value = try TensorValue(
      (0..<(513 * 291)).map { Float(($0 * 53) % 211) / 211 }, shape: [513, 291])
    let one = try Session(graph, threads: 1).run(fetches, feeding: [x: value])
    for threads in [2, 8] {
      #expect(try Session(graph, threads: threads).run(fetches, feeding: [x: value]) == one)
    }
  }

  @Test func aValueReadBeforeAWriteKeepsIt() throws {
    let graph = Graph()
    let v = graph.variable([1.0, 2], name: "v")
    let before = v.value * 10
    let write = v.assignAdd([5.0, 5])
    let after = graph.controlDependencies([write]) { v.read() }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let values = try session.run([v.value, before, after], targets: [write])
    #expect(try values[0].scalars(as: Float.self) == [1, 2])
    #expect(try values[1].scalars(as: Float.self) == [10, 20])
    #expect(try values[2].scalars(as: Float.self) == [6, 7])
  }

  @Test func foldedNormalizationFollowsItsVariables() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let training = graph.placeholder(default: false, name: "training")
    let h = Layers.batchNormalization(
      Layers.dense(x, units: 3, name: "d"), momentum: 0.5, training: training)
    let session = try Session(graph)
    let plain = try Session(graph, optimizes: false)
    try session.run(graph.globalVariablesInitializer())
    let batch = try TensorValue((0..<20).map { Float(($0 * 7) % 5) }, shape: [5, 4])
    for _ in 0..<3 {
      for variable in graph.variables() {
        try plain.set(variable, to: session.value(of: variable))
      }
      let folded = try session.run(h, feeding: [x: batch]).scalars(as: Float.self)
      let direct = try plain.run(h, feeding: [x: batch]).scalars(as: Float.self)
      for (a, b) in zip(folded, direct) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b))) }
      try session.run(graph.collection(.updateOps), feeding: [x: batch, training: true])
    }
  }
}
