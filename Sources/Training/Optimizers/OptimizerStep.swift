import Autodiff
import GraphCore
import StandardOps
import TensorCore

/// What one call of `applyGradients` gives an optimizer to build its updates with: hyperparameters,
/// slots and update ops under TensorFlow's names.
public struct OptimizerStep: Sendable {
  /// A gradient with the variable that it moves.
  public typealias Pair = (gradient: GradientValue, variable: Variable)

  /// The graph that the updates are added to.
  public let graph: Graph
  /// What is moved, by clipped gradients.
  public let pairs: [Pair]
  /// What counts the steps.
  public let counter: Variable?
  /// The name that slots bear: `kernel/Momentum`.
  let slotName: String
  /// The name scope in which the optimizer was asked, where variables go that are no slots.
  let outerScope: String

  /// The type of most variables, in which hyperparameters are made.
  public var dtype: DType { pairs.first?.variable.dtype ?? .float32 }

  /// A hyperparameter as a tensor, of the type `dtype`.
  public func value(_ parameter: any Hyperparameter, _ name: String) -> Tensor {
    parameter.tensor(dtype, in: graph, name: name, counter: counter)
  }

  /// A variable beside another, of its shape and type, that training keeps: `kernel/Momentum`, then
  /// `kernel/Momentum_1`.
  public func slot(of variable: Variable, start: Double = 0) -> Variable {
    variable.slot(
      slotName, startingWith: start == 1 ? .ones : start == 0 ? .zeros : .constant(start))
  }

  /// A scalar that training keeps, such as a power that all variables share.
  public func scalar(_ name: String, start: Double) -> Variable {
    graph.withScope({
      $0.names = outerScope
      $0.controlInputs = []
    }) {
      graph.variable(start, name: name, dtype: dtype, trainable: false)
    }
  }

  /// Adds the update of one variable under TensorFlow's name for it.
  ///
  /// - Parameters:
  ///   - dense: the op that takes a gradient for each element.
  ///   - sparse: the op that takes gradients of some rows; without one such gradients become dense,
  ///     as in TensorFlow's optimizers that move all rows.
  ///   - slots: what the op takes after the variable.
  ///   - before: the scalars between these and the gradient.
  ///   - after: the scalars after the gradient.
  public func update(
    _ pair: Pair, _ dense: any VariableUpdateOp.Type, sparse: (any SparseUpdateOp.Type)? = nil,
    slots: [Variable] = [], before: [Tensor] = [], after: [Tensor] = [],
    _ attributes: [String: Attribute] = [:]
  ) -> Node {
    let variable = pair.variable
    return inUpdateScope(of: variable) {
      var (op, gradient): (any Op.Type, [Tensor]) = (dense, [])
      if let sparse, case .slices(let values, let indices, _) = pair.gradient {
        op = sparse
        gradient = summedRows(values, indices)
      } else {
        gradient = [pair.gradient.densified]
      }
      if variable.isReference {
        // An older variable takes the older form of the step.
        op = graph.ops[String(op.name.dropFirst("Resource".count))] ?? op
      }
      func own(_ scalars: [Tensor]) -> [Tensor] { scalars.map { cast($0, variable.dtype) } }
      let handles = [variable.handle] + slots.map(\.handle)
      return graph.add(op, handles + own(before) + gradient + own(after), attributes)
    }
  }

  /// Names nodes as TensorFlow names those that update a variable.
  public func inUpdateScope<Result>(of variable: Variable, _ body: () -> Result) -> Result {
    graph.nameScope("update_\(variable.name)", body)
  }

  /// Rows that are distinct: what is given for one row several times is added up.
  private func summedRows(_ values: Tensor, _ indices: Tensor) -> [Tensor] {
    let unique = graph.add(Ops.Unique.self, [indices])
    if unique.isPoison { return [graph.poison, graph.poison] }
    let count = reshape(shape(of: unique.output(0)), to: [])
    return [unsortedSegmentSum(values, unique.output(1), count: count), unique.output(0)]
  }
}

extension Variable {
  /// A new variable beside this one, of its shape and type: `name/slot`, or with `_1` and so on where
  /// that is taken.
  func slot(_ slot: String, startingWith initializer: Initializer) -> Variable {
    self.slot(named: graph.unusedVariableName("\(name)/\(slot)"), startingWith: initializer)
  }

  /// A new variable of this one's shape, type and kind.
  func slot(named full: String, startingWith initializer: Initializer) -> Variable {
    graph.atRoot {
      graph.nameScope(full + "/") {
        let start = graph.nameScope(full + "/Initializer/") {
          initializer.build(graph, shape.fullyDefined ?? .scalar, dtype)
        }
        // The step of an older variable takes slots of its own kind.
        return graph.makeVariable(
          full + "/", start, trainable: false, collections: [.globalVariables],
          isReference: isReference)
      }
    }
  }
}

extension Graph {
  /// The name, or the name with the first number that no variable bears.
  func unusedVariableName(_ name: String) -> String {
    state.withLock { state in
      var (unused, number) = (name, 0)
      while state.variables[unused] != nil || state.indexOfName[unused] != nil {
        number += 1
        unused = "\(name)_\(number)"
      }
      return unused
    }
  }
}

extension OptimizerStep {
  /// Records that the optimizer was given something that it cannot take.
  func refuse(_ message: String) {
    graph.record(GraphError(message, op: slotName, site: graph.scope.site))
  }
}
