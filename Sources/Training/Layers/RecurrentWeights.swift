import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// What a recurrent layer is told of its variables.
  struct RecurrentWeights {
    let kernel: Weight
    let recurrent: Weight
    let bias: Weight?
  }

  /// A recurrent layer's scope with its variables, which Keras keeps in a scope of the cell.
  ///
  /// - Parameters:
  ///   - gates: how many times `units` columns the kernels have.
  ///   - biasShape: the shape of the variable `bias`.
  static func recurrentLayer(
    _ inputs: Tensor, _ units: Int, gates: Int, _ biasShape: Shape, _ weights: RecurrentWeights,
    _ trainable: Bool, _ name: String?, _ kind: String, _ site: SourceSite,
    _ body: (_ kernel: Variable, _ recurrent: Variable, _ bias: Variable?) -> Tensor
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let graph = inputs.graph
    return inLayer(graph, name, kind, site) {
      guard inputs.shape.rank == 3, let features = inputs.shape[2] else {
        return graph.mistake(
          "the input must have shape [batch, steps, features] with known features, found shape "
            + "\(inputs.shape)", op: kind, site: site, beside: [inputs])
      }
      guard arePositive([("units", [units])], kind, inputs, site) else { return graph.poison }
      let (kernel, recurrent, bias) = graph.variableScope(kind + "_cell") {
        let kernel = variable(
          "kernel", [features, gates * units], inputs, weights.kernel, trainable: trainable)
        let recurrent = variable(
          "recurrent_kernel", [units, gates * units], inputs, weights.recurrent,
          trainable: trainable)
        let bias = weights.bias.map {
          variable("bias", biasShape, inputs, $0, trainable: trainable)
        }
        return (kernel, recurrent, bias)
      }
      return body(kernel, recurrent, bias)
    }
  }
}
