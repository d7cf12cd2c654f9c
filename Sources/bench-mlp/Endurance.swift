import Dataflow
import Foundation

/// Whether memory stays the same over very many training steps.
struct Endurance {
  let backend: Session.BackendChoice
  let threads: Int

  /// Trains a small net by Adam, and prints the resident memory after a thousandth, a tenth and all of
  /// the steps.
  func measure(steps: Int) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 20], name: "X")
    let y = graph.placeholder(.int64, [nil], name: "y")
    let hidden = elu(Layers.dense(x, units: 16, name: "hidden"))
    let logits = Layers.dense(hidden, units: 10, name: "outputs")
    let loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
    let train = AdamOptimizer(learningRate: 0.001).minimize(loss)
    let session = try Session(graph, backend: backend, threads: threads)
    try session.run(graph.globalVariablesInitializer())
    let images = TensorValue(repeating: Float(0.5), shape: [4, 20])
    let labels = TensorValue((0..<4).map { Int64($0) })
    let step = try session.prepare([loss], targets: [train], feeding: [x: images, y: labels])
    let marks = [max(1, steps / 1000), max(1, steps / 10), steps]
    let clock = ContinuousClock()
    let start = clock.now
    for number in 1...steps {
      _ = try step.run([images, labels])
      if marks.contains(number) {
        print("dataflow steps=\(number) resident_kb=\(Self.residentKilobytes())")
      }
    }
    let microseconds = (clock.now - start) / .microseconds(1) / Double(steps)
    print("dataflow step_us=\((microseconds * 100).rounded() / 100)")
  }

  /// What the kernel says that the process has in memory now.
  private static func residentKilobytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
  }
}
