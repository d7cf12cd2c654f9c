import Autodiff
import GraphCore
import StandardOps
import TensorCore

/// A way to move variables against a loss's gradients.
public protocol Optimizer: Sendable {
  /// The name of the training op and of the slots: `GradientDescent`, `Momentum`, `Adam`.
  var name: String { get }
  /// How gradients are bounded before they are applied.
  var clipping: GradientClipping { get }
  /// The numbers that steer the steps and that may follow a schedule.
  var hyperparameters: [any Hyperparameter] { get }
  /// Makes what the variables need besides themselves and returns the op that moves each of them,
  /// followed by ops that run after all of these.
  func updates(in step: OptimizerStep) -> (each: [Node], after: (() -> [Node])?)
}

extension Optimizer {
  /// None.
  public var clipping: GradientClipping { GradientClipping() }
  /// None that may follow a schedule.
  public var hyperparameters: [any Hyperparameter] { [] }

  /// A node that runs one training step; also added to the collection `train_op`.
  ///
  /// After the variables have moved, the step applies their constraints: what the collection
  /// `weight_constraints` holds for them.
  ///
  /// - Parameters:
  ///   - loss: a floating-point tensor; one that is not a scalar is summed.
  ///   - globalStep: a counter to raise by 1 after the step; `graph.globalStep` by default where the
  ///     optimizer follows a schedule.
  ///   - variables: what to train; the collection `trainable_variables` by default.
  @discardableResult
  public func minimize(
    _ loss: Tensor, globalStep: Variable? = nil, variables: [Variable]? = nil,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Node {
    loss.graph.at(SourceSite(file, line)) {
      applyGradients(
        computeGradients(loss, variables: variables), in: loss.graph, globalStep: globalStep,
        name: name)
    }
  }

  /// The gradient of a loss with respect to each variable, nil where the loss does not depend on it.
  ///
  /// The gradient of an embedding is a list of rows, which optimizers that have a step for rows take
  /// as it is; `densified` is the same as one tensor.
  public func computeGradients(
    _ loss: Tensor, variables: [Variable]? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> [(gradient: GradientValue?, variable: Variable)] {
    if loss.isPoison { return [] }
    return loss.graph.at(SourceSite(file, line)) {
      let variables = variables ?? loss.graph.variables(in: .trainableVariables)
      let all = gradientValues(of: [loss], withRespectTo: variables)
      if all.allSatisfy({ $0 == nil }) {
        let reasons = variables.prefix(3).compactMap {
          explainMissingGradient(of: loss, withRespectTo: $0)
        }
        loss.graph.record(
          GraphError(
            variables.isEmpty
              ? "there is no trainable variable" : "no variable has a gradient",
            node: loss.name, op: self.name, site: loss.graph.scope.site, notes: reasons))
      }
      return zip(all, variables).map { (gradient: $0, variable: $1) }
    }
  }

  /// A node that moves each variable by its gradient, and then applies its constraint if it has one.
  @discardableResult
  public func applyGradients(
    _ pairs: [(gradient: GradientValue?, variable: Variable)], in graph: Graph,
    globalStep: Variable? = nil, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node {
    graph.at(SourceSite(file, line)) {
      let known = pairs.compactMap { pair in
        pair.gradient.map { (gradient: $0, variable: pair.variable) }
      }
      let counter =
        globalStep ?? (hyperparameters.contains(where: \.followsSteps) ? graph.globalStep : nil)
      let outer = graph.scope.names
      let scope = name ?? self.name
      let full = graph.nameScope(scope) { graph.scope.names }
      let finished: [Node] = graph.nameScope(full) {
        let step = OptimizerStep(
          graph: graph, pairs: clipping.clipped(known, in: graph), counter: counter,
          slotName: self.name, outerScope: outer)
        let (each, after) = known.isEmpty ? ([], nil) : updates(in: step)
        let moved = each + (graph.controlDependencies(each) { after?() ?? [] })
        return moved
          + graph.controlDependencies(moved) { graph.constraintSteps(of: known.map(\.variable)) }
      }
      let train: Node
      if let counter {
        train = graph.controlDependencies(finished) {
          counter.assignAdd(counter.value.constant(1), name: full)
        }
      } else {
        train = graph.group(finished, name: full)
      }
      graph.add(train, to: .trainOp)
      return train
    }
  }

  /// A node that moves each variable by its gradient, one tensor for each.
  @discardableResult
  public func applyGradients(
    _ pairs: [(gradient: Tensor?, variable: Variable)], in graph: Graph,
    globalStep: Variable? = nil, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node {
    applyGradients(
      pairs.map { (gradient: $0.gradient.map { .dense($0) }, variable: $0.variable) }, in: graph,
      globalStep: globalStep, name: name, file: file, line: line)
  }
}
