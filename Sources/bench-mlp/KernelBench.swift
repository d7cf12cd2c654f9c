import Dataflow

/// Single kernels, on machine code and on the CPU backend, whose products are OpenBLAS's, in turn.
struct KernelBench {
  let threads: Int

  private struct Work {
    let name: String
    /// The multiplications and additions of a product; nil where there is none.
    var operations: Double?
    let inputs: [[Int]]
    let build: (Graph, [Tensor]) -> Tensor
  }

  private static var all: [Work] {
    [
      Work(name: "2x+1 [1, 4]", inputs: [[1, 4]]) { _, x in 2 * x[0] + 1 },
      Work(name: "relu(a·b+a)·sigmoid(b)−a [1000000]", inputs: [[1_000_000], [1_000_000]]) { _, x in
        relu(x[0] * x[1] + x[0]) * sigmoid(x[1]) - x[0]
      },
      product(1024, 1024, 1024), product(513, 291, 77), dense(50, 300, 784), dense(513, 291, 77),
      convolution(56, 64, 64), convolution(29, 51, 37),
    ]
  }

  private static func product(_ m: Int, _ n: Int, _ k: Int) -> Work {
    Work(
      name: "x·w [\(m), \(n), \(k)]", operations: 2 * Double(m * n * k), inputs: [[m, k], [k, n]]
    ) { _, x in matmul(x[0], x[1]) }
  }

  private static func dense(_ m: Int, _ n: Int, _ k: Int) -> Work {
    Work(
      name: "elu(x·W + b) [\(m), \(n), \(k)]", operations: 2 * Double(m * n * k), inputs: [[m, k]]
    ) { graph, x in
      elu(
        matmul(x[0], graph.constant(TensorValue(repeating: Float(0.01), shape: [k, n])))
          + graph.constant(TensorValue(repeating: Float(0.1), shape: [n])))
    }
  }

  private static func convolution(_ side: Int, _ inputs: Int, _ outputs: Int) -> Work {
    Work(
      name: "relu(conv3x3 + b) [1, \(side), \(side), \(inputs)] to \(outputs)",
      operations: 18 * Double(side * side * inputs * outputs), inputs: [[1, side, side, inputs]]
    ) { graph, x in
      let filter = TensorValue(repeating: Float(0.01), shape: [3, 3, inputs, outputs])
      let product = x[0].apply(
        Ops.Conv2D.self, [graph.constant(filter)],
        ["strides": [1, 1, 1, 1].attribute, "padding": "SAME".attribute])
      return relu(
        product + graph.constant(TensorValue(repeating: Float(0.1), shape: [outputs])))
    }
  }

  /// Prints the best mean of 5 rounds for each kernel, on one backend and the other in each round.
  func run() throws {
    try runByName()
    for work in Self.all {
      let runs = try [Session.BackendChoice.llvm, .cpu].map { try prepared(work, $0) }
      var best = [Double](repeating: .infinity, count: runs.count)
      for _ in 0..<5 {
        for (number, run) in runs.enumerated() { best[number] = min(best[number], try time(run)) }
      }
      print(
        zip(["llvm", "cpu"], best).reduce("dataflow \(work.name):") { line, entry in
          let rate = work.operations.map { " (\(Int($0 / entry.1 / 1000)) GFLOP/s)" } ?? ""
          return line + " \(entry.0)_us=\((entry.1 * 1000).rounded() / 1000)\(rate)"
        })
    }
  }

  /// What a run costs whose feeds and fetches are found by their names.
  private func runByName() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [1, 4], name: "x")
    _ = identity(2 * x + 1, name: "y")
    let session = try Session(graph, threads: threads)
    let value = TensorValue(repeating: Float(0.5), shape: [1, 4])
    var best = Double.infinity
    for _ in 0..<5 {
      best = min(
        best, try time { _ = try session.run(fetching: ["y:0"], feeding: ["x:0": value]) })
    }
    print("dataflow 2x+1 [1, 4] by names: llvm_us=\((best * 1000).rounded() / 1000)")
  }

  /// A run in the caller's memory.
  private func prepared(_ work: Work, _ backend: Session.BackendChoice) throws -> () throws -> Void
  {
    let graph = Graph()
    let inputs = work.inputs.enumerated().map { number, shape in
      graph.placeholder(.float32, PartialShape(Shape(shape)), name: "x\(number)")
    }
    let output = work.build(graph, inputs)
    let session = try Session(graph, backend: backend, threads: threads)
    let values = work.inputs.map { shape in
      TensorValue(repeating: Float(0.5), shape: Shape(shape))
    }
    var feeds = Feeds()
    for (input, value) in zip(inputs, values) { feeds.feed(value, to: input) }
    let run = try session.prepare([output], feeding: feeds)
    let result = try run.run(values)[0]
    let from = values.map { value in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: value.byteCount, alignment: 64)
      value.withUnsafeBytes { copy.copyMemory(from: $0) }
      return UnsafeRawBufferPointer(copy)
    }
    let into = [
      UnsafeMutableRawBufferPointer.allocate(byteCount: result.byteCount, alignment: 64)
    ]
    return { try run.run(from: from, into: into) }
  }

  /// Microseconds of one run, from about 20 ms of them.
  private func time(_ run: () throws -> Void) throws -> Double {
    let clock = ContinuousClock()
    var count = 1
    while true {
      let start = clock.now
      for _ in 0..<count { try run() }
      let microseconds = (clock.now - start) / .microseconds(1)
      if microseconds > 20_000 { return microseconds / Double(count) }
      count *= 2
    }
  }
}
