import GraphCore
import StandardOps

/// Duchi and others' Adagrad: rates that shrink with the squares of all gradients so far.
public struct AdagradOptimizer: Optimizer {
  /// `Adagrad` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let initialAccumulatorValue: Double

  /// Adagrad with TensorFlow's defaults.
  ///
  /// - Parameters:
  ///   - initialAccumulatorValue: what the sums of squares start from; more than 0.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter, initialAccumulatorValue: Double = 0.1,
    clipValue: Double? = nil, clipNorm: Double? = nil, globalClipNorm: Double? = nil,
    name: String = "Adagrad"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.initialAccumulatorValue = initialAccumulatorValue
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate.
  public var hyperparameters: [any Hyperparameter] { [learningRate] }

  /// One `ResourceApplyAdagrad` and one slot a variable.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    if initialAccumulatorValue <= 0 {
      step.refuse("initialAccumulatorValue must be more than 0, found \(initialAccumulatorValue)")
    }
    let rate = step.value(learningRate, "learning_rate")
    let each = step.pairs.map { pair in
      step.update(
        pair, Ops.ResourceApplyAdagrad.self, sparse: Ops.ResourceSparseApplyAdagrad.self,
        slots: [step.slot(of: pair.variable, start: initialAccumulatorValue)], before: [rate])
    }
    return (each, nil)
  }
}

/// Zeiler's Adadelta: steps of the size of the previous ones, in units of the gradients' size.
public struct AdadeltaOptimizer: Optimizer {
  /// `Adadelta` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter
  private let rho: any Hyperparameter
  private let epsilon: Double

  /// Adadelta with TensorFlow's defaults; a rate of 1 is Zeiler's own.
  ///
  /// - Parameters:
  ///   - rho: the share that the averages of squares keep.
  ///   - clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///     `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter = 0.001, rho: any Hyperparameter = 0.95,
    epsilon: Double = 1e-8, clipValue: Double? = nil, clipNorm: Double? = nil,
    globalClipNorm: Double? = nil, name: String = "Adadelta"
  ) {
    self.name = name
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate and the share that averages keep.
  public var hyperparameters: [any Hyperparameter] { [learningRate, rho] }

  /// One `ResourceApplyAdadelta` and two slots a variable.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let scalars = [
      step.value(learningRate, "lr"), step.value(rho, "rho"), step.value(epsilon, "epsilon"),
    ]
    let each = step.pairs.map { pair in
      step.update(
        pair, Ops.ResourceApplyAdadelta.self, sparse: Ops.ResourceSparseApplyAdadelta.self,
        slots: [step.slot(of: pair.variable), step.slot(of: pair.variable)], before: scalars)
    }
    return (each, nil)
  }
}
