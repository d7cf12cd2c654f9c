import Autodiff
import GraphCore
import StandardOps

/// Loshchilov and Hutter's Adam with decoupled weight decay; Keras' `AdamW`.
public struct AdamWOptimizer: Optimizer {
  /// `AdamW` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let weightDecay: any Hyperparameter
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let usesGreatest: Bool
  private let decays: @Sendable (Variable) -> Bool

  /// AdamW with Keras' defaults.
  ///
  /// - Parameters:
  ///   - weightDecay: the share by which weights shrink in a step, times the rate.
  ///   - decaying: which variables shrink; by default all, as in Keras. Biases and the parameters of
  ///     normalizations are often left out.
  ///   - amsgrad: whether steps are in units of the greatest mean square so far.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter = 0.001, weightDecay: any Hyperparameter = 0.004,
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7, amsgrad: Bool = false,
    decaying: @escaping @Sendable (Variable) -> Bool = { _ in true }, clipValue: Double? = nil,
    clipNorm: Double? = nil, globalClipNorm: Double? = nil, name: String = "AdamW"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    usesGreatest = amsgrad
    decays = decaying
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate and the decay.
  public var hyperparameters: [any Hyperparameter] { [learningRate, weightDecay] }

  /// A variable shrinks, then takes one `ResourceApplyAdam` with the slots `m` and `v`, with AMSGrad
  /// also `vhat`.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let keras = KerasStep(step)
    let rate = step.value(learningRate, "learning_rate")
    let shrinkage = step.value(weightDecay, "weight_decay") * rate
    let (first, second) = (step.value(beta1, "beta1"), step.value(beta2, "beta2"))
    let number = keras.number
    let scalars = [
      pow(first, number), pow(second, number), rate, first, second,
      step.value(epsilon, "epsilon"),
    ]
    let each = step.pairs.flatMap { pair -> [Node] in
      let variable = pair.variable
      let gradient = pair.gradient.densified
      let slots = (usesGreatest ? ["m", "v", "vhat"] : ["m", "v"]).map {
        keras.slot($0, of: variable)
      }
      // Not before the gradient, which is that of the weights as they were.
      let shrunk: [Node] =
        decays(variable)
        ? step.graph.controlDependencies([gradient]) {
          [variable.assignSub(variable.read() * cast(shrinkage, variable.dtype))]
        } : []
      return step.graph.controlDependencies(shrunk) {
        let own = (gradient: GradientValue.dense(gradient), variable: variable)
        return usesGreatest
          ? [
            step.update(
              own, Ops.ResourceApplyAdamWithAmsgrad.self, slots: slots, before: scalars)
          ] : [step.update(own, Ops.ResourceApplyAdam.self, slots: slots, before: scalars)]
      }
    }
    return (each, { [keras.count()] })
  }
}
