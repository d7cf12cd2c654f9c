import ArgumentParser
import Dataflow
import TensorFlowFormats

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains any graph that holds a training op.")

  @Argument(help: "A .meta file or a SavedModel's folder.")
  var meta: String
  @Option(help: "The checkpoint to start from; by default a SavedModel's own.")
  var checkpoint: String?
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
  @Option(help: "finite: stops at the first op that makes a NaN or an infinity.")
  var check: RunCheck?
  @OptionGroup var options: SessionOptions

  func validate() throws {
    guard (steps == nil) != (epochs == nil) else {
      throw ValidationError("give either --steps or --epochs")
    }
    if let count = steps ?? epochs, count < 0 {
      throw ValidationError("the number of steps or epochs must not be negative")
    }
  }

  func run() throws {
    guard checkpoint != nil || SavedModel.checkpoint(in: meta) != nil else {
      throw ValidationError("name the checkpoint to start from with --checkpoint")
    }
    // Found out now: after hours of training it would be too late.
    if let save {
      try FileSystem.makeDirectory(FileSystem.directory(of: save))
      try FileSystem.checkWritable(save + ".index")
    }
    if let log { try FileSystem.checkWritable(log) }
    let data = try DataSet.mnist(directory: dataset)
    let session = try options.session(opening: meta, checkpoint: checkpoint)
    let training = try training(session)
    // Asked before training, so that a wrong name costs nothing.
    let evaluated = try eval.map { try session.tensor(named: $0) }
    let perEpoch = (data.train.count + batch - 1) / max(batch, 1)
    let losses = try run(training, session, data, total: steps ?? (epochs ?? 0) * perEpoch)
    options.printTiming(session)
    print("trained \(losses.count) steps, \(fetch) is \(losses.last.map { "\($0)" } ?? "unknown")")
    if let evaluated {
      let value = try session.run(
        evaluated,
        feeding: [training.images: data.test.images, training.labels: data.test.labels])
      print(
        "\(evaluated.name) on \(data.test.count) test images: "
          + value.elementsDescription(limit: 8))
    }
    if let log {
      let lines = ["step,loss"] + losses.enumerated().map { "\($0.offset),\($0.element)" }
      try FileSystem.writeAtomically(Array((lines.joined(separator: "\n") + "\n").utf8), to: log)
    }
    if let save { try Saver(session.graph).save(session, to: save) }
  }

  /// What a step feeds, fetches and runs.
  private struct Step {
    let images: Tensor
    let labels: Tensor
    let loss: Tensor
    let targets: [any GraphElement]
    let constants: [(Tensor, TensorValue)]
  }

  private func training(_ session: Session) throws -> Step {
    var targets = session.graph.collection(.updateOps)
    if let trainOp {
      targets.append(try session.node(named: trainOp))
    } else {
      let found = session.graph.collection(.trainOp)
      guard !found.isEmpty else {
        throw CommandError("\(meta) has no collection train_op; name the op with --train-op")
      }
      targets += found
    }
    return Step(
      images: try session.tensor(named: image), labels: try session.tensor(named: label),
      loss: try session.tensor(named: fetch), targets: targets,
      constants: try set.map { text in
        let (name, value) = try assignment(text)
        return (try session.tensor(named: name), try session.scalar(value, for: name))
      })
  }

  private func run(_ training: Step, _ session: Session, _ data: DataSet, total: Int) throws
    -> [Float]
  {
    var losses: [Float] = []
    var bar = ProgressBar(total: total)
    var epoch = 0
    while losses.count < total {
      let split = shuffle ? data.train.shuffled(seed: UInt64(epoch)) : data.train
      for batch in try split.batches(of: batch) where losses.count < total {
        var feeds: Feeds = [training.images: batch.images, training.labels: batch.labels]
        for (tensor, value) in training.constants { feeds.feed(value, to: tensor) }
        let value = try session.run(
          training.loss, targets: training.targets, feeding: feeds, check: check)
        guard let loss = value.doubles?.first, value.count == 1 else {
          throw CommandError("\(fetch) has the shape \(value.shape); --fetch must name one number")
        }
        losses.append(Float(loss))
        bar.show(losses.count, "\(fetch) \(Float(loss))")
      }
      epoch += 1
    }
    bar.clear()
    return losses
  }
}
