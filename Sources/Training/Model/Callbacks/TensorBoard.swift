import GraphCore
import Persistence
import TensorCore

/// Writes what each epoch gave for TensorBoard, in Keras' folders and under its tags: `epoch_loss` in
/// `train` and in `validation`, so that both lie in one chart; the graph, and if asked the weights.
public final class TensorBoard: Callback {
  private let directory: String
  private let writesWeights: Bool
  private var train: FileWriter?
  private var validation: FileWriter?
  private var weights: Tensor?

  /// Writes into a folder, which is made if need be.
  ///
  /// - Parameter weights: whether to write the weights' distributions too.
  public init(_ directory: String, weights: Bool = false) {
    (self.directory, writesWeights) = (directory, weights)
  }

  /// Begins the file of training with the graph.
  public func onTrainBegin(_ model: Model, _ progress: TrainingProgress) throws {
    train = try FileWriter("\(directory)/train", graph: model.graph)
    if writesWeights, let loss = model.loss {
      weights =
        TrainingSummaries(
          model.graph, losses: [loss], training: model.trainStep.map { [$0] }
        ).weights
    }
  }

  /// Writes the epoch's numbers.
  public func onEpochEnd(_ epoch: Int, _ logs: [String: Double], _ model: Model) throws {
    let isValidation = { (name: String) in name.hasPrefix("val_") }
    let own = logs.filter { !isValidation($0.key) }.map { ("epoch_\($0.key)", $0.value) }
    try train?.whileWritable { writer in
      try writer.add(scalars: Dictionary(uniqueKeysWithValues: own), globalStep: epoch)
      if let weights { try writer.add(model.session.run(weights), globalStep: epoch) }
    }
    let other = logs.filter { isValidation($0.key) }
      .map { ("epoch_\($0.key.dropFirst("val_".count))", $0.value) }
    guard !other.isEmpty else { return }
    try train?.whileWritable { _ in
      let writer = try validation ?? FileWriter("\(directory)/validation")
      validation = writer
      try writer.add(scalars: Dictionary(uniqueKeysWithValues: other), globalStep: epoch)
    }
  }

  /// Ends the files.
  public func onTrainEnd(_ model: Model) throws {
    for writer in [train, validation] { try writer?.whileWritable { try $0.close() } }
    (train, validation) = (nil, nil)
  }
}
