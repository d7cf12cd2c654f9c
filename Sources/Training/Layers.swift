import GraphCore
import StandardOps
import TensorCore

/// Layers as functions: they make their variables under TensorFlow's names and return a tensor.
public enum Layers {
  /// A fully connected layer: `activation(inputs · kernel + bias)` along the last dimension.
  ///
  /// - Parameters:
  ///   - inputs: shape `[…, n]` with known `n`.
  ///   - units: the size of the last dimension of the result.
  ///   - name: the scope of the variables `kernel` and `bias`; `dense`, `dense_1`, … by default.
  public static func dense(
    _ inputs: Tensor, units: Int, activation: ((Tensor) -> Tensor)? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let graph = inputs.graph
    return inLayer(graph, name, "dense", SourceSite(file, line)) {
      guard let rank = inputs.shape.rank, rank >= 2, let width = inputs.shape[rank - 1] else {
        return graph.mistake(
          "the input must have rank 2 or more and a known last dimension, "
            + "found shape \(inputs.shape)", op: "dense", site: SourceSite(file, line),
          beside: [inputs])
      }
      guard units > 0 else {
        return graph.mistake(
          "units must be positive, found \(units)", op: "dense", site: SourceSite(file, line))
      }
      let kernel = graph.getVariable(
        "kernel", shape: [width, units], dtype: inputs.dtype, initializer: kernelInitializer,
        trainable: trainable)
      var rows = inputs
      if rank > 2 { rows = reshape(inputs, to: [-1, width]) }
      var result = matmul(rows, kernel.value)
      if useBias {
        let bias = graph.getVariable(
          "bias", shape: [units], dtype: inputs.dtype, initializer: biasInitializer,
          trainable: trainable)
        result = biasAdd(result, bias.value)
      }
      if rank > 2, let sizes = inputs.shape.dimensions?.dropLast() {
        // At most one size can be inferred; further unknown ones come from the input's shape.
        if sizes.filter({ $0 == nil }).count <= 1 {
          result = reshape(result, to: sizes.map { $0 ?? -1 } + [units])
        } else {
          let leading = slice(
            shape(of: inputs), begin: [0], size: [rank - 1])
          result = reshape(result, to: concat([leading, graph.constant([units])], axis: 0))
        }
      }
      return activation?(result) ?? result
    }
  }

  /// The inputs with all but the first dimension joined into one.
  public static func flatten(
    _ inputs: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    return inLayer(inputs.graph, name, "flatten", SourceSite(file, line)) {
      guard let sizes = inputs.shape.dimensions, sizes.count >= 1 else {
        return inputs.graph.mistake(
          "the input must have a known rank of 1 or more, found shape \(inputs.shape)",
          op: "flatten", site: SourceSite(file, line), beside: [inputs])
      }
      let rest = PartialShape(Array(sizes.dropFirst())).count
      return reshape(inputs, to: rest.map { [-1, $0] } ?? [sizes[0] ?? -1, -1])
    }
  }

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
}
