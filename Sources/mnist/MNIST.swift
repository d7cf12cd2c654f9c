import ArgumentParser
import Dataflow

@main struct MNIST: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mnist",
    abstract: "Trains a batch-normalised classifier on handwritten digits, and saves it.")

  @Option(help: "A folder with the four MNIST or Fashion-MNIST files; 5,000 digits by default.")
  var data: String?
  @Option(help: "How often to go through the training images.")
  var epochs = 40
  @Option(help: "Images in one step.")
  var batch = 50
  @Option(help: "The seed of the initial weights and of the order of the images.")
  var seed = 42
  @Option(help: "The prefix of the checkpoint to write.")
  var save = "my_model_final.ckpt"
  @Option(help: "A folder for an event file, which TensorBoard shows.")
  var events: String?

  func run() throws {
    let graph = Graph()
    graph.setRandomSeed(seed)
    let x = graph.placeholder(.float32, [nil, 784], name: "X")
    let y = graph.placeholder(.int64, [nil], name: "y")
    let training = graph.placeholder(default: false, name: "training")

    func batchNorm(_ t: Tensor) -> Tensor {
      Layers.batchNormalization(t, momentum: 0.9, training: training)
    }
    let hidden1 = elu(batchNorm(Layers.dense(x, units: 300, name: "hidden1")))
    let hidden2 = elu(batchNorm(Layers.dense(hidden1, units: 100, name: "hidden2")))
    let logits = identity(
      batchNorm(Layers.dense(hidden2, units: 10, name: "outputs")), name: "logits")

    let loss = graph.nameScope("loss") {
      reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits), name: "loss")
    }
    let train = graph.nameScope("train") {
      GradientDescentOptimizer(learningRate: 0.01).minimize(loss)
    }
    let accuracy = graph.nameScope("eval") {
      reduceMean(cast(inTopK(logits, y, k: 1), .float32), name: "accuracy")
    }

    let digits = try DataSet.mnist(directory: data)
    let test: Feeds = [x: digits.test.images, y: digits.test.labels]
    let initializer = graph.globalVariablesInitializer()
    let saver = Saver(graph)
    let session = try Session(graph)
    try session.run(initializer)
    let writer = try events.map { try FileWriter($0, graph: graph) }
    let summaries = events.map { _ in TrainingSummaries(graph, losses: [loss]) }
    var step = 0

    let clock = ContinuousClock()
    for epoch in 0..<epochs {
      let start = clock.now
      var losses: [Float] = []
      for batch in try digits.train.shuffled(seed: UInt64(seed + epoch)).batches(of: batch) {
        let values = try session.run(
          [loss] + (summaries?.step.map { [$0] } ?? []),
          targets: [train] + graph.collection(.updateOps),
          feeding: [x: batch.images, y: batch.labels, training: true])
        losses.append(try values[0].scalar())
        step += 1
        try writer?.whileWritable { try $0.add(values[1], globalStep: step) }
      }
      let mean = losses.reduce(0, +) / Float(max(losses.count, 1))
      let score = try session.run(accuracy, feeding: test).scalar(as: Float.self)
      if let weights = summaries?.weights {
        try writer?.whileWritable {
          try $0.add(session.run(weights), globalStep: step)
          try $0.add(scalars: ["accuracy": Double(score)], globalStep: step)
        }
      }
      let seconds = (clock.now - start) / .seconds(1)
      print(
        "epoch \(epoch + 1)/\(epochs)  loss \(decimals(mean, 4))"
          + "  test accuracy \(decimals(score, 4))  \(decimals(Float(seconds), 2)) s")
    }
    let score = try session.run(accuracy, feeding: test).scalar(as: Float.self)
    try saver.save(session, to: save)
    try writer?.whileWritable { try $0.close() }
    print(
      """
      saved \(save); to look at it:
        graphc dump \(save).meta
        graphc dump \(save).meta --optimized --fetch logits:0 --feed X:0=50,784
        graphc checkpoint \(save)
      test accuracy: \(decimals(score, 4))
      """)
  }

  /// The number rounded to a fixed count of decimals.
  private func decimals(_ number: Float, _ count: Int) -> String {
    var scale = 1
    for _ in 0..<count { scale *= 10 }
    let scaled = Int((Double(number) * Double(scale)).rounded())
    let fraction = String(abs(scaled) % scale)
    let zeros = String(repeating: "0", count: count - fraction.count)
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / scale).\(zeros)\(fraction)"
  }
}
