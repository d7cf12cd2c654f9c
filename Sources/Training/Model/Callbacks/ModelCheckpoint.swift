/// Saves the model after epochs: each time it is the best so far, or every time.
public final class ModelCheckpoint: Callback {
  private let prefix: String
  private var monitor: Monitor
  private let savesBestOnly: Bool
  /// The epoch that was saved last, counted from 0.
  public private(set) var savedEpoch: Int?

  /// Saves under a prefix, which `Model(loading:)` takes.
  ///
  /// - Parameters:
  ///   - monitor: the number that says which epoch is best.
  ///   - goal: which way it improves; accuracies grow by default, all else becomes less.
  public init(
    _ prefix: String, monitor: String = "val_loss", goal: PlateauSchedule.Goal? = nil,
    savesBestOnly: Bool = true
  ) {
    self.prefix = prefix
    self.monitor = Monitor(monitor, goal: goal)
    self.savesBestOnly = savesBestOnly
  }

  /// Saves if it is time.
  public func onEpochEnd(_ epoch: Int, _ logs: [String: Double], _ model: Model) throws {
    if savesBestOnly, try !monitor.observe(logs) { return }
    try model.save(to: prefix)
    savedEpoch = epoch
  }
}
