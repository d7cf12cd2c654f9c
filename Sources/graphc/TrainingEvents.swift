import Dataflow

/// The event file of a training: its graph, what each step says, and after each epoch the weights and
/// the test images' score.
struct TrainingEvents {
  let summaries: TrainingSummaries
  let writer: FileWriter
  private let evaluated: Tensor?
  private let feeds: Feeds

  /// Adds the summaries to the session's graph and begins the file.
  init(
    _ folder: String, of session: Session, losses: [Tensor], training: [any GraphElement],
    evaluated: Tensor?, images: (Tensor, Tensor), _ test: DataSet.Split
  ) throws {
    // Written before anything is added to it.
    writer = try FileWriter(folder, graph: session.graph)
    summaries = TrainingSummaries(
      session.graph, losses: losses, training: training.map(\.target))
    self.evaluated = evaluated
    feeds = evaluated == nil ? [:] : [images.0: test.images, images.1: test.labels]
  }

  /// Writes what is looked at once an epoch.
  func epochEnded(_ session: Session, step: Int) throws {
    try writer.whileWritable { writer in
      if let weights = summaries.weights {
        try writer.add(session.run(weights), globalStep: step)
      }
      guard let evaluated else { return }
      let value = try session.run(evaluated, feeding: feeds)
      guard value.count == 1, let number = value.doubles?.first else { return }
      try writer.add(scalars: [evaluated.node.name: number], globalStep: step)
    }
  }
}
