import GraphCore
import TensorCore

/// The place of an axis as a vector of one element, counted from the front: what gradients cut shapes
/// at, also while the rank is not known.
package func place(ofAxis axis: Int, in x: Tensor) -> Tensor {
  if axis >= 0 { return x.graph.constant([axis], .int32) }
  if let rank = x.shape.rank { return x.graph.constant([rank + axis], .int32) }
  return reshape(rank(of: x) + Double(axis), to: [1])
}

/// The product of a vector of sizes, as a scalar: a constant where all of them are known.
package func product(ofSizes sizes: Tensor) -> Tensor {
  guard let known = sizes.partialValue?.known else { return reduceProd(sizes, axes: [0]) }
  return sizes.graph.constant(known.reduce(1, *), sizes.dtype)
}

/// The product of two sizes: a constant where both are known.
package func product(_ a: Tensor, _ b: Tensor) -> Tensor {
  guard let m = a.partialValue?.known?.first, let n = b.partialValue?.known?.first else {
    return a * b
  }
  return a.graph.constant(m * n, a.dtype)
}

/// The size of a tensor's last axis, as a scalar.
package func lastSize(of x: Tensor) -> Tensor {
  let one = x.graph.constant([1], .int32)
  return product(ofSizes: slice(shapeTensor(of: x), begin: place(ofAxis: -1, in: x), size: one))
}

/// The sizes of all axes but the last, as a vector.
package func leadingSizes(of x: Tensor) -> Tensor {
  let zero = x.graph.constant([0], .int32)
  return slice(shapeTensor(of: x), begin: zero, size: place(ofAxis: -1, in: x))
}

/// A tensor whose axes are the first ones of `x`, with axes of size 1 for the others, so that both
/// broadcast.
package func spread(_ rows: Tensor, over x: Tensor) -> Tensor {
  guard let own = rows.shape.rank, let rank = x.shape.rank else {
    let missing = reshape(StandardOps.rank(of: x) - StandardOps.rank(of: rows), to: [1])
    let ones = fill(missing, with: x.graph.constant(1, .int32))
    return reshape(rows, to: concat([shapeTensor(of: rows), ones], axis: 0))
  }
  return (own..<max(own, rank)).reduce(rows) { rows, _ in expandDimensions(rows, axis: -1) }
}
