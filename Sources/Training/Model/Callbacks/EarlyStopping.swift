import TensorCore

/// Ends a training when a number has not improved for some epochs, and puts the weights of the best
/// epoch back.
public final class EarlyStopping: Callback {
  private var monitor: Monitor
  private let patience: Int
  private let restoresBestWeights: Bool
  private var waiting = 0
  private var bestWeights: [TensorValue]?
  /// The best epoch, counted from 0; nil before the first.
  public private(set) var bestEpoch: Int?
  /// The epoch that the training ended after, if it was this that ended it.
  public private(set) var stoppedEpoch: Int?

  /// Stops after epochs without improvement.
  ///
  /// - Parameters:
  ///   - monitor: the number to watch.
  ///   - patience: after how many epochs without improvement.
  ///   - minimumDelta: by how much a number must be better to count.
  ///   - goal: which way it improves; accuracies grow by default, all else becomes less.
  ///   - restoresBestWeights: whether the model ends with the best epoch's weights, however it ends.
  public init(
    monitor: String = "val_loss", patience: Int = 0, minimumDelta: Double = 0,
    goal: PlateauSchedule.Goal? = nil, restoresBestWeights: Bool = true
  ) {
    self.monitor = Monitor(monitor, goal: goal, minimumDelta: minimumDelta)
    self.patience = patience
    self.restoresBestWeights = restoresBestWeights
  }

  /// Forgets an earlier training.
  public func onTrainBegin(_ model: Model, _ progress: TrainingProgress) {
    monitor = Monitor(monitor.name, goal: monitor.goal, minimumDelta: monitor.minimumDelta)
    (waiting, bestWeights, bestEpoch, stoppedEpoch) = (0, nil, nil, nil)
  }

  /// Keeps the weights of the best epoch, or counts.
  public func onEpochEnd(_ epoch: Int, _ logs: [String: Double], _ model: Model) throws {
    if try monitor.observe(logs) {
      (waiting, bestEpoch) = (0, epoch)
      if restoresBestWeights { bestWeights = try model.weights() }
      return
    }
    waiting += 1
    if waiting >= patience {
      stoppedEpoch = epoch
      model.stopTraining = true
    }
  }

  /// Puts the best weights back.
  public func onTrainEnd(_ model: Model) throws {
    if let bestWeights { try model.setWeights(bestWeights) }
    bestWeights = nil
  }
}
