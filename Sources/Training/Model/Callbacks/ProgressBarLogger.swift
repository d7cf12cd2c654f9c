import GraphTools

/// Prints a line for each epoch, and on a terminal a bar while it lasts.
public final class ProgressBarLogger: Callback {
  private var progress = TrainingProgress(epochs: 0, steps: 0)
  private var bar = ProgressBar(total: 0)
  private let title: String

  /// Lines that begin with a title, if it is not empty.
  public init(title: String = "") { self.title = title.isEmpty ? "" : title + ": " }

  /// Notes how many epochs there are.
  public func onTrainBegin(_ model: Model, _ progress: TrainingProgress) {
    self.progress = progress
  }

  /// Begins a bar.
  public func onEpochBegin(_ epoch: Int, _ model: Model) {
    bar = ProgressBar(total: progress.steps)
  }

  /// Moves it.
  public func onBatchEnd(_ batch: Int, loss: Double, _ model: Model) {
    bar.show(batch + 1, "loss: \(loss.decimals(4))")
  }

  /// Prints the epoch's numbers.
  public func onEpochEnd(_ epoch: Int, _ logs: [String: Double], _ model: Model) {
    bar.clear()
    var history = History()
    history.append(logs)
    let numbers = history.names.map { "\($0): \((logs[$0] ?? .nan).decimals(4))" }
    print(
      "\(title)epoch \(epoch + 1)/\(progress.epochs) - \(numbers.joined(separator: " - "))")
  }
}

extension Double {
  /// The number rounded to a fixed count of decimals; very large ones in powers of ten.
  package func decimals(_ count: Int) -> String {
    guard isFinite, abs(self) < 1e9 else { return "\(self)" }
    var scale = 1
    for _ in 0..<count { scale *= 10 }
    let scaled = Int((self * Double(scale)).rounded())
    if count == 0 { return "\(scaled)" }
    let fraction = String(abs(scaled) % scale)
    let zeros = String(repeating: "0", count: count - fraction.count)
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / scale).\(zeros)\(fraction)"
  }
}
