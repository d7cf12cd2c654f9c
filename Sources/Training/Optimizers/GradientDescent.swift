import Autodiff
import GraphCore
import StandardOps

/// Plain stochastic gradient descent: `variable −= learningRate · gradient`.
public struct GradientDescentOptimizer: Optimizer {
  /// `GradientDescent` unless stated.
  public let name: String
  /// How gradients are bounded.
  public let clipping: GradientClipping
  private let learningRate: any Hyperparameter

  /// Descent at the given rate.
  ///
  /// - Parameter clipValue: bounds each element of a gradient; `clipNorm` each gradient's norm,
  ///   `globalClipNorm` the norm of all gradients together. Only one of them may be given.
  public init(
    learningRate: any Hyperparameter, clipValue: Double? = nil, clipNorm: Double? = nil,
    globalClipNorm: Double? = nil, name: String = "GradientDescent"
  ) {
    self.name = name
    self.learningRate = learningRate
    clipping = GradientClipping(value: clipValue, norm: clipNorm, globalNorm: globalClipNorm)
  }

  /// The rate.
  public var hyperparameters: [any Hyperparameter] { [learningRate] }

  /// One `ResourceApplyGradientDescent` a variable, or a `ResourceScatterAdd` on its rows.
  public func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?) {
    let rate = step.value(learningRate, "learning_rate")
    let each = step.pairs.map { pair -> Node in
      guard case .slices(let values, let indices, _) = pair.gradient else {
        return step.update(
          pair, Ops.ResourceApplyGradientDescent.self, before: [rate])
      }
      // Rows that are given several times are added up without being looked for.
      let variable = pair.variable
      return step.inUpdateScope(of: variable) {
        let own = cast(rate, variable.dtype)
        return variable.isReference
          ? step.graph.add(Ops.ScatterSub.self, [variable.handle, indices, values * own])
          : step.graph.add(Ops.ResourceScatterAdd.self, [variable.handle, indices, -values * own])
      }
    }
    return (each, nil)
  }
}
