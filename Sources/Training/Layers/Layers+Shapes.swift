import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// The inputs with all but the first dimension joined into one; TensorFlow's `tf.layers.flatten`.
  ///
  /// - Parameter inputs: shape `[batch, …]`.
  /// - Returns: shape `[batch, n]`.
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
      return StandardOps.reshape(inputs, to: rest.map { [-1, $0] } ?? [sizes[0] ?? -1, -1])
    }
  }

  /// Each example under another shape; Keras's `Reshape`.
  ///
  /// - Parameters:
  ///   - inputs: shape `[batch, …]`.
  ///   - targetShape: an example's shape, of which one size may be −1 to be inferred.
  /// - Returns: shape `[batch]` and `targetShape`.
  public static func reshape(
    _ inputs: Tensor, targetShape: [Int], name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let graph = inputs.graph
    return inLayer(graph, name, "reshape", SourceSite(file, line)) {
      var sizes = targetShape
      let count = inputs.shape.dimensions.flatMap { PartialShape(Array($0.dropFirst())).count }
      if let missing = sizes.firstIndex(of: -1), let count {
        let known = sizes.filter { $0 != -1 }.reduce(1, *)
        guard known > 0, count % known == 0 else {
          return graph.mistake(
            "\(count) elements of an example cannot take the shape \(targetShape)",
            op: "reshape", site: SourceSite(file, line), beside: [inputs])
        }
        sizes[missing] = count / known
      }
      if !sizes.contains(-1) { return StandardOps.reshape(inputs, to: [-1] + sizes) }
      let batch = slice(shape(of: inputs), begin: [0], size: [1])
      return StandardOps.reshape(
        inputs, to: concat([batch, graph.constant(sizes, .int32)], axis: 0))
    }
  }

  /// The inputs one after another along an axis, the last by default; Keras's `Concatenate`.
  public static func concatenate(
    _ inputs: [Tensor], axis: Int = -1, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    combined(inputs, "concatenate", name, SourceSite(file, line)) { concat($0, axis: axis) }
  }

  /// The sum of the inputs, which broadcast to one another; Keras's `Add`.
  public static func add(
    _ inputs: [Tensor], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    combined(inputs, "add", name, SourceSite(file, line)) { inputs in
      inputs.dropFirst().reduce(inputs[0]) { $0 + $1 }
    }
  }

  private static func combined(
    _ inputs: [Tensor], _ kind: String, _ name: String?, _ site: SourceSite,
    _ body: ([Tensor]) -> Tensor
  ) -> Tensor {
    guard let first = inputs.first else { preconditionFailure("\(kind) of no tensors") }
    if let poison = inputs.first(where: \.isPoison) { return poison }
    return inLayer(first.graph, name, kind, site) { body(inputs) }
  }
}
