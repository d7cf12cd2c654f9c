import GraphCore
import StandardOps

/// The tensor kept between two bounds, built as TensorFlow's `tf.clip_by_value` builds it.
public func clipByValue(
  _ x: Tensor, min: any Hyperparameter, max: any Hyperparameter, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "clip_by_value", at: SourceSite(file, line)) { scope in
    let upper = max.tensor(x.dtype, in: x.graph, name: "Minimum/y", counter: nil)
    let lower = min.tensor(x.dtype, in: x.graph, name: "y", counter: nil)
    return maximum(minimum(x, upper, name: "Minimum"), lower, name: scope)
  }
}

/// The gradient with every element kept between two bounds; of rows each row is bounded as it is.
public func clipByValue(
  _ gradient: GradientValue, min: any Hyperparameter, max: any Hyperparameter,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> GradientValue {
  gradient.mapValues { clipByValue($0, min: min, max: max, name: name, file: file, line: line) }
}

extension GradientValue {
  /// What the gradient holds numbers in: all elements, or some rows.
  var values: Tensor {
    switch self {
    case .dense(let tensor): tensor
    case .slices(let values, _, _): values
    }
  }

  /// The gradient with its numbers replaced.
  func mapValues(_ body: (Tensor) -> Tensor) -> GradientValue {
    switch self {
    case .dense(let tensor): .dense(body(tensor))
    case .slices(let values, let indices, let shape):
      .slices(values: body(values), indices: indices, shape: shape)
    }
  }
}
