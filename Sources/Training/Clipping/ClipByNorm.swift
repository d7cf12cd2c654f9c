import GraphCore
import StandardOps
import TensorCore

/// The tensor scaled so that its ℓ₂ norm is at most `clipNorm`; TensorFlow's `tf.clip_by_norm`.
///
/// - Parameter axes: the dimensions of one norm; all by default.
public func clipByNorm(
  _ x: Tensor, _ clipNorm: any Hyperparameter, axes: [Int]? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "clip_by_norm", at: SourceSite(file, line)) { scope in
    // A negative bound counts as 0.
    let bound = maximum(clipNorm.tensor(x.dtype, in: x.graph, name: "clip_norm", counter: nil), 0)
    let sum = reduceSum(x * x, axes: axes, keepDimensions: true)
    let isPositive = sum .> 0
    // The root has no gradient at 0.
    let safe = select(isPositive, sum, onesLike(sum))
    let norm = select(isPositive, sqrt(safe), sum)
    return identity(x * bound / maximum(norm, bound), name: scope)
  }
}

/// The gradient scaled so that its norm is at most `clipNorm`; the norm of rows is that of their list,
/// as in TensorFlow.
public func clipByNorm(
  _ gradient: GradientValue, _ clipNorm: any Hyperparameter, axes: [Int]? = nil,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> GradientValue {
  gradient.mapValues { clipByNorm($0, clipNorm, axes: axes, name: name, file: file, line: line) }
}

/// The tensor scaled so that its norm, divided by the number of elements, is at most `clipNorm`;
/// TensorFlow's `tf.clip_by_average_norm`.
public func clipByAverageNorm(
  _ x: Tensor, _ clipNorm: any Hyperparameter, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "clip_by_average_norm", at: SourceSite(file, line)) { scope in
    let bound = clipNorm.tensor(x.dtype, in: x.graph, name: "clip_norm", counter: nil)
    let count = cast(size(of: x), x.dtype)
    let inverse = rsqrt(reduceSum(x * x))
    return identity(x * bound * minimum(inverse * count, 1 / bound), name: scope)
  }
}
