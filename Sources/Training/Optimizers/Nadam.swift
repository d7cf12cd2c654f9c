import Autodiff
import GraphCore
import StandardOps

/// Dozat's Nadam: Adam with Nesterov's look ahead and a momentum that warms up; Keras' `Nadam`.
public struct NadamOptimizer: Optimizer {
  /// `Nadam` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  /// The base of the momentum's warming up, as in Dozat's paper.
  private static let warming = 0.96

  /// Nadam with Keras' defaults.
  ///
  /// - Parameters:
  ///   - beta1: the share that the mean gradient keeps.
  ///   - beta2: the share that the mean square keeps.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-7, clipValue: Double? = nil, clipNorm: Double? = nil,
    globalClipNorm: Double? = nil, name: String = "Nadam"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate.
  public var hyperparameters: [any Hyperparameter] { [learningRate] }

  /// The slots `m` and `v` a variable and the product of all momenta so far, `momentum_cache`; no op
  /// of TensorFlow's does this step, so that each variable is assigned.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let keras = KerasStep(step)
    let cache = step.graph.atStart {
      step.graph.variable(1.0, name: "momentum_cache", dtype: step.dtype, trainable: false)
    }
    let rate = step.value(learningRate, "learning_rate")
    let (first, second) = (step.value(beta1, "beta1"), step.value(beta2, "beta2"))
    let base = step.value(Self.warming, "decay_base")
    let number = keras.number
    let momentum = first * (1 - 0.5 * pow(base, number))
    let nextMomentum = first * (1 - 0.5 * pow(base, number + 1))
    let product = cache.value * momentum
    let meanFactor = nextMomentum / (1 - product * nextMomentum)
    let gradientFactor = (1 - momentum) / (1 - product)
    let spreadFactor = 1 - pow(second, number)
    let each = step.pairs.flatMap { pair -> [Node] in
      let (m, v) = (keras.slot("m", of: pair.variable), keras.slot("v", of: pair.variable))
      return step.inUpdateScope(of: pair.variable) {
        let dtype = pair.variable.dtype
        func own(_ scalar: Tensor) -> Tensor { cast(scalar, dtype) }
        let gradient = pair.gradient.densified
        let mean = m.value + (gradient - m.value) * own(1 - first)
        let spread = v.value + (square(gradient) - v.value) * own(1 - second)
        let direction = mean * own(meanFactor) + gradient * own(gradientFactor)
        let size = sqrt(spread / own(spreadFactor)) + epsilon
        return [
          m.assign(mean), v.assign(spread),
          pair.variable.assignSub(direction * own(rate) / size),
        ]
      }
    }
    return (each, { [cache.assign(product), keras.count()] })
  }
}
