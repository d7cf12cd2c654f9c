import ArgumentParser
import Dataflow
import TensorFlowFormats

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains any graph that holds a training op.")

  @Argument(help: "A .meta file.")
  var meta: String
  @Option(help: "The checkpoint to start from.")
  var checkpoint: String
  @Option(help: "A folder with MNIST's four files; the package's digits by default.")
  var dataset: String?
  @Option(help: "The tensor to feed images to, pixels from 0 to 1.")
  var image: String
  @Option(help: "The tensor to feed labels to.")
  var label: String
  @Option(help: "NAME=true, false or a number: fed in every training step; may be repeated.")
  var set: [String] = []
  @Option(help: "The training op; the collection train_op by default.")
  var trainOp: String?
  @Option(help: "Images in one step.")
  var batch = 50
  @Option(help: "How many steps to train.")
  var steps: Int?
  @Option(help: "How often to go through the images.")
  var epochs: Int?
  @Flag(inversion: .prefixedNo, help: "Whether to take the images in another order each epoch.")
  var shuffle = true
  @Option(help: "A tensor to fetch in every step, such as the loss.")
  var fetch = "loss/loss:0"
  @Option(help: "A tensor to evaluate on the test images after training.")
  var eval: String?
  @Option(help: "Where to write a line step,loss for each step.")
  var log: String?
  @Option(help: "The prefix of the checkpoint to write.")
  var save: String?

  func run() throws {
    guard (steps == nil) != (epochs == nil) else {
      throw CommandError("give either --steps or --epochs")
    }
    let session = try Session.opening(meta, checkpoint: checkpoint)
    let graph = session.graph
    let (images, labels) = (try session.tensor(named: image), try session.tensor(named: label))
    let loss = try session.tensor(named: fetch)
    var targets = graph.collection(.updateOps)
    if let trainOp {
      targets.append(try session.node(named: trainOp))
    } else {
      let found = graph.collection(.trainOp)
      guard !found.isEmpty else {
        throw CommandError("\(meta) has no collection train_op; name the op with --train-op")
      }
      targets += found
    }
    let data = try DataSet.mnist(directory: dataset)
    let perEpoch = (data.train.count + batch - 1) / max(batch, 1)
    let total = steps ?? (epochs ?? 0) * perEpoch
    var lines = ["step,loss"]
    var step = 0
    var epoch = 0
    while step < total {
      let split = shuffle ? data.train.shuffled(seed: UInt64(epoch)) : data.train
      for batch in try split.batches(of: batch) where step < total {
        var feeds: Feeds = [images: batch.images, labels: batch.labels]
        for text in set {
          let (name, value) = try assignment(text)
          feeds.feed(try session.scalar(value, for: name), to: try session.tensor(named: name))
        }
        let value = try session.run(loss, targets: targets, feeding: feeds)
        lines.append("\(step),\(value.doubles?.first.map { "\(Float($0))" } ?? "")")
        step += 1
      }
      epoch += 1
    }
    print("trained \(total) steps, \(fetch) is \(lines.last?.split(separator: ",").last ?? "")")
    if let eval {
      let value = try session.run(
        session.tensor(named: eval),
        feeding: [images: data.test.images, labels: data.test.labels])
      print("\(eval) on \(data.test.count) test images: \(value.elementsDescription(limit: 8))")
    }
    if let log {
      try FileSystem.writeAtomically(Array((lines.joined(separator: "\n") + "\n").utf8), to: log)
    }
    if let save { try Saver(graph).save(session, to: save) }
  }
}
