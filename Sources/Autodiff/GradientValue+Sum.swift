import GraphCore
import StandardOps

extension GradientValue {
  /// The gradient with a number for each element of what it belongs to.
  public var densified: Tensor {
    switch self {
    case .dense(let tensor): return tensor
    case .slices(let values, let indices, let shape):
      let rows = reshape(slice(shape, begin: [0], size: [1]), to: [])
      return unsortedSegmentSum(values, indices, count: rows)
    }
  }

  /// The sum of one or more contributions: rows stay rows as long as all are.
  static func sum(of contributions: [GradientValue]) -> GradientValue {
    if contributions.count == 1 { return contributions[0] }
    var (values, indices): ([Tensor], [Tensor]) = ([], [])
    for case .slices(let rows, let places, _) in contributions {
      values.append(rows)
      indices.append(places)
    }
    if values.count == contributions.count, case .slices(_, let first, let shape) = contributions[0]
    {
      let places = indices.map { $0.dtype == first.dtype ? $0 : cast($0, first.dtype) }
      return .slices(
        values: concat(values, axis: 0), indices: concat(places, axis: 0), shape: shape)
    }
    return .dense(addN(contributions.map(\.densified)))
  }
}
