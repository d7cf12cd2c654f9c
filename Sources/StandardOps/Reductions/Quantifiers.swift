import GraphCore
import TensorCore

/// Whether all or any of the Booleans along axes hold.
public protocol QuantifierOp: ReductionOp {}

extension QuantifierOp {
  /// Booleans and axes, to Booleans.
  public static var signature: Signature {
    Signature(
      ["input: bool", "reduction_indices: Tidx"], gives: ["output: bool"],
      [.flag("keep_dims"), .type("Tidx", .indices, default: .int32)])
  }
  /// None.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("Booleans have no derivative") }
}

extension Ops {
  /// Whether all elements along axes hold; true for none.
  public enum All: QuantifierOp {
    public static func initial(of node: Node) -> [Double] { [1] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [a[0] & b[0]]
    }
  }

  /// Whether some element along axes holds; false for none.
  public enum `Any`: QuantifierOp {
    public static func initial(of node: Node) -> [Double] { [0] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [a[0] | b[0]]
    }
  }
}

/// Whether all elements along axes (all by default) hold; TensorFlow's `reduce_all`.
public func reduceAll(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.All.self, x, axes, keepDimensions, name ?? "All", SourceSite(file, line))
}

/// Whether some element along axes (all by default) holds; TensorFlow's `reduce_any`.
public func reduceAny(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.`Any`.self, x, axes, keepDimensions, name ?? "Any", SourceSite(file, line))
}
