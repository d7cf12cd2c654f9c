import Glibc
import GraphCore
import GraphRuntime
import TensorCore

/// Tries rates from a small one to a large one, a step each, and tells the losses: a good rate lies
/// about ten times below where the loss begins to climb.
public struct LearningRateFinder: Sendable {
  /// A rate that was tried, with the loss before its step.
  public struct Trial: Sendable, Hashable {
    /// The rate.
    public let rate: Double
    /// The loss of the batch before the step.
    public let loss: Double
  }

  /// What was tried, in order.
  public let trials: [Trial]

  /// Runs a training step for each batch with a rate that grows by the same factor each time, and then
  /// gives every variable the value back that it had.
  ///
  /// It ends early when the loss is not finite or many times the least so far.
  ///
  /// - Parameters:
  ///   - train: the training op.
  ///   - loss: the loss, a scalar.
  ///   - rate: the tensor that the optimizer takes as its rate; it is fed, so that a constant
  ///     (`graph.tensor(named: "train/GradientDescent/learning_rate:0")`), a placeholder and a
  ///     variable's `value` all do.
  ///   - batches: what each step is fed.
  ///   - blowUp: how many times the least loss ends the search.
  /// - Throws: whatever a run throws; the variables have their old values then too.
  public init(
    _ session: Session, train: any GraphElement, loss: Tensor, rate: Tensor, batches: [Feeds],
    from minimum: Double = 1e-5, to maximum: Double = 10, blowUp: Double = 30
  ) throws {
    let variables = session.graph.variables() + session.graph.variables(in: .localVariables)
    let before = variables.compactMap { variable in
      (try? session.value(of: variable)).map { (variable, $0) }
    }
    let outcome = Result {
      try Self.sweep(session, train, loss, rate, batches, minimum, maximum, blowUp)
    }
    for (variable, value) in before { try session.set(variable, to: value) }
    trials = try outcome.get()
  }

  private static func sweep(
    _ session: Session, _ train: any GraphElement, _ loss: Tensor, _ rate: Tensor,
    _ batches: [Feeds], _ minimum: Double, _ maximum: Double, _ blowUp: Double
  ) throws -> [Trial] {
    guard minimum > 0, maximum > minimum else {
      throw SessionError("rates must go from more than 0 upwards, found \(minimum) to \(maximum)")
    }
    var trials: [Trial] = []
    var least = Double.infinity
    for (index, batch) in batches.enumerated() {
      let share = batches.count > 1 ? Double(index) / Double(batches.count - 1) : 0
      let tried = minimum * pow(maximum / minimum, share)
      var feeds = batch
      feeds.feed(try TensorValue(converting: [tried], to: rate.dtype, shape: .scalar), to: rate)
      let value = try session.run(loss, targets: [train], feeding: feeds)
      guard value.count == 1, let number = value.doubles?.first else {
        throw SessionError("the loss must be one number, found shape \(value.shape)")
      }
      trials.append(Trial(rate: tried, loss: number))
      least = min(least, number)
      if !number.isFinite || (least > 0 && number > blowUp * least) { break }
    }
    return trials
  }

  /// The rate at which the loss was least.
  public var rateOfLeastLoss: Double? {
    trials.filter(\.loss.isFinite).min { $0.loss < $1.loss }?.rate
  }
}
