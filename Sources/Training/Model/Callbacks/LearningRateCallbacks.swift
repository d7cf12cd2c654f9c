import GraphCore
import GraphRuntime
import TensorCore

/// Sets a rate, or any other number that a variable holds, before each epoch.
///
///     let rate = model.graph.variable(0.1, name: "learning_rate", trainable: false)
///     try model.compile(optimizer: GradientDescentOptimizer(learningRate: rate), …)
///     try model.fit(…, callbacks: [LearningRateScheduler(rate) { epoch, rate in rate * 0.95 }])
///
/// A rate that follows the steps rather than the epochs is a `Schedule`, which needs no callback.
public final class LearningRateScheduler: Callback {
  private let rate: Variable
  private let schedule: (Int, Double) -> Double

  /// A rate by a function of the epoch, counted from 0, and of the rate before.
  public init(_ rate: Variable, _ schedule: @escaping (_ epoch: Int, _ rate: Double) -> Double) {
    (self.rate, self.schedule) = (rate, schedule)
  }

  /// Sets the epoch's rate.
  public func onEpochBegin(_ epoch: Int, _ model: Model) throws {
    let before = try model.session.value(of: rate).doubles?.first ?? 0
    let after = schedule(epoch, before)
    try model.session.set(
      rate, to: TensorValue(converting: [after], to: rate.dtype, shape: .scalar))
  }
}

/// Lowers a rate whenever a number has not improved for some epochs: `PlateauSchedule` after each.
public final class ReduceLearningRateOnPlateau: Callback {
  private let monitor: Monitor
  private var schedule: PlateauSchedule

  /// A rate that is lowered by a schedule.
  ///
  /// - Parameters:
  ///   - rate: a scalar variable that the optimizer takes as its rate.
  ///   - monitor: the number to watch.
  ///   - goal: which way it improves; accuracies grow by default, all else becomes less.
  ///   - factor: what the rate is multiplied by.
  ///   - patience: after how many epochs without improvement.
  ///   - minimumDelta: by how much a number must be better to count.
  ///   - cooldown: how many epochs to ignore after the rate was lowered.
  ///   - minimumRate: the rate is not lowered below it.
  public init(
    _ rate: Variable, monitor: String = "val_loss", goal: PlateauSchedule.Goal? = nil,
    factor: Double = 0.1, patience: Int = 10, minimumDelta: Double = 1e-4, cooldown: Int = 0,
    minimumRate: Double = 0
  ) {
    self.monitor = Monitor(monitor, goal: goal)
    schedule = PlateauSchedule(
      rate, goal: self.monitor.goal, factor: factor, patience: patience,
      minimumDelta: minimumDelta, cooldown: cooldown, minimumRate: minimumRate)
  }

  /// Lowers the rate if it is time.
  public func onEpochEnd(_ epoch: Int, _ logs: [String: Double], _ model: Model) throws {
    try schedule.observe(monitor.value(in: logs), in: model.session)
  }
}
