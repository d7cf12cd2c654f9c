import GraphCore
import StandardOps

/// Adam in units of the greatest recent gradient; Keras' `Adamax`.
public struct AdamaxOptimizer: Optimizer {
  /// `Adamax` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double

  /// Adamax with Keras' defaults.
  ///
  /// - Parameters:
  ///   - beta1: the share that the mean gradient keeps.
  ///   - beta2: the share that the greatest gradient keeps.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-7, clipValue: Double? = nil, clipNorm: Double? = nil,
    globalClipNorm: Double? = nil, name: String = "Adamax"
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

  /// One `ResourceApplyAdaMax` and the slots `m` and `v` a variable.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let keras = KerasStep(step)
    let first = step.value(beta1, "beta1")
    let scalars = [
      pow(first, keras.number), step.value(learningRate, "learning_rate"), first,
      step.value(beta2, "beta2"), step.value(epsilon, "epsilon"),
    ]
    let each = step.pairs.map { pair in
      step.update(
        pair, Ops.ResourceApplyAdaMax.self,
        slots: [keras.slot("m", of: pair.variable), keras.slot("v", of: pair.variable)],
        before: scalars)
    }
    return (each, { [keras.count()] })
  }
}
