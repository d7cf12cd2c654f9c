import GraphCore
import StandardOps

/// Kingma and Ba's Adam.
public struct AdamOptimizer: Optimizer {
  /// `Adam` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let usesGreatest: Bool

  /// Adam with TensorFlow's defaults.
  ///
  /// - Parameters:
  ///   - beta1: the share that the mean gradient keeps.
  ///   - beta2: the share that the mean square keeps.
  ///   - amsgrad: whether steps are in units of the greatest mean square so far, as Reddi and others
  ///     do it; Keras defines it and TensorFlow 1 has only the op.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, amsgrad: Bool = false, clipValue: Double? = nil,
    clipNorm: Double? = nil, globalClipNorm: Double? = nil, name: String = "Adam"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    usesGreatest = amsgrad
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate.
  public var hyperparameters: [any Hyperparameter] { [learningRate] }

  /// One `ResourceApplyAdam` and two slots a variable, with AMSGrad a third; the powers of the betas
  /// are raised after all of these.
  ///
  /// As in TensorFlow the gradient of some rows moves all of them.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let power1 = step.scalar("beta1_power", start: beta1)
    let power2 = step.scalar("beta2_power", start: beta2)
    let rate = step.value(learningRate, "learning_rate")
    let (first, second) = (step.value(beta1, "beta1"), step.value(beta2, "beta2"))
    let scalars = [
      power1.value, power2.value, rate, first, second, step.value(epsilon, "epsilon"),
    ]
    let each = step.pairs.map { pair -> Node in
      let slots = (0..<(usesGreatest ? 3 : 2)).map { _ in step.slot(of: pair.variable) }
      return usesGreatest
        ? step.update(
          pair, Ops.ResourceApplyAdamWithAmsgrad.self, slots: slots, before: scalars)
        : step.update(pair, Ops.ResourceApplyAdam.self, slots: slots, before: scalars)
    }
    return (
      each, { [power1.assign(power1.value * first), power2.assign(power2.value * second)] }
    )
  }
}
