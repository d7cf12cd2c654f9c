import GraphCore
import TensorCore

extension Ops {
  /// `t` where the condition holds, else `e`; all three broadcast to one another.
  public enum SelectV2: ElementwiseOp {
    public static let signature = Signature(
      ["condition: bool", "t: T", "e: T"], gives: ["output: T"], [.type("T", .dense)])
    public static func body(_ x: ElementContext) -> Element { select(x[0], x[1], x[2]) }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
      let condition = node.input(0)
      let zeros = dy.constant(0, name: "zeros")
      return .dense([
        nil,
        sumToShape(select(condition, dy, zeros), of: node.input(1), beside: node.output(0)),
        sumToShape(select(condition, zeros, dy), of: node.input(2), beside: node.output(0)),
      ])
    }
  }

  /// `t` where the condition holds, else `e`, both of one shape; the condition is of that shape, a
  /// scalar, or a vector that chooses whole rows.
  public enum Select: ElementwiseOp {
    public static let signature = SelectV2.signature

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (condition, t, e) = (node.input(0).shape, node.input(1).shape, node.input(2).shape)
      guard var shape = t.merged(with: e) else {
        throw GraphError("t and e must have one shape, found \(t) and \(e)")
      }
      guard let rank = condition.rank, rank > 0 else { return [shape] }
      if rank == 1, let wanted = shape.rank, wanted != 1 {
        guard wanted > 1, PartialShape([shape[0]]).isCompatible(with: condition) else {
          throw GraphError("a condition of shape \(condition) does not choose rows of \(shape)")
        }
      } else if rank > 1 {
        guard let merged = shape.merged(with: condition) else {
          throw GraphError("the condition must have shape \(shape), found \(condition)")
        }
        shape = merged
      } else if shape.rank == 1, !shape.isCompatible(with: condition) {
        throw GraphError("the condition must have shape \(shape), found \(condition)")
      }
      return [shape]
    }

    public static func axes(ofInput index: Int, of node: Node) -> [Int]? {
      index == 0 && node.input(0).shape.rank == 1 ? [0] : nil
    }

    public static func body(_ x: ElementContext) -> Element { select(x[0], x[1], x[2]) }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
      let condition = node.input(0)
      let zeros = zerosLike(node.input(1))
      return .dense([
        nil, condition.apply(Select.self, [dy, zeros]), condition.apply(Select.self, [zeros, dy]),
      ])
    }
  }
}

/// `t` where the condition holds, else `e`, broadcasting; TensorFlow's `where` with three arguments.
public func select(
  _ condition: Tensor, _ t: Tensor, _ e: Tensor, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  condition.apply(Ops.SelectV2.self, [t, e], name: name, site: SourceSite(file, line))
}
