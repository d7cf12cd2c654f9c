import GraphCore
import GraphRuntime
import TensorCore

/// Lowers a rate, held by a variable, whenever a watched number has not improved for some time;
/// Keras' `ReduceLROnPlateau`.
///
///     let rate = graph.variable(0.1, name: "learning_rate", trainable: false)
///     let train = GradientDescentOptimizer(learningRate: rate).minimize(loss)
///     var plateau = PlateauSchedule(rate, patience: 5)
///     // after each epoch
///     try plateau.observe(validationLoss, in: session)
public struct PlateauSchedule: Sendable {
  /// Which way the watched number improves.
  public enum Goal: Sendable {
    /// Less is better: a loss.
    case minimum
    /// More is better: an accuracy.
    case maximum
  }

  private let rate: Variable
  private let goal: Goal
  private let factor: Double
  private let patience: Int
  private let minimumDelta: Double
  private let cooldown: Int
  private let minimumRate: Double
  /// The best number so far, nil before the first.
  public private(set) var best: Double?
  private var waiting = 0
  private var cooling = 0

  /// A schedule with Keras' defaults.
  ///
  /// - Parameters:
  ///   - rate: a scalar variable that an optimizer takes as its rate.
  ///   - factor: what the rate is multiplied by.
  ///   - patience: after how many observations without improvement.
  ///   - minimumDelta: by how much a number must be better to count.
  ///   - cooldown: how many observations to ignore after the rate was lowered.
  ///   - minimumRate: the rate is not lowered below it.
  public init(
    _ rate: Variable, goal: Goal = .minimum, factor: Double = 0.1, patience: Int = 10,
    minimumDelta: Double = 1e-4, cooldown: Int = 0, minimumRate: Double = 0
  ) {
    self.rate = rate
    self.goal = goal
    self.factor = factor
    self.patience = patience
    self.minimumDelta = minimumDelta
    self.cooldown = cooldown
    self.minimumRate = minimumRate
  }

  /// Takes note of the watched number and lowers the rate if it is time.
  ///
  /// - Returns: the new rate if it was lowered.
  /// - Throws: `SessionError` if the variable has no value.
  @discardableResult
  public mutating func observe(_ number: Double, in session: Session) throws -> Double? {
    if cooling > 0 {
      cooling -= 1
      waiting = 0
    }
    if isBetter(number) {
      best = number
      waiting = 0
      return nil
    }
    if cooling > 0 { return nil }
    waiting += 1
    guard waiting >= patience, let old = try session.value(of: rate).doubles?.first,
      old > minimumRate
    else { return nil }
    let lowered = max(old * factor, minimumRate)
    try session.set(rate, to: TensorValue(converting: [lowered], to: rate.dtype, shape: .scalar))
    cooling = cooldown
    waiting = 0
    return lowered
  }

  private func isBetter(_ number: Double) -> Bool {
    guard let best else { return !number.isNaN }
    switch goal {
    case .minimum: return number < best - minimumDelta
    case .maximum: return number > best + minimumDelta
    }
  }
}
