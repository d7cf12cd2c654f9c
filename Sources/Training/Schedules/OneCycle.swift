import GraphCore
import StandardOps
import TensorCore

/// Smith's 1cycle: the rate climbs in a line to its greatest, comes back down, and falls by powers of
/// ten in the last steps; the momentum does the opposite.
///
///     let cycle = OneCycle(maximumRate: 0.05, steps: 2500)
///     MomentumOptimizer(learningRate: cycle.rate, momentum: cycle.momentum, useNesterov: true)
public struct OneCycle: Sendable {
  /// The learning rate.
  public let rate: Schedule
  /// The momentum.
  public let momentum: Schedule

  /// A cycle over a known number of steps; rate and momentum then stay.
  ///
  /// - Parameters:
  ///   - maximumRate: about ten times less than where training breaks apart.
  ///   - steps: the number of training steps, all epochs together.
  ///   - startRate: what the climb starts from and comes back to; a tenth of the greatest by default.
  ///   - lastSteps: how many steps the last fall takes; a tenth of all and one more by default.
  ///   - lastRate: where the fall ends; a thousandth of `startRate` by default.
  ///   - momentum: the momentum at the ends and in the last steps.
  ///   - minimumMomentum: the momentum where the rate is greatest.
  public init(
    maximumRate: Double, steps: Int, startRate: Double? = nil, lastSteps: Int? = nil,
    lastRate: Double? = nil, momentum: Double = 0.95, minimumMomentum: Double = 0.85
  ) {
    let start = startRate ?? maximumRate / 10
    let end = lastRate ?? start / 1000
    let half = max(0, (steps - (lastSteps ?? steps / 10 + 1)) / 2)
    rate = Self.lines(
      through: [(0, start), (half, maximumRate), (2 * half, start), (steps, end)],
      name: "OneCycleRate")
    self.momentum = Self.lines(
      through: [(0, momentum), (half, minimumMomentum), (2 * half, momentum)],
      name: "OneCycleMomentum")
  }

  /// Straight lines from point to point; the last value stays.
  private static func lines(through points: [(step: Int, value: Double)], name: String) -> Schedule
  {
    Schedule(name: name) { step in
      var result = step.number(points[points.count - 1].value, "last")
      for (from, to) in zip(points, points.dropFirst()).reversed() where to.step > from.step {
        let share = (step - Double(from.step)) / Double(to.step - from.step)
        let line = (to.value - from.value) * share + from.value
        result = select(step .< Double(to.step), line, result)
      }
      return result
    }
  }
}
