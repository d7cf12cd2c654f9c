import GraphCore
import StandardOps

/// McMahan and others' follow-the-regularized-leader, which makes weights exactly 0.
public struct FtrlOptimizer: Optimizer {
  /// `Ftrl` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let learningRatePower: Double
  private let initialAccumulatorValue: Double
  private let l1: Double
  private let l2: Double
  private let l2Shrinkage: Double
  private let beta: Double

  /// FTRL with TensorFlow's defaults.
  ///
  /// - Parameters:
  ///   - learningRatePower: how rates shrink with the sums of squares; 0 or less.
  ///   - initialAccumulatorValue: what these sums start from; 0 or more.
  ///   - l1RegularizationStrength: weights that matter less than this become 0.
  ///   - l2RegularizationStrength: a penalty that steadies the steps.
  ///   - l2ShrinkageRegularizationStrength: a penalty on the weights' size.
  ///   - beta: the paper's β.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter, learningRatePower: Double = -0.5,
    initialAccumulatorValue: Double = 0.1, l1RegularizationStrength: Double = 0,
    l2RegularizationStrength: Double = 0, l2ShrinkageRegularizationStrength: Double = 0,
    beta: Double = 0, clipValue: Double? = nil, clipNorm: Double? = nil,
    globalClipNorm: Double? = nil, name: String = "Ftrl"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.learningRatePower = learningRatePower
    self.initialAccumulatorValue = initialAccumulatorValue
    l1 = l1RegularizationStrength
    l2 = l2RegularizationStrength
    l2Shrinkage = l2ShrinkageRegularizationStrength
    self.beta = beta
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate.
  public var hyperparameters: [any Hyperparameter] { [learningRate] }

  /// One `ResourceApplyFtrl` a variable, or `ResourceApplyFtrlV2` with shrinkage, and two slots.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    if learningRatePower > 0 {
      step.refuse("learningRatePower must be 0 or less, found \(learningRatePower)")
    }
    for (name, number) in [
      ("initialAccumulatorValue", initialAccumulatorValue), ("l1RegularizationStrength", l1),
      ("l2RegularizationStrength", l2), ("l2ShrinkageRegularizationStrength", l2Shrinkage),
    ] where number < 0 {
      step.refuse("\(name) must be 0 or more, found \(number)")
    }
    let rate = step.value(learningRate, "learning_rate")
    let sparsity = step.value(l1, "l1_regularization_strength")
    let name = "adjusted_l2_regularization_strength"
    let steadiness = beta == 0 ? step.value(l2, name) : l2 + beta / (2.0 * maximum(rate, 1e-36))
    let power = step.value(learningRatePower, "learning_rate_power")
    let hasShrinkage = l2Shrinkage > 0
    var scalars = [rate, sparsity, steadiness]
    if hasShrinkage {
      scalars.append(step.value(l2Shrinkage, "l2_shrinkage_regularization_strength"))
    }
    scalars.append(power)
    let each = step.pairs.map { pair -> Node in
      let slots = [
        step.slot(of: pair.variable, start: initialAccumulatorValue), step.slot(of: pair.variable),
      ]
      return hasShrinkage
        ? step.update(
          pair, Ops.ResourceApplyFtrlV2.self, sparse: Ops.ResourceSparseApplyFtrlV2.self,
          slots: slots, after: scalars)
        : step.update(
          pair, Ops.ResourceApplyFtrl.self, sparse: Ops.ResourceSparseApplyFtrl.self,
          slots: slots, after: scalars)
    }
    return (each, nil)
  }
}
