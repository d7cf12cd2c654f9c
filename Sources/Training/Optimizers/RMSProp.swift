import GraphCore
import StandardOps

/// Hinton's RMSProp: steps in units of the gradients' recent size.
public struct RMSPropOptimizer: Optimizer {
  /// `RMSProp` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let decay: any Hyperparameter
  private let momentum: any Hyperparameter
  private let epsilon: Double
  private let isCentered: Bool

  /// RMSProp with TensorFlow's defaults.
  ///
  /// - Parameters:
  ///   - decay: the share that the average of squares keeps.
  ///   - momentum: the share of the previous step that is kept.
  ///   - centered: whether sizes are measured about the mean gradient.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter, decay: any Hyperparameter = 0.9,
    momentum: any Hyperparameter = 0.0, epsilon: Double = 1e-10, centered: Bool = false,
    clipValue: Double? = nil, clipNorm: Double? = nil, globalClipNorm: Double? = nil,
    name: String = "RMSProp"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.decay = decay
    self.momentum = momentum
    self.epsilon = epsilon
    isCentered = centered
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate, the share that averages keep, and the momentum.
  public var hyperparameters: [any Hyperparameter] { [learningRate, decay, momentum] }

  /// One `ResourceApplyRMSProp` or `ResourceApplyCenteredRMSProp` a variable, and the slots in
  /// TensorFlow's order: the squares' average, which starts at 1, the mean, the momentum.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let scalars = [
      step.value(learningRate, "learning_rate"), step.value(decay, "decay"),
      step.value(momentum, "momentum"), step.value(epsilon, "epsilon"),
    ]
    let each = step.pairs.map { pair -> Node in
      let squares = step.slot(of: pair.variable, start: 1)
      if isCentered {
        let mean = step.slot(of: pair.variable)
        return step.update(
          pair, Ops.ResourceApplyCenteredRMSProp.self,
          sparse: Ops.ResourceSparseApplyCenteredRMSProp.self,
          slots: [mean, squares, step.slot(of: pair.variable)], before: scalars)
      }
      return step.update(
        pair, Ops.ResourceApplyRMSProp.self, sparse: Ops.ResourceSparseApplyRMSProp.self,
        slots: [squares, step.slot(of: pair.variable)], before: scalars)
    }
    return (each, nil)
  }
}
