import GraphCore
import StandardOps
import TensorCore

extension Schedule {
  /// `rate · decayRate^(step / decaySteps)`; TensorFlow's `exponential_decay`.
  ///
  /// - Parameter staircase: whether only whole periods count.
  public static func exponentialDecay(
    _ learningRate: Double, decaySteps: Double, decayRate: Double, staircase: Bool = false,
    name: String = "ExponentialDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      step.number(learningRate, "learning_rate")
        * pow(step.number(decayRate, "decay_rate"), periods(step, decaySteps, staircase))
    }
  }

  /// `rate · e^(−decayRate · step / decaySteps)`; TensorFlow's `natural_exp_decay`.
  ///
  /// - Parameter staircase: whether only whole periods count.
  public static func naturalExponentialDecay(
    _ learningRate: Double, decaySteps: Double, decayRate: Double, staircase: Bool = false,
    name: String = "NaturalExpDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      let power = exp(-step.number(decayRate, "decay_rate"))
      return step.number(learningRate, "learning_rate")
        * pow(power, periods(step, decaySteps, staircase))
    }
  }

  /// `rate / (1 + decayRate · step / decaySteps)`; TensorFlow's `inverse_time_decay`.
  ///
  /// - Parameter staircase: whether only whole periods count.
  public static func inverseTimeDecay(
    _ learningRate: Double, decaySteps: Double, decayRate: Double, staircase: Bool = false,
    name: String = "InverseTimeDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      let periods = periods(step, decaySteps, staircase)
      return step.number(learningRate, "learning_rate")
        / (1 + step.number(decayRate, "decay_rate") * periods)
    }
  }

  /// `rate / (1 + step / decaySteps)^power`: power scheduling, which halves the rate after
  /// `decaySteps` steps if the power is 1, and then ever more slowly.
  public static func power(
    _ learningRate: Double, decaySteps: Double, power: Double = 1, name: String = "PowerDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      step.number(learningRate, "learning_rate")
        / pow(1 + periods(step, decaySteps, false), step.number(power, "power"))
    }
  }

  /// `(rate − end) · (1 − step / decaySteps)^power + end`, and `end` afterwards; TensorFlow's
  /// `polynomial_decay`.
  ///
  /// - Parameter cycle: whether it goes on, each time with so many steps that the count lies within.
  public static func polynomialDecay(
    _ learningRate: Double, decaySteps: Double, endLearningRate: Double = 0.0001,
    power: Double = 1, cycle: Bool = false, name: String = "PolynomialDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      var (count, length) = (step, step.number(decaySteps, "decay_steps"))
      if cycle {
        let rounds = select(step .== 0, onesLike(step), ceil(step / length))
        length = length * rounds
      } else {
        count = minimum(step, length)
      }
      let (start, end) = (
        step.number(learningRate, "learning_rate"),
        step.number(endLearningRate, "end_learning_rate")
      )
      return (start - end) * pow(1 - count / length, step.number(power, "power")) + end
    }
  }

  /// The value after the last boundary that was passed: `values[i]` up to and with step
  /// `boundaries[i]`; TensorFlow's `piecewise_constant`.
  ///
  /// - Parameter values: one more than the boundaries, which must rise.
  public static func piecewiseConstant(
    boundaries: [Double], values: [Double], name: String = "PiecewiseConstant"
  ) -> Schedule {
    Schedule(name: name) { step in
      guard values.count == boundaries.count + 1,
        zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 < $1 })
      else {
        return step.graph.mistake(
          "there must be one value more than boundaries, which must rise; found "
            + "\(values.count) values for \(boundaries)", op: "piecewiseConstant",
          site: step.graph.scope.site ?? SourceSite(#fileID, #line))
      }
      var result = step.number(values[0], "values_0")
      for (place, boundary) in boundaries.enumerated() {
        let next = step.number(values[place + 1], "values_\(place + 1)")
        result = select(step .> step.number(boundary, "boundaries_\(place)"), next, result)
      }
      return result
    }
  }

  /// How many periods have passed.
  private static func periods(_ step: Tensor, _ length: Double, _ isWhole: Bool) -> Tensor {
    let periods = step / step.number(length, "decay_steps")
    return isWhole ? floor(periods) : periods
  }
}
