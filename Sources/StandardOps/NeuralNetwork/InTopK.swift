import GraphCore
import TensorCore

/// Whether a row's target is among its `k` greatest predictions; equal predictions all count.
///
/// A row with a NaN or an infinity and a target that names no class give false.
public protocol InTopKOp: CompositeOp {}

extension InTopKOp {
  /// One Boolean for each row.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let (predictions, targets) = (node.input(0).shape, node.input(1).shape)
    guard (predictions.rank ?? 2) == 2, (targets.rank ?? 1) == 1 else {
      throw GraphError(
        "a matrix of predictions and a vector of targets are expected, found \(predictions) and "
          + "\(targets)")
    }
    guard let rows = PartialShape([predictions[0]]).merged(with: targets) else {
      throw GraphError(
        "each row of predictions needs one target: \(predictions) and \(targets) differ in rows")
    }
    return [rows]
  }

  /// None.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("Booleans have no derivative") }

  /// Counts the predictions above the target's.
  static func expansion(_ node: Node, isEnough: (Tensor) -> Tensor) -> [Tensor] {
    let (predictions, targets) = (node.input(0), node.input(1))
    guard let classes = predictions.shape[1] else {
      preconditionFailure("\(node) is expanded before its shape is known")
    }
    let column = expandDimensions(targets, axis: 1)
    let isTarget = column .== Ops.classIndices(classes, targets)
    let target = reduceSum(
      select(isTarget, predictions, zerosLike(predictions)), axes: [1], keepDimensions: true)
    let above = reduceSum(cast(predictions .> target, targets.dtype), axes: [1])
    let isValid = (targets .>= 0) .& (targets .< Double(classes))
    return [isEnough(above) .& isValid .& reduceAll(isFinite(predictions), axes: [1])]
  }
}

extension Ops {
  /// With `k` as an attribute.
  public enum InTopK: InTopKOp {
    /// The number of predictions to look at.
    public static let k = AttributeKey<Int>("k")
    public static let signature = Signature(
      ["predictions: float32", "targets: T"], gives: ["precision: bool"],
      [.int("k"), .type("T", .indices, default: .int32)])
    public static func expand(_ node: Node) -> [Tensor] {
      expansion(node) { $0 .< Double(node[k]) }
    }
  }

  /// With `k` as an input.
  public enum InTopKV2: InTopKOp {
    public static let signature = Signature(
      ["predictions: float32", "targets: T", "k: T scalar"], gives: ["precision: bool"],
      [.type("T", .indices, default: .int32)])
    public static func expand(_ node: Node) -> [Tensor] {
      expansion(node) { $0 .< node.input(2) }
    }
  }
}

/// Whether each row's target is among its `k` greatest predictions; TensorFlow's `in_top_k`.
///
/// - Parameters:
///   - predictions: `float32 [batch, classes]`.
///   - targets: the index of the right class, `[batch]`.
/// - Returns: `bool [batch]`.
public func inTopK(
  _ predictions: Tensor, _ targets: Tensor, k: Int, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  predictions.graph.at(SourceSite(file, line)) {
    let base = name ?? "in_top_k/InTopKV2"
    let count = predictions.graph.constant(k, targets.dtype, name: base + "/k")
    return predictions.apply(Ops.InTopKV2.self, [targets, count], name: base)
  }
}
