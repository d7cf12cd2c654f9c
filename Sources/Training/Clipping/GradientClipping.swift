import GraphCore
import StandardOps

/// How an optimizer bounds gradients before it applies them: Keras' `clipvalue`, `clipnorm` and
/// `global_clipnorm`, of which at most one may be set.
public struct GradientClipping: Sendable {
  /// The greatest size of an element.
  public let value: Double?
  /// The greatest norm of one variable's gradient.
  public let norm: Double?
  /// The greatest norm of all gradients together.
  public let globalNorm: Double?

  /// Bounds by one of the three; none leaves gradients as they are.
  public init(value: Double? = nil, norm: Double? = nil, globalNorm: Double? = nil) {
    self.value = value
    self.norm = norm
    self.globalNorm = globalNorm
  }

  /// The pairs with bounded gradients.
  func clipped(_ pairs: [OptimizerStep.Pair], in graph: Graph) -> [OptimizerStep.Pair] {
    let bounds = [value, norm, globalNorm].compactMap { $0 }
    if bounds.count > 1 || bounds.contains(where: { !($0 > 0) }) {
      graph.record(
        GraphError(
          "at most one of clipValue, clipNorm and globalClipNorm may be given, and it must be more "
            + "than 0; found \(bounds)", op: "applyGradients", site: graph.scope.site))
    }
    if let globalNorm {
      let clipped = clipByGlobalNorm(pairs.map(\.gradient), globalNorm).clipped
      return zip(clipped, pairs).map { ($0 ?? $1.gradient, $1.variable) }
    }
    return pairs.map { pair in
      var gradient = pair.gradient
      if let value {
        gradient = clipByValue(gradient, min: -value, max: value)
      } else if let norm {
        gradient = clipByNorm(gradient, norm)
      }
      return (gradient, pair.variable)
    }
  }
}
