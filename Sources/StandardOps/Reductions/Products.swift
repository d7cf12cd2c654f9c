import GraphCore
import TensorCore

extension Ops {
  /// The product of the elements along axes.
  public enum Prod: AxisReductionOp {
    public static func initial(of node: Node) -> [Double] { [1] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [a[0] * b[0]]
    }

    /// Each element's gradient is the product of the others: y / x, except that beside a single zero
    /// only the zero has one, and beside two zeros none has.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil]) }
      let (x, axes) = (node.input(0), node.input(1))
      let keep: [String: Attribute] = ["keep_dims": .bool(true)]
      let isZero = x .== zerosLike(x)
      let nonzero = select(isZero, onesLike(x), x)
      let product = nonzero.apply(Prod.self, [axes], keep)
      let zeros = cast(isZero, x.dtype).apply(Sum.self, [axes], keep)
      let none = zerosLike(x)
      let others = select(
        isZero, select(zeros .== 1, product, none),
        select(zeros .== 0, product / nonzero, none))
      return .dense([others * withKeptAxes(dy, of: node), nil])
    }
  }
}

/// The product of the elements along axes (all by default); TensorFlow's `reduce_prod`.
public func reduceProd(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.Prod.self, x, axes, keepDimensions, name ?? "Prod", SourceSite(file, line))
}
