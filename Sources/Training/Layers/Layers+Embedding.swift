import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// A vector that is learned for each of some numbers, such as words; Keras's `Embedding`.
  ///
  /// Training touches only the rows that a batch looked up.
  ///
  /// - Parameters:
  ///   - indices: integers from 0 to below `inputDimension`, of any shape.
  ///   - inputDimension: how many vectors there are.
  ///   - outputDimension: their size.
  ///   - name: the scope of the variable `embeddings`, `[inputDimension, outputDimension]`.
  /// - Returns: the shape of `indices` with `outputDimension` at its end.
  public static func embedding(
    _ indices: Tensor, inputDimension: Int, outputDimension: Int, dtype: DType = .float32,
    embeddingsInitializer: Initializer = .randomUniform(min: -0.05, max: 0.05),
    embeddingsRegularizer: Regularizer? = nil, embeddingsConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if indices.isPoison { return indices }
    let (graph, site) = (indices.graph, SourceSite(file, line))
    return inLayer(graph, name, "embedding", site) {
      let numbers = [
        ("inputDimension", [inputDimension]), ("outputDimension", [outputDimension]),
      ]
      guard arePositive(numbers, "embedding", indices, site) else { return graph.poison }
      let table = graph.getVariable(
        "embeddings", shape: [inputDimension, outputDimension], dtype: dtype,
        initializer: embeddingsInitializer, regularizer: embeddingsRegularizer,
        constraint: embeddingsConstraint, trainable: trainable)
      let isIndex = [.int32, .int64].contains(indices.dtype)
      return embeddingLookup(table, isIndex ? indices : cast(indices, .int32))
    }
  }
}
