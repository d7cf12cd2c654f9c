import GraphCore
import TensorCore

/// The cross-entropy of labels with the softmax of logits along the last axis; TensorFlow's
/// `softmax_cross_entropy_with_logits_v2`.
///
/// - Parameters:
///   - labels: probabilities `[…, classes]`, through which gradients pass too.
///   - logits: `[…, classes]`.
/// - Returns: a loss `[…]` for each row.
public func softmaxCrossEntropy(
  labels: Tensor, logits: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let graph = logits.graph
  return graph.at(SourceSite(file, line)) {
    graph.nameScope(name ?? "softmax_cross_entropy_with_logits") {
      let wide = precise(logits)
      let probabilities = cast(labels, wide.dtype)
      let loss: Tensor
      if (logits.shape.rank ?? 2) <= 2 {
        loss = wide.apply(Ops.SoftmaxCrossEntropyWithLogits.self, [probabilities])
      } else {
        let flat = rows(of: wide).apply(
          Ops.SoftmaxCrossEntropyWithLogits.self, [rows(of: probabilities)])
        loss = reshape(flat, to: shapeTensor(of: reduceSum(wide, axes: [-1])))
      }
      return cast(loss, logits.dtype)
    }
  }
}

/// The cross-entropy of classes with the softmax of logits along the last axis; TensorFlow's
/// `sparse_softmax_cross_entropy_with_logits`.
///
/// - Parameters:
///   - labels: the index of the right class, `[…]`.
///   - logits: `[…, classes]`.
/// - Returns: a loss `[…]` for each row, NaN where a label names no class.
public func sparseSoftmaxCrossEntropy(
  labels: Tensor, logits: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let graph = logits.graph
  return graph.at(SourceSite(file, line)) {
    graph.nameScope(name ?? "SparseSoftmaxCrossEntropyWithLogits") {
      let op = Ops.SparseSoftmaxCrossEntropyWithLogits.self
      let wide = precise(logits)
      let loss: Tensor
      if (logits.shape.rank ?? 2) == 2 {
        loss = wide.apply(op, [labels])
      } else {
        let flat = rows(of: wide).apply(op, [reshape(labels, to: [-1])])
        loss = reshape(flat, to: shapeTensor(of: labels))
      }
      return cast(loss, logits.dtype)
    }
  }
}

/// The cross-entropy of independent labels with the sigmoid of logits, element by element;
/// TensorFlow's `sigmoid_cross_entropy_with_logits`.
///
/// max(x, 0) − x·z + ln(1 + e^−|x|) for logits x and labels z of one shape.
public func sigmoidCrossEntropy(
  labels: Tensor, logits: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let graph = logits.graph
  return graph.at(SourceSite(file, line)) {
    graph.nameScope(name ?? "logistic_loss") {
      let zeros = zerosLike(logits)
      let isPositive = logits .>= zeros
      // Selections where the formula has max and |x|: their derivatives at 0 are then right.
      let positive = select(isPositive, logits, zeros, name: "Select")
      let negativeAbsolute = select(isPositive, -logits, logits, name: "Select_1")
      return positive - logits * labels + log1p(exp(negativeAbsolute))
    }
  }
}

/// Half precision is too narrow for sums of powers.
private func precise(_ logits: Tensor) -> Tensor {
  [.float16, .bfloat16].contains(logits.dtype) ? cast(logits, .float32) : logits
}

/// The last axis as columns, all others together as rows.
private func rows(of x: Tensor) -> Tensor {
  if let classes = x.shape.dimensions?.last.flatMap({ $0 }) {
    return reshape(x, to: [-1, classes])
  }
  // The last size is known only when fed: the shape's one element whose index is rank − 1.
  let graph = x.graph
  let (zero, one) = (graph.constant(0), graph.constant(1))
  let isLast = range(zero, rank(of: x), one) .== rank(of: x) - one
  let classes = reduceSum(
    shape(of: x) * cast(isLast, .int32), axes: [0], keepDimensions: true)
  let parts = [graph.constant([-1]), classes]
  return reshape(x, to: dynamicStitch([graph.constant([0]), graph.constant([1])], parts))
}
