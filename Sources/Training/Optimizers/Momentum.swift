import GraphCore
import StandardOps

/// Gradient descent with momentum, optionally Nesterov's.
public struct MomentumOptimizer: Optimizer {
  /// `Momentum` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let momentum: any Hyperparameter
  private let usesNesterov: Bool

  /// Descent that keeps the share `momentum` of the previous step.
  ///
  /// - Parameters:
  ///   - useNesterov: whether the step looks ahead, as Sutskever and others do it.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter, momentum: any Hyperparameter, useNesterov: Bool = false,
    clipValue: Double? = nil, clipNorm: Double? = nil, globalClipNorm: Double? = nil,
    name: String = "Momentum"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.momentum = momentum
    usesNesterov = useNesterov
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate and the momentum.
  public var hyperparameters: [any Hyperparameter] { [learningRate, momentum] }

  /// One `ResourceApplyMomentum` and one slot a variable.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let rate = step.value(learningRate, "learning_rate")
    let share = step.value(momentum, "momentum")
    let each = step.pairs.map { pair in
      step.update(
        pair, Ops.ResourceApplyMomentum.self, sparse: Ops.ResourceSparseApplyMomentum.self,
        slots: [step.slot(of: pair.variable)], before: [rate], after: [share],
        ["use_nesterov": .bool(usesNesterov)])
    }
    return (each, nil)
  }
}
