import GraphCore
import StandardOps
import TensorCore

/// The ℓ₂ norm of all elements of several gradients; TensorFlow's `tf.global_norm`. Those that are nil
/// are left out; of none the norm is nil.
public func globalNorm(
  _ gradients: [GradientValue?], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor? {
  let values = gradients.compactMap { $0?.values }
  guard let graph = values.first?.graph else { return nil }
  return graph.composed(name ?? "global_norm", at: SourceSite(file, line)) { _ in
    let halves = values.map { l2Loss($0) }
    return sqrt(reduceSum(stack(halves)) * 2, name: "global_norm")
  }
}

/// The ℓ₂ norm of all elements of several tensors; TensorFlow's `tf.global_norm`.
public func globalNorm(
  _ tensors: [Tensor], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor? {
  globalNorm(tensors.map { .dense($0) }, name: name, file: file, line: line)
}

/// The gradients scaled by one factor so that the norm of all together is at most `clipNorm`, and the
/// norm that they had; TensorFlow's `tf.clip_by_global_norm`.
///
/// Where the norm is infinite all become NaN, so that the mistake shows.
///
/// - Parameter norm: the gradients' norm where it is known.
public func clipByGlobalNorm(
  _ gradients: [GradientValue?], _ clipNorm: any Hyperparameter, norm: Tensor? = nil,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> (clipped: [GradientValue?], norm: Tensor?) {
  guard let norm = norm ?? globalNorm(gradients, name: name, file: file, line: line) else {
    return (gradients, nil)
  }
  let graph = norm.graph
  let clipped = graph.composed(name ?? "clip_by_global_norm", at: SourceSite(file, line)) { scope in
    let bound = clipNorm.tensor(norm.dtype, in: graph, name: "clip_norm", counter: nil)
    // The difference is 0 unless the norm is not finite.
    let scale = bound * minimum(1 / norm, 1 / bound) + (norm - norm)
    return gradients.enumerated().map { index, gradient in
      gradient?.mapValues {
        identity($0 * cast(scale, $0.dtype), name: "\(scope)_\(index)")
      }
    }
  }
  return (clipped, norm)
}

/// The tensors scaled by one factor so that the norm of all together is at most `clipNorm`, and the
/// norm that they had; TensorFlow's `tf.clip_by_global_norm`.
public func clipByGlobalNorm(
  _ tensors: [Tensor], _ clipNorm: any Hyperparameter, norm: Tensor? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> (clipped: [Tensor], norm: Tensor?) {
  let (clipped, norm) = clipByGlobalNorm(
    tensors.map { .dense($0) }, clipNorm, norm: norm, name: name, file: file, line: line)
  return (zip(clipped, tensors).map { $0?.values ?? $1 }, norm)
}
