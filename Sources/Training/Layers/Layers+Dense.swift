import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// A fully connected layer: `activation(inputs · kernel + bias)` along the last dimension;
  /// TensorFlow's `tf.layers.dense`.
  ///
  /// - Parameters:
  ///   - inputs: shape `[…, n]` with known `n`.
  ///   - units: the size of the last dimension of the result.
  ///   - kernelInitializer: what the kernel `[n, units]` starts from.
  ///   - kernelRegularizer: a penalty on the kernel, added to `regularization_losses`.
  ///   - kernelConstraint: what the kernel must satisfy after each update.
  ///   - name: the scope of the variables `kernel` and `bias`; `dense`, `dense_1`, … by default.
  /// - Returns: shape `[…, units]`.
  public static func dense(
    _ inputs: Tensor, units: Int, activation: Activation? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
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
      let kernel = variable(
        "kernel", [width, units], inputs,
        Weight(
          initializer: kernelInitializer, regularizer: kernelRegularizer,
          constraint: kernelConstraint), trainable: trainable)
      var rows = inputs
      if rank > 2 { rows = StandardOps.reshape(inputs, to: [-1, width]) }
      let bias = Weight(
        initializer: biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
      let product = Ending(
        bias: useBias ? bias : nil, activation: nil, isTrainable: trainable)(
          matmul(rows, kernel.value), units: units)
      let result = rank > 2 ? unfolded(product, as: inputs, units) : product
      return activation?(result) ?? result
    }
  }

  /// Rows as the leading dimensions of the tensor that they were made of.
  static func unfolded(_ rows: Tensor, as inputs: Tensor, _ units: Int) -> Tensor {
    guard let sizes = inputs.shape.dimensions?.dropLast() else { return rows }
    // At most one size can be inferred; further unknown ones come from the input's shape.
    if sizes.filter({ $0 == nil }).count <= 1 {
      return StandardOps.reshape(rows, to: sizes.map { $0 ?? -1 } + [units])
    }
    let leading = slice(shape(of: inputs), begin: [0], size: [sizes.count])
    return StandardOps.reshape(rows, to: concat([leading, rows.graph.constant([units])], axis: 0))
  }
}
