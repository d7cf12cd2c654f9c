import Autodiff
import GraphCore
import StandardOps
import TensorCore

/// A way to move variables against a loss's gradients.
public protocol Optimizer: Sendable {
  /// The name of the training op by default: `GradientDescent`, `Momentum`, `Adam`.
  var name: String { get }
  /// Makes what the variables need besides themselves and returns the op that moves each of them,
  /// followed by ops that run after all of these.
  func updates(_ pairs: [(gradient: Tensor, variable: Variable)], in graph: Graph) -> (
    each: [Node], after: (() -> [Node])?
  )
}

extension Optimizer {
  /// A node that runs one training step; also added to the collection `train_op`.
  ///
  /// After the variables have moved, the step applies their constraints: what the collection
  /// `weight_constraints` holds for them.
  ///
  /// - Parameters:
  ///   - loss: a floating-point tensor; one that is not a scalar is summed.
  ///   - globalStep: a counter to raise by 1 after the step.
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
  public func computeGradients(
    _ loss: Tensor, variables: [Variable]? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> [(gradient: Tensor?, variable: Variable)] {
    if loss.isPoison { return [] }
    return loss.graph.at(SourceSite(file, line)) {
      let variables = variables ?? loss.graph.variables(in: .trainableVariables)
      let all = gradients(of: loss, withRespectTo: variables)
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
    _ pairs: [(gradient: Tensor?, variable: Variable)], in graph: Graph,
    globalStep: Variable? = nil, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node {
    graph.at(SourceSite(file, line)) {
      let known = pairs.compactMap { pair in
        pair.gradient.map { (gradient: $0, variable: pair.variable) }
      }
      let scope = name ?? self.name
      let full = graph.nameScope(scope) { graph.scope.names }
      let finished: [Node] = graph.nameScope(full) {
        let (each, after) = updates(known, in: graph)
        let moved = each + (graph.controlDependencies(each) { after?() ?? [] })
        return moved
          + graph.controlDependencies(moved) { graph.constraintSteps(of: known.map(\.variable)) }
      }
      let train: Node
      if let globalStep {
        train = graph.controlDependencies(finished) {
          globalStep.assignAdd(globalStep.value.constant(1), name: full)
        }
      } else {
        train = graph.group(finished, name: full)
      }
      graph.add(train, to: .trainOp)
      return train
    }
  }

  /// Adds the update op of one variable under TensorFlow's name for it.
  func update(
    _ variable: Variable, _ op: any Op.Type, _ inputs: [Tensor],
    _ attributes: [String: Attribute] = [:]
  ) -> Node {
    variable.graph.nameScope("update_\(variable.name)") {
      // An older variable takes the older form of the step.
      let older = variable.graph.ops[String(op.name.dropFirst("Resource".count))]
      return variable.graph.add(variable.isReference ? older ?? op : op, inputs, attributes)
    }
  }

  /// A variable beside another, of its shape and type, that training keeps: `kernel/Momentum`.
  func slot(_ name: String, of variable: Variable) -> Variable {
    let graph = variable.graph
    let shape = variable.shape.fullyDefined ?? .scalar
    let full = "\(variable.name)/\(name)"
    if variable.isReference {
      // The step of an older variable takes slots of its own kind.
      if let known = graph.state.withLock({ $0.variables[full] }) { return known }
      return graph.atRoot {
        graph.nameScope(full + "/") {
          let start = graph.nameScope(full + "/Initializer/") {
            Initializer.zeros.build(graph, shape, variable.dtype)
          }
          return graph.makeVariable(
            full + "/", start, trainable: false, collections: [.globalVariables],
            isReference: true)
        }
      }
    }
    return graph.atRoot {
      graph.withScope({ $0.variables = "" }) {
        graph.getVariable(
          full, shape: shape, dtype: variable.dtype, initializer: .zeros, trainable: false)
      }
    }
  }
}

/// A learning rate: a number, or a tensor such as a schedule.
public enum LearningRate: Sendable, ExpressibleByFloatLiteral {
  case number(Double)
  case tensor(Tensor)

  /// A fixed rate.
  public init(floatLiteral value: Double) { self = .number(value) }

  func tensor(as dtype: DType, in graph: Graph, _ name: String) -> Tensor {
    switch self {
    case .tensor(let tensor): cast(tensor, dtype)
    case .number(let number): graph.constant(number, dtype, name: name)
    }
  }
}
