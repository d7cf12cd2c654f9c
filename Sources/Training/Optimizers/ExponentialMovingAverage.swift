import GraphCore
import StandardOps
import Synchronization
import TensorCore

/// Shadows of variables that follow them slowly: `shadow −= (1 − decay) · (shadow − variable)`;
/// TensorFlow's `tf.train.ExponentialMovingAverage`.
///
///     let average = ExponentialMovingAverage(decay: 0.999)
///     let train = graph.controlDependencies([step]) { average.apply(in: graph) }
public final class ExponentialMovingAverage: Sendable {
  /// The name that the shadows bear: `kernel/ExponentialMovingAverage`.
  public let name: String
  private let decay: any Hyperparameter
  private let updateCount: (any Hyperparameter)?
  private let removesBias: Bool
  /// The shadows by what they follow.
  private let averages = Mutex<[Tensor: Variable]>([:])

  /// Averages that keep the share `decay` in each update.
  ///
  /// - Parameters:
  ///   - updateCount: the number of updates so far, such as the global step: the first of them then
  ///     keep less, at most `(1 + updateCount) / (10 + updateCount)`.
  ///   - removesBias: whether averages of tensors, which start from 0, are scaled up accordingly;
  ///     TensorFlow's `zero_debias`.
  public init(
    decay: any Hyperparameter, updateCount: (any Hyperparameter)? = nil, removesBias: Bool = false,
    name: String = "ExponentialMovingAverage"
  ) {
    self.decay = decay
    self.updateCount = updateCount
    self.removesBias = removesBias
    self.name = name
  }

  /// A node that moves the shadows of variables towards what these hold where it runs, so that it
  /// belongs after the training op. The first time makes the shadows.
  ///
  /// - Parameter variables: what to follow; the collection `trainable_variables` by default.
  @discardableResult
  public func apply(
    _ variables: [Variable]? = nil, in graph: Graph, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node {
    let followed = variables ?? graph.variables(in: .trainableVariables)
    return graph.at(SourceSite(file, line)) {
      for variable in followed where average(of: variable) == nil {
        let shadow = shadow(of: variable)
        averages.withLock { $0[variable.handle] = shadow }
        graph.add(variable, to: .movingAverageVariables)
      }
      return update(
        followed.compactMap { variable in
          average(of: variable).map { shadow in (shadow, { variable.read() }, false) }
        }, graph)
    }
  }

  /// A node that moves the averages of tensors, which start from 0, towards their values.
  @discardableResult
  public func apply(
    tensors: [Tensor], in graph: Graph, file: StaticString = #fileID, line: UInt = #line
  ) -> Node {
    graph.at(SourceSite(file, line)) {
      for tensor in tensors where average(of: tensor) == nil && !tensor.isPoison {
        let full = graph.unusedVariableName("\(tensor.node.name)/\(name)")
        let shadow = graph.zeros(full, tensor.shape.fullyDefined ?? .scalar, tensor.dtype)
        if tensor.shape.fullyDefined == nil {
          graph.record(
            GraphError(
              "only a tensor of known shape has an average", node: tensor.name, op: name,
              site: graph.scope.site))
        }
        averages.withLock { $0[tensor] = shadow }
      }
      return update(
        tensors.compactMap { tensor in
          average(of: tensor).map { shadow in (shadow, { tensor }, removesBias) }
        }, graph)
    }
  }

  /// The shadow of a variable, or nil if it is not followed.
  public func average(of variable: Variable) -> Variable? {
    averages.withLock { $0[variable.handle] }
  }

  /// The average of a tensor, or nil if it is not followed.
  public func average(of tensor: Tensor) -> Variable? { averages.withLock { $0[tensor] } }

  /// The name of a variable's shadow, or the name that it would have.
  public func averageName(of variable: Variable) -> String {
    average(of: variable)?.name ?? "\(variable.name)/\(name)"
  }

  /// The variables by the names under which to restore them, so that those with an average start from
  /// it: what a saver's `restore(_:from:names:)` takes.
  ///
  /// - Parameter followed: the variables with averages; trainable ones and those of the collection
  ///   `moving_average_variables` by default.
  public func variablesToRestore(_ followed: [Variable]? = nil, in graph: Graph) -> [String:
    Variable]
  {
    let followed =
      followed
      ?? graph.variables(in: .trainableVariables) + graph.variables(in: .movingAverageVariables)
    let own = Set(followed)
    var names: [String: Variable] = [:]
    for variable in own { names[averageName(of: variable)] = variable }
    for variable in graph.variables() where !own.contains(variable) && names[variable.name] == nil {
      names[variable.name] = variable
    }
    return names
  }

  /// A variable that starts as another does, or as what that one holds if it has a value.
  private func shadow(of variable: Variable) -> Variable {
    let graph = variable.graph
    let full = graph.unusedVariableName("\(variable.name)/\(name)")
    return graph.atRoot {
      var start = variable.initialValue ?? variable.value
      if variable.initialValue != nil, !variable.isReference {
        let isInitialized = graph.add(Ops.VarIsInitializedOp.self, [variable.handle]).output(0)
        start =
          graph.cond(isInitialized, then: { [variable.read()] }, else: { [start] }).first ?? start
      }
      return graph.nameScope(full + "/") {
        graph.makeVariable(
          full + "/", start, shape: variable.shape, trainable: false,
          collections: [.globalVariables], isReference: variable.isReference)
      }
    }
  }

  private typealias Follower = (shadow: Variable, value: () -> Tensor, removesBias: Bool)

  private func update(_ followers: [Follower], _ graph: Graph) -> Node {
    graph.nameScope(name) {
      let scope = graph.scope.names
      var share = decay.tensor(.float32, in: graph, name: "decay", counter: nil)
      if let updateCount {
        let count = updateCount.tensor(.float32, in: graph, name: "num_updates", counter: nil)
        share = minimum(share, (1 + count) / (10 + count))
      }
      let updates = followers.map { follower in
        graph.nameScope("AssignMovingAvg") {
          let rest = cast(1 - share, follower.shadow.dtype)
          if follower.removesBias { return unbiased(follower, rest) }
          let shadow = follower.shadow
          return shadow.assignSub((shadow.read() - follower.value()) * rest)
        }
      }
      return graph.group(updates, name: scope)
    }
  }

  /// Kingma and Ba's correction: a biased average beside the shadow, divided by what it can have
  /// reached in so many updates.
  private func unbiased(_ follower: Follower, _ rest: Tensor) -> Node {
    let (shadow, graph) = (follower.shadow, follower.shadow.graph)
    let shape = shadow.shape.fullyDefined ?? .scalar
    let biased = graph.zeros(
      graph.unusedVariableName(shadow.name + "/biased"), shape, shadow.dtype)
    let count = graph.zeros(
      graph.unusedVariableName(shadow.name + "/local_step"), .scalar, shadow.dtype)
    let moved = biased.assignSub((biased.read() - follower.value()) * rest)
    let counted = count.assignAdd(1.0)
    return graph.controlDependencies([moved, counted]) {
      shadow.assign(biased.read() / (1 - pow(1 - rest, count.read())))
    }
  }
}

extension Graph {
  /// A variable of zeros under a full name, that training keeps.
  fileprivate func zeros(_ name: String, _ shape: Shape, _ dtype: DType) -> Variable {
    atRoot {
      nameScope(name + "/") {
        let start = nameScope(name + "/Initializer/") {
          Initializer.zeros.build(self, shape, dtype)
        }
        return makeVariable(
          name + "/", start, trainable: false, collections: [.globalVariables])
      }
    }
  }
}
