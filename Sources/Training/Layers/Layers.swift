import GraphCore
import StandardOps
import TensorCore

/// Layers as functions: they make their variables under TensorFlow's names and return a tensor.
///
/// Each takes a `name`, the scope of its variables and nodes; by default it is the kind's, numbered
/// where a layer of that name exists: `dense`, `dense_1`.
public enum Layers {
  /// Opens a layer's variable scope: its name, or a default one that no layer has yet.
  static func inLayer<Result>(
    _ graph: Graph, _ name: String?, _ kind: String, _ site: SourceSite, _ body: () -> Result
  ) -> Result {
    graph.at(site) {
      graph.variableScope(name ?? unusedScope(kind, graph)) { body() }
    }
  }

  private static func unusedScope(_ kind: String, _ graph: Graph) -> String {
    let prefix = graph.scope.variables
    let names = graph.variables().map(\.name)
    var candidate = kind
    var number = 0
    while names.contains(where: { $0.hasPrefix(prefix + candidate + "/") }) {
      number += 1
      candidate = "\(kind)_\(number)"
    }
    return candidate
  }

  /// What a layer is told of one of its variables.
  struct Weight {
    let initializer: Initializer
    var regularizer: Regularizer?
    var constraint: Constraint?
  }

  /// What layers of weights share: where the channels are, what is added, and the activation.
  struct Ending {
    /// The bias's, if there is one.
    let bias: Weight?
    var isChannelsFirst = false
    let activation: Activation?
    let isTrainable: Bool

    /// The result with its bias, activated; the bias is the layer's variable `bias`.
    func callAsFunction(_ result: Tensor, units: Int) -> Tensor {
      var result = result
      if let bias {
        let variable = Layers.variable(
          "bias", [units], result, bias, trainable: isTrainable)
        result = biasAdd(
          result, variable.value, dataFormat: isChannelsFirst ? "NCHW" : "NHWC")
      }
      return activation?(result) ?? result
    }
  }

  /// The layer's variable of that name, of the type of the tensor beside it.
  static func variable(
    _ name: String, _ shape: Shape, _ beside: Tensor, _ weight: Weight, trainable: Bool
  ) -> Variable {
    beside.graph.getVariable(
      name, shape: shape, dtype: beside.dtype, initializer: weight.initializer,
      regularizer: weight.regularizer, constraint: weight.constraint, trainable: trainable)
  }
}
