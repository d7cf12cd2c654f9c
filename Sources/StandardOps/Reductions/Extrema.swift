import GraphCore
import TensorCore

/// The greatest or least element along axes; NaN if one is NaN.
public protocol ExtremumOp: AxisReductionOp {}

extension ExtremumOp {
  /// To the elements that the output is equal to, in equal shares.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let dy = upstream[0] else { return .dense([nil, nil]) }
    let x = node.input(0)
    let isChosen = cast(withKeptAxes(node.output(0), of: node) .== x, x.dtype)
    let count = isChosen.apply(Ops.Sum.self, [node.input(1)], ["keep_dims": .bool(true)])
    return .dense([isChosen / count * withKeptAxes(dy, of: node), nil])
  }
}

extension Ops {
  /// The greatest element along axes; the least number of the type for no elements.
  public enum Max: ExtremumOp {
    public static func initial(of node: Node) -> [Double] { [node.input(0).dtype.lowest] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [maximum(a[0], b[0])]
    }
  }

  /// The least element along axes; the greatest number of the type for no elements.
  public enum Min: ExtremumOp {
    public static func initial(of node: Node) -> [Double] { [node.input(0).dtype.highest] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [minimum(a[0], b[0])]
    }
  }
}

extension DType {
  /// The number that no other is below.
  package var lowest: Double {
    switch self {
    case .int8: -128
    case .int16: -32_768
    case .int32: -2_147_483_648
    case .int64: -9_223_372_036_854_775_808
    case .uint8, .uint16, .uint32, .uint64: 0
    default: -.infinity
    }
  }

  /// The number that no other is above; of 64-bit integers rounded up to a power of two.
  package var highest: Double {
    switch self {
    case .int8: 127
    case .int16: 32_767
    case .int32: 2_147_483_647
    case .int64: 9_223_372_036_854_775_808
    case .uint8: 255
    case .uint16: 65_535
    case .uint32: 4_294_967_295
    case .uint64: 18_446_744_073_709_551_616
    default: .infinity
    }
  }
}

/// The greatest element along axes (all by default); TensorFlow's `reduce_max`.
public func reduceMax(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.Max.self, x, axes, keepDimensions, name ?? "Max", SourceSite(file, line))
}

/// The least element along axes (all by default); TensorFlow's `reduce_min`.
public func reduceMin(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.Min.self, x, axes, keepDimensions, name ?? "Min", SourceSite(file, line))
}
