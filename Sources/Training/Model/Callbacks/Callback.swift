import GraphRuntime

/// What `Model.fit` tells as it goes; each function does nothing unless a callback has its own.
public protocol Callback: AnyObject {
  /// Before the first epoch.
  func onTrainBegin(_ model: Model, _ progress: TrainingProgress) throws
  /// Before an epoch, counted from 0.
  func onEpochBegin(_ epoch: Int, _ model: Model) throws
  /// After a step, counted from 0 in its epoch, with the loss before it.
  func onBatchEnd(_ batch: Int, loss: Double, _ model: Model) throws
  /// After an epoch and its validation.
  func onEpochEnd(_ epoch: Int, _ logs: [String: Double], _ model: Model) throws
  /// After the last epoch.
  func onTrainEnd(_ model: Model) throws
}

extension Callback {
  /// Nothing.
  public func onTrainBegin(_ model: Model, _ progress: TrainingProgress) throws {}
  /// Nothing.
  public func onEpochBegin(_ epoch: Int, _ model: Model) throws {}
  /// Nothing.
  public func onBatchEnd(_ batch: Int, loss: Double, _ model: Model) throws {}
  /// Nothing.
  public func onEpochEnd(_ epoch: Int, _ logs: [String: Double], _ model: Model) throws {}
  /// Nothing.
  public func onTrainEnd(_ model: Model) throws {}
}

/// How long a training is.
public struct TrainingProgress: Sendable {
  /// The most epochs that it takes.
  public let epochs: Int
  /// The steps in each.
  public let steps: Int
}

/// A number that a callback watches from epoch to epoch.
struct Monitor {
  let name: String
  let goal: PlateauSchedule.Goal
  let minimumDelta: Double
  private(set) var best: Double?

  /// As Keras does, accuracies and areas are to grow unless another goal is given.
  init(_ name: String, goal: PlateauSchedule.Goal?, minimumDelta: Double = 0) {
    self.name = name
    let grows = name.contains("acc") || name.hasSuffix("auc")
    self.goal = goal ?? (grows ? .maximum : .minimum)
    self.minimumDelta = abs(minimumDelta)
  }

  /// The number among those of an epoch.
  func value(in logs: [String: Double]) throws(SessionError) -> Double {
    guard let value = logs[name] else {
      throw SessionError(
        "there is no \"\(name)\" to watch, only \(logs.keys.sorted().joined(separator: ", "))"
          + (name.hasPrefix("val_") ? "; give fit validation data" : ""))
    }
    return value
  }

  /// Takes note of an epoch; whether it is the best so far.
  mutating func observe(_ logs: [String: Double]) throws(SessionError) -> Bool {
    let value = try value(in: logs)
    guard !value.isNaN else { return false }
    if let best {
      let gain = goal == .minimum ? best - value : value - best
      guard gain > minimumDelta else { return false }
    }
    best = value
    return true
  }
}
