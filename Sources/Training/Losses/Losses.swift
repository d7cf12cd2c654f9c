import GraphCore
import StandardOps
import TensorCore

/// Losses as functions: a value for each example, weighted and reduced to a scalar, which is also
/// added to the collection `losses`.
///
/// Those that TensorFlow 1 has are `tf.losses`'s; the others, marked so, are Keras's. `weights`
/// broadcast to the values: a scalar, one for each example `[batch, 1, …]`, or one for each value.
public enum Losses {
  /// What becomes of the weighted values.
  public enum Reduction: Sendable {
    /// They stay as they are.
    case none
    /// Their sum.
    case sum
    /// The sum by the sum of the weights.
    case mean
    /// The sum by the number of values.
    case sumOverBatchSize
    /// The sum by the number of values whose weight is not 0; what TensorFlow 1 does by default.
    case sumByNonzeroWeights
  }

  /// Weights and reduces values, and lists the result; TensorFlow's `compute_weighted_loss`.
  ///
  /// - Parameters:
  ///   - values: one for each example, or several.
  ///   - weights: 1 by default; 0 leaves a value out.
  ///   - collection: what lists the loss; nil for nothing.
  public static func computeWeightedLoss(
    _ values: Tensor, weights: Tensor? = nil, reduction: Reduction = .sumByNonzeroWeights,
    collection: CollectionKey? = .losses, name: String = "weighted_loss",
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    loss(name, values, weights, reduction, collection, SourceSite(file, line)) { values }
  }

  /// The total of the collection `losses` and, unless left out, of the penalties on weights;
  /// TensorFlow's `losses.get_total_loss`.
  public static func total(
    in graph: Graph, addRegularizationLosses: Bool = true, name: String = "total_loss",
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    graph.at(SourceSite(file, line)) {
      let penalties = addRegularizationLosses ? [graph.regularizationLoss()] : []
      let losses = graph.tensors(in: .losses) + penalties
      if losses.isEmpty { return graph.constant(0.0, .float32, name: name) }
      return addN(losses, name: name)
    }
  }

  /// A loss in a scope of its own: what `body` builds, weighted, reduced and listed.
  static func loss(
    _ name: String, _ beside: Tensor, _ weights: Tensor?, _ reduction: Reduction,
    _ collection: CollectionKey?, _ site: SourceSite, _ body: () -> Tensor
  ) -> Tensor {
    if beside.isPoison { return beside }
    let graph = beside.graph
    return graph.composed(name, at: site) { _ in
      let values = body()
      if values.isPoison { return values }
      let own = weights.map { cast($0, values.dtype) }
      let result = reduced(own.map { values * $0 } ?? values, values, own, reduction)
      if let collection { graph.add(result, to: collection) }
      return result
    }
  }

  private static func reduced(
    _ weighted: Tensor, _ values: Tensor, _ weights: Tensor?, _ reduction: Reduction
  ) -> Tensor {
    if case .none = reduction { return weighted }
    let sum = reduceSum(weighted)
    if case .sum = reduction { return sum }
    let all = cast(size(of: values), values.dtype)
    let count: Tensor
    switch (reduction, weights) {
    case (.mean, let weights?): count = reduceSum(weights * onesLike(values))
    case (.sumByNonzeroWeights, let weights?):
      count = reduceSum(cast((weights * onesLike(values)) .!= 0, values.dtype))
    default: count = all
    }
    return divNoNan(sum, count, name: "value")
  }
}
