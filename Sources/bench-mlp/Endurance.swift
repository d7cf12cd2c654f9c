import Dataflow
import Foundation

/// Whether memory stays the same over very many training steps.
struct Endurance {
  let backend: Session.BackendChoice
  let threads: Int

  /// Trains a small net by Adam, and prints the resident memory after a thousandth, a tenth and all of
  /// the steps.
  func measure(steps: Int) throws {
    let step = try prepared()
    let marks = [max(1, steps / 1000), max(1, steps / 10), steps]
    let clock = ContinuousClock()
    let start = clock.now
    for number in 1...steps {
      _ = try step.run([Self.images, Self.labels])
      if marks.contains(number) {
        print("dataflow steps=\(number) resident_kb=\(Self.residentKilobytes())")
      }
    }
    let microseconds = (clock.now - start) / .microseconds(1) / Double(steps)
    print("dataflow step_us=\((microseconds * 100).rounded() / 100)")
  }

  /// Builds a graph, trains a step of it and drops it, over and over; prints the resident memory after a
  /// tenth and all of the graphs.
  func measure(graphs: Int) throws {
    for number in 1...graphs {
      _ = try prepared().run([Self.images, Self.labels])
      if number == max(1, graphs / 10) || number == graphs {
        print("dataflow graphs=\(number) resident_kb=\(Self.residentKilobytes())")
      }
    }
  }

  private static let images = TensorValue(repeating: Float(0.5), shape: [4, 20])
  private static let labels = TensorValue((0..<4).map { Int64($0) })

  /// A training step of a new graph, on a session of its own.
  private func prepared() throws -> PreparedRun {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 20], name: "X")
    let y = graph.placeholder(.int64, [nil], name: "y")
    let hidden = elu(Layers.dense(x, units: 16, name: "hidden"))
    let logits = Layers.dense(hidden, units: 10, name: "outputs")
    let loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
    let train = AdamOptimizer(learningRate: 0.001).minimize(loss)
    let session = try Session(graph, backend: backend, threads: threads)
    try session.run(graph.globalVariablesInitializer())
    return try session.prepare(
      [loss], targets: [train], feeding: [x: Self.images, y: Self.labels])
  }

  /// What the kernel says that the process has in memory now.
  private static func residentKilobytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
  }
}
