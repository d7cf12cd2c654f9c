import ArgumentParser
import Dataflow

@main struct BenchMLP: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-mlp",
    abstract: "Times training steps and inference of classifiers: the best mean of 5 rounds.")

  @Option(help: "How many threads run a kernel.")
  var threads = 2
  @Option(help: "Batch sizes, separated by commas.")
  var batches = "1,50,256,1024"
  @Flag(help: "100 dense SELU layers of 100 units, batch 32, with the time to the first step.")
  var deep = false
  @Flag(help: "A net of 513, 291 and 77 units, which fit no vector and no cache line.")
  var offSize = false
  @Option(
    help: "Numbers of dense SELU layers, separated by commas: times of building to the first step.")
  var layers: String?
  @Option(help: "A number of small training steps instead: the memory that they take.")
  var steps: Int?
  @Option(help: "A number of graphs to build, train a step and drop instead: their memory.")
  var graphs: Int?
  @Option(
    help: "A folder to save into instead, from several threads; may be given to several processes.")
  var savings: String?
  @Option(help: "How often each thread saves.")
  var rounds = 100
  @Option(help: "How many threads save.")
  var savers = 16
  @Option(help: "The megabytes that each saves.")
  var megabytes = 1
  @Option(help: "A number of busy processes: the step beside them, with one thread and by default.")
  var busy: Int?
  @Option(help: "A number of sessions that take steps at the same time, beside one alone.")
  var sessions: Int?
  @Option(help: "A number of processes that take steps at the same time, beside one alone.")
  var processes: Int?
  @Option(help: "For how long each of these counts steps in a round.")
  var seconds = 1.0
  @Flag(help: ArgumentHelp(visibility: .hidden)) var answers = false
  @Flag(help: "Single kernels instead, on both backends.")
  var kernels = false
  @Option(help: "llvm or cpu.")
  var backend = Session.BackendChoice.llvm

  func run() throws {
    if kernels { return try KernelBench(threads: threads).run() }
    if let steps {
      guard steps >= 1 else { throw ValidationError("--steps must be at least 1") }
      return try Endurance(backend: backend, threads: threads).measure(steps: steps)
    }
    if let graphs {
      guard graphs >= 1 else { throw ValidationError("--graphs must be at least 1") }
      return try Endurance(backend: backend, threads: threads).measure(graphs: graphs)
    }
    if let savings {
      guard rounds >= 1, savers >= 1, (1...1 << 16).contains(megabytes) else {
        throw ValidationError("--rounds, --savers and --megabytes must be at least 1")
      }
      return try Savings(folder: savings, rounds: rounds, megabytes: megabytes).run(savers: savers)
    }
    if busy != nil || sessions != nil || processes != nil || answers { return try company() }
    if let layers {
      for text in layers.split(separator: ",") {
        guard let count = Int(text), count >= 1 else {
          throw ValidationError("\"\(text)\" is no number of layers")
        }
        try Growth(backend: backend, threads: threads).measure(layers: count)
      }
      return
    }
    if deep {
      let clock = ContinuousClock()
      let start = clock.now
      let net = Net(deep: true, inputs: 784)
      try measure(net, "selu100", 32) { session, feeds in
        try session.run(net.step, feeding: feeds)
        let seconds = (clock.now - start) / .seconds(1)
        print("dataflow selu100 build_and_first_step_s=\(rounded(seconds, 100))")
      }
      return
    }
    for text in batches.split(separator: ",") {
      guard let batch = Int(text), batch >= 1 else {
        throw ValidationError("\"\(text)\" is no batch size")
      }
      let net = offSize ? Net(units: [291, 77], inputs: 513) : Net(units: [300, 100], inputs: 784)
      try measure(net, offSize ? "mlp-off-size" : "mlp", batch) { session, feeds in
        try session.run(net.step, feeding: feeds)
      }
    }
  }

  /// Steps of the first batch size.
  private func company() throws {
    guard let batch = Int(batches.split(separator: ",").first ?? ""), batch >= 1,
      (busy ?? sessions ?? processes ?? 1) >= 1, seconds > 0
    else { throw ValidationError("--batches, the number and --seconds must be above 0") }
    let backend = backend
    let company = Company(seconds: seconds) { threads in
      let net = Net(units: [300, 100], inputs: 784)
      let session = try Session(net.graph, backend: backend, threads: threads)
      try session.run(net.initializer)
      let (images, labels, training) = try net.batch(of: batch)
      let step = try session.prepare(
        [], targets: net.step,
        feeding: [net.images: images, net.labels: labels, net.training: training])
      return { _ = try step.run([images, labels, training]) }
    }
    if answers { return try company.answer() }
    if let busy { try company.measure(beside: busy) }
    if let sessions { try company.measure(sessions: sessions) }
    if let processes {
      try company.measure(
        processes: processes,
        [
          "--answers", "--batches", "\(batch)", "--seconds", "\(seconds)", "--backend",
          "\(backend)",
        ])
    }
  }

  private func measure(
    _ net: Net, _ name: String, _ batch: Int, _ first: (Session, Feeds) throws -> Void
  ) throws {
    let session = try Session(net.graph, backend: backend, threads: threads)
    try session.run(net.initializer)
    let (images, labels, isTraining) = try net.batch(of: batch)
    let training: Feeds = [net.images: images, net.labels: labels, net.training: isTraining]
    try first(session, training)
    let count = max(20, Int(400 / (1 + Double(batch) / 50)))
    let step = try session.prepare([], targets: net.step, feeding: training)
    let train = try best(count) {
      _ = try step.run([images, labels, isTraining])
    }
    let logits = try session.prepare([net.logits], feeding: [net.images: images])
    let infer = try best(count) { _ = try logits.run([images]) }
    print(
      "dataflow \(name) batch=\(batch) train_us=\(rounded(train, 10)) "
        + "infer_us=\(rounded(infer, 10))")
  }

  /// Microseconds of one call: the best mean of 5 rounds.
  private func best(_ count: Int, _ body: () throws -> Void) throws -> Double {
    for _ in 0..<max(5, count / 10) { try body() }
    let clock = ContinuousClock()
    var best = Double.infinity
    for _ in 0..<5 {
      let start = clock.now
      for _ in 0..<count { try body() }
      best = min(best, (clock.now - start) / .microseconds(1) / Double(count))
    }
    return best
  }

  private func rounded(_ number: Double, _ parts: Double) -> Double {
    (number * parts).rounded() / parts
  }
}

extension Session.BackendChoice: ExpressibleByArgument {}

/// A classifier with its training step.
private struct Net {
  let graph = Graph()
  let inputs: Int
  let images: Tensor
  let labels: Tensor
  let training: Tensor
  let logits: Tensor
  let step: [any GraphElement]
  let initializer: Node

  /// Dense layers, each batch-normalised, or a hundred of 100 units with SELU.
  init(units: [Int] = [], deep: Bool = false, inputs: Int) {
    self.inputs = inputs
    let graph = graph
    let x = graph.placeholder(.float32, [nil, inputs], name: "X")
    let y = graph.placeholder(.int64, [nil], name: "y")
    let training = graph.placeholder(default: false, name: "training")
    var hidden = x
    if deep {
      for layer in 0..<100 {
        hidden = selu(Layers.dense(hidden, units: 100, name: "hidden\(layer)"))
      }
      logits = Layers.dense(hidden, units: 10, name: "outputs")
    } else {
      func normalized(_ t: Tensor) -> Tensor {
        Layers.batchNormalization(t, momentum: 0.9, training: training)
      }
      for (layer, count) in units.enumerated() {
        hidden = elu(normalized(Layers.dense(hidden, units: count, name: "hidden\(layer)")))
      }
      logits = normalized(Layers.dense(hidden, units: 10, name: "outputs"))
    }
    let loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
    let train = GradientDescentOptimizer(learningRate: 0.01).minimize(loss)
    (images, labels, self.training) = (x, y, training)
    step = [train] + graph.collection(.updateOps)
    initializer = graph.globalVariablesInitializer()
  }

  /// Images, labels and that they are to be trained on.
  func batch(of count: Int) throws -> (TensorValue, TensorValue, TensorValue) {
    let pixels = (0..<(count * inputs)).map { Float($0 * 7919 % 1000) / 1000 }
    return (
      try TensorValue(pixels, shape: [count, inputs]),
      TensorValue((0..<count).map { Int64($0 * 31 % 10) }), try true.tensorValue(as: .bool)
    )
  }
}
