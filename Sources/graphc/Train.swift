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
  @Option(help: "A tensor to fetch in every step; the loss by default.")
  var fetch: String?
  @Option(help: "The loss; loss/loss:0 by default, and the collection losses for --events.")
  var loss: String?
  @Option(help: "A tensor to evaluate on the test images after training.")
  var eval: String?
  @Option(help: "Where to write a line step,loss for each step.")
  var log: String?
  @Option(
    help: "A folder for an event file: loss, gradients, weights and the graph, for TensorBoard.")
  var events: String?
  @Option(help: "Steps from one event with loss and gradients to the next.")
  var eventsEvery = 1
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
    guard eventsEvery > 0 else { throw ValidationError("--events-every must be positive") }
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
    let events = try events.map { folder in
      try TrainingEvents(
        folder, of: session, losses: lossesOfEvents(session), training: training.targets,
        evaluated: evaluated, images: (training.images, training.labels), data.test)
    }
    let losses = try run(
      training, session, data, total: steps ?? (epochs ?? 0) * perEpoch, events)
    // Before all that may fail.
    if let save { try saver(session).save(session, to: save) }
    options.printTiming(session)
    print(
      "trained \(losses.count) steps, \(fetched) is \(losses.last.map { "\($0)" } ?? "unknown")")
    if let log {
      let lines = ["step,loss"] + losses.enumerated().map { "\($0.offset),\($0.element)" }
      try FileSystem.writeAtomically(Array((lines.joined(separator: "\n") + "\n").utf8), to: log)
    }
    if let evaluated {
      let value = try session.run(
        evaluated,
        feeding: [training.images: data.test.images, training.labels: data.test.labels])
      print(
        "\(evaluated.name) on \(data.test.count) test images: "
          + value.elementsDescription(limit: 8))
    }
  }

  /// A saver of what has a value: the graph's own may have left variables out of the checkpoint, and
  /// what training gave must not be lost for them.
  private func saver(_ session: Session) -> Saver {
    let variables = session.graph.variables()
    let hasValue = session.withValues(ofVariablesNamed: variables.map(\.handle.node.sessionName)) {
      $0.map { $0 != nil }
    }
    let known = zip(variables, hasValue).filter(\.1).map(\.0)
    return known.count == variables.count
      ? Saver(session.graph) : Saver(session.graph, variables: known)
  }

  /// The name of what every step fetches.
  private var fetched: String { fetch ?? loss ?? "loss/loss:0" }

  /// The losses that events show: the one that is named, or the graph's own, or what is fetched.
  private func lossesOfEvents(_ session: Session) throws -> [Tensor] {
    if let loss { return [try session.tensor(named: loss)] }
    let losses = session.graph.items(in: .losses).compactMap { item -> Tensor? in
      if case .tensor(let tensor) = item { tensor } else { nil }
    }
    return losses.isEmpty ? [try session.tensor(named: fetched)] : losses
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
      loss: try session.tensor(named: fetched), targets: targets,
      constants: try set.map { text in
        let (name, value) = try assignment(text)
        return (try session.tensor(named: name), try session.scalar(value, for: name))
      })
  }

  private func run(
    _ training: Step, _ session: Session, _ data: DataSet, total: Int, _ events: TrainingEvents?
  ) throws -> [Float] {
    var losses: [Float] = []
    var bar = ProgressBar(total: total)
    var epoch = 0
    while losses.count < total {
      let split = shuffle ? data.train.shuffled(seed: UInt64(epoch)) : data.train
      for batch in try split.batches(of: batch) where losses.count < total {
        var feeds: Feeds = [training.images: batch.images, training.labels: batch.labels]
        for (tensor, value) in training.constants { feeds.feed(value, to: tensor) }
        let summary = losses.count % eventsEvery == 0 ? events?.summaries.step : nil
        let values = try session.run(
          [training.loss] + (summary.map { [$0] } ?? []), targets: training.targets,
          feeding: feeds, check: check)
        guard let loss = values[0].doubles?.first, values[0].count == 1 else {
          throw CommandError("\(fetched) has the shape \(values[0].shape), and is no one number")
        }
        losses.append(Float(loss))
        if let events, values.count > 1 {
          try events.writer.whileWritable { try $0.add(values[1], globalStep: losses.count) }
        }
        bar.show(losses.count, "\(fetched) \(Float(loss))")
      }
      epoch += 1
      try events?.epochEnded(session, step: losses.count)
    }
    try events?.writer.whileWritable { try $0.close() }
    bar.clear()
    return losses
  }
}
