import GraphCore
import StandardOps
import TensorCore

/// What Keras' optimizers keep besides TensorFlow 1's: a counter of their own, and slots that bear the
/// optimizer's scope and a role, `Nadam/hidden1/kernel/m`.
struct KerasStep {
  let step: OptimizerStep
  /// The steps so far, an `int64` scalar called `iter`.
  let iterations: Variable
  /// The scope of the optimizer with a trailing slash.
  private let scope: String

  init(_ step: OptimizerStep) {
    self.step = step
    scope = step.graph.scope.names
    iterations = step.graph.atStart {
      step.graph.variable(Int64(0), name: "iter", trainable: false)
    }
  }

  /// The number of this step, from 1, as a number of the variables' type.
  var number: Tensor {
    cast(iterations.value, step.dtype, name: "local_step/Cast") + 1
  }

  /// A slot of zeros beside a variable.
  func slot(_ role: String, of variable: Variable) -> Variable {
    let graph = step.graph
    let full = graph.unusedVariableName("\(scope)\(variable.name)/\(role)")
    return variable.slot(named: full, startingWith: .zeros)
  }

  /// Counts the step.
  func count() -> Node { iterations.assignAdd(Int64(1)) }
}
