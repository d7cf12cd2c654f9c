import Dataflow
import Foundation

/// How building, differentiating, compiling and the first step grow with the number of layers.
struct Growth {
  let backend: Session.BackendChoice
  let threads: Int

  /// Measures a chain of dense layers of 100 units with SELU, batch 32, trained by gradient descent.
  func measure(layers: Int) throws {
    Self.resetPeak()
    var clock = Stopwatch()
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 100], name: "X")
    let y = graph.placeholder(.int64, [nil], name: "y")
    var hidden = x
    for layer in 0..<layers {
      hidden = selu(Layers.dense(hidden, units: 100, name: "hidden\(layer)"))
    }
    let logits = Layers.dense(hidden, units: 10, name: "outputs")
    let loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
    let build = clock.lap()
    let train = GradientDescentOptimizer(learningRate: 0.01).minimize(loss)
    let initializer = graph.globalVariablesInitializer()
    let differentiate = clock.lap()
    let session = try Session(graph, backend: backend, threads: threads)
    try session.run(initializer)
    let initialize = clock.lap()
    let images = TensorValue(repeating: Float(0.5), shape: [32, 100])
    let labels = TensorValue((0..<32).map { Int64($0 % 10) })
    let step = try session.prepare([loss], targets: [train], feeding: [x: images, y: labels])
    let compile = clock.lap()
    let found = try step.run([images, labels])[0].scalar(as: Float.self)
    let first = clock.lap()
    print(
      "dataflow layers=\(layers) nodes=\(graph.count) build_s=\(build) "
        + "differentiate_s=\(differentiate) initialize_s=\(initialize) compile_s=\(compile) "
        + "first_step_s=\(first) total_s=\(clock.total) peak_mb=\(Self.peakMegabytes()) "
        + "loss=\(found)")
  }

  /// Forgets the greatest memory use so far, so that the next size is measured alone.
  static func resetPeak() {
    try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
  }

  static func peakMegabytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) / 1024
  }
}

/// Seconds between laps, in thousandths.
private struct Stopwatch {
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now

  mutating func lap() -> Double {
    let now = ContinuousClock.now
    defer { last = now }
    return Self.seconds(now - last)
  }

  var total: Double { Self.seconds(ContinuousClock.now - start) }

  private static func seconds(_ duration: Duration) -> Double {
    (duration / .milliseconds(1)).rounded() / 1000
  }
}
