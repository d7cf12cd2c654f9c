import GraphCore
import StandardOps
import TensorCore

extension Schedule {
  /// Half a cosine from the rate to `alpha · rate`, which then stays; TensorFlow's `cosine_decay`.
  public static func cosineDecay(
    _ learningRate: Double, decaySteps: Double, alpha: Double = 0, name: String = "CosineDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      let length = step.number(decaySteps, "decay_steps")
      let decayed = halfCosine(minimum(step, length) / length)
      return step.number(learningRate, "learning_rate") * ((1 - alpha) * decayed + alpha)
    }
  }

  /// Cosine decays one after the other, each `tMultiplier` times as long as the one before and
  /// starting from `mMultiplier` times its rate; TensorFlow's `cosine_decay_restarts`.
  ///
  /// - Parameter alpha: the least rate, as a share of the first.
  public static func cosineDecayRestarts(
    _ learningRate: Double, firstDecaySteps: Double, tMultiplier: Double = 2,
    mMultiplier: Double = 1, alpha: Double = 0, name: String = "SGDRDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      let elapsed = step / step.number(firstDecaySteps, "first_decay_steps")
      let restarts: Tensor
      let fraction: Tensor
      if tMultiplier == 1 {
        restarts = floor(elapsed)
        fraction = elapsed - restarts
      } else {
        let growth = step.number(tMultiplier, "t_mul")
        restarts = floor(log(1 - elapsed * (1 - growth)) / log(growth))
        let length = pow(growth, restarts)
        fraction = (elapsed - (1 - length) / (1 - growth)) / length
      }
      let height = pow(step.number(mMultiplier, "m_mul"), restarts)
      let decayed = height * halfCosine(fraction)
      return step.number(learningRate, "learning_rate") * ((1 - alpha) * decayed + alpha)
    }
  }

  /// A line to 0 times a cosine of `periods` periods; TensorFlow's `linear_cosine_decay`.
  ///
  /// - Parameters:
  ///   - alpha: added to the line.
  ///   - beta: added to the product.
  public static func linearCosineDecay(
    _ learningRate: Double, decaySteps: Double, periods: Double = 0.5, alpha: Double = 0,
    beta: Double = 0.001, name: String = "LinearCosineDecay"
  ) -> Schedule {
    Schedule(name: name) { step in
      let length = step.number(decaySteps, "decay_steps")
      let count = minimum(step, length)
      let wave = halfCosine(2 * periods * (count / length))
      return step.number(learningRate, "learning_rate")
        * ((alpha + (length - count) / length) * wave + beta)
    }
  }

  /// `(1 + cos πx) / 2`.
  private static func halfCosine(_ x: Tensor) -> Tensor {
    0.5 * (1 + cos(x.number(.pi, "pi") * x))
  }
}
