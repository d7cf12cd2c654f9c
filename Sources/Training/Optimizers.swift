import GraphCore
import StandardOps
import TensorCore

/// Plain stochastic gradient descent: `variable −= learningRate · gradient`.
public struct GradientDescentOptimizer: Optimizer {
  /// `GradientDescent`.
  public let name = "GradientDescent"
  private let learningRate: LearningRate

  /// Descent at the given rate.
  public init(learningRate: Double) { self.learningRate = .number(learningRate) }
  /// Descent at a rate that is computed or fed.
  public init(learningRate: Tensor) { self.learningRate = .tensor(learningRate) }

  /// One `ResourceApplyGradientDescent` a variable.
  public func updates(_ pairs: [(gradient: Tensor, variable: Variable)], in graph: Graph) -> (
    each: [Node], after: (() -> [Node])?
  ) {
    let rate = learningRate.tensor(
      as: pairs.first?.variable.dtype ?? .float32, in: graph, "learning_rate")
    let each = pairs.map { pair in
      update(
        pair.variable, Ops.ResourceApplyGradientDescent.self,
        [pair.variable.handle, rate, pair.gradient])
    }
    return (each, nil)
  }
}

/// Gradient descent with momentum, optionally Nesterov's.
public struct MomentumOptimizer: Optimizer {
  /// `Momentum`.
  public let name = "Momentum"
  private let learningRate: LearningRate
  private let momentum: Double
  private let usesNesterov: Bool

  /// Descent that keeps the share `momentum` of the previous step.
  public init(learningRate: Double, momentum: Double, useNesterov: Bool = false) {
    self.learningRate = .number(learningRate)
    self.momentum = momentum
    usesNesterov = useNesterov
  }

  /// One `ResourceApplyMomentum` and one slot `Momentum` a variable.
  public func updates(_ pairs: [(gradient: Tensor, variable: Variable)], in graph: Graph) -> (
    each: [Node], after: (() -> [Node])?
  ) {
    let dtype = pairs.first?.variable.dtype ?? .float32
    let rate = learningRate.tensor(as: dtype, in: graph, "learning_rate")
    let share = graph.constant(momentum, dtype, name: "momentum")
    let each = pairs.map { pair in
      update(
        pair.variable, Ops.ResourceApplyMomentum.self,
        [pair.variable.handle, slot(name, of: pair.variable).handle, rate, pair.gradient, share],
        ["use_nesterov": .bool(usesNesterov)])
    }
    return (each, nil)
  }
}

/// Kingma and Ba's Adam.
public struct AdamOptimizer: Optimizer {
  /// `Adam`.
  public let name = "Adam"
  private let learningRate: LearningRate
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double

  /// Adam with TensorFlow's defaults.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    self.learningRate = .number(learningRate)
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// One `ResourceApplyAdam` and the slots `Adam` and `Adam_1` a variable; the powers of the betas are
  /// raised after all of these.
  public func updates(_ pairs: [(gradient: Tensor, variable: Variable)], in graph: Graph) -> (
    each: [Node], after: (() -> [Node])?
  ) {
    guard let dtype = pairs.first?.variable.dtype else { return ([], nil) }
    let power1 = power("beta1_power", beta1, dtype, graph)
    let power2 = power("beta2_power", beta2, dtype, graph)
    let rate = learningRate.tensor(as: dtype, in: graph, "learning_rate")
    let (first, second, small) = (
      graph.constant(beta1, dtype, name: "beta1"), graph.constant(beta2, dtype, name: "beta2"),
      graph.constant(epsilon, dtype, name: "epsilon")
    )
    let each = pairs.map { pair in
      update(
        pair.variable, Ops.ResourceApplyAdam.self,
        [
          pair.variable.handle, slot("Adam", of: pair.variable).handle,
          slot("Adam_1", of: pair.variable).handle, power1.value, power2.value, rate, first, second,
          small, pair.gradient,
        ])
    }
    return (
      each, { [power1.assign(power1.value * first), power2.assign(power2.value * second)] }
    )
  }

  private func power(_ name: String, _ start: Double, _ dtype: DType, _ graph: Graph) -> Variable {
    graph.atRoot {
      graph.withScope({
        $0.variables = ""
        $0.reuse = .automatic
      }) {
        graph.getVariable(
          name, shape: .scalar, dtype: dtype, initializer: .constant(start), trainable: false)
      }
    }
  }
}
