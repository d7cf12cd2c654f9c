import GraphCore
import TensorCore

// Arrays whose elements are rows of one tensor, as many as each has.
extension Ops {
  /// All elements' rows as one tensor, and how many each has.
  public enum TensorArrayConcatV3: SharedValuesOp {
    /// What is known of a row's shape.
    public static let rowShape = AttributeKey<PartialShape>("element_shape_except0")
    public static let signature = Signature(
      ["handle: resource", "flow_in: float32"], gives: ["value: dtype", "lengths: int64"],
      [.type("dtype"), .shape("element_shape_except0", default: .unknown)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [PartialShape([nil]).appending(node[rowShape]), [nil]]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let (array, dtype) = (try shared(inputs[0]), node.output(0).dtype)
      var elements: [TensorValue] = []
      for place in 0..<array.count { elements.append(try read(array, place, dtype)) }
      return try ListElements.joinedRows(
        elements, dtype, shape: PartialShape([nil]).appending(node[rowShape]))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let rows = upstream[0] else { return .none("no rows are given") }
      let (array, flow) = collecting(node, node.input(1), context)
      return .dense([
        nil, array.apply(TensorArraySplitV3.self, [rows, node.output(1), flow]),
      ])
    }
  }

  /// Sets elements to rows of a tensor, as many as each has.
  public enum TensorArraySplitV3: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "value: T", "lengths: int64 vector", "flow_in: float32"],
      gives: ["flow_out: float32"], [.type("T")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let array = try shared(inputs[0])
      for (place, part) in try ListElements.parts(inputs[1], inputs[2]).enumerated() {
        try write(part, array, place)
      }
      return [TensorValue(Float(0))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let dtype = node.input(1).dtype
      guard let flow = upstream[0], dtype.isFloatingPoint else {
        return .dense([nil, nil, nil, upstream[0]])
      }
      let (array, arrayFlow) = collecting(node, flow, context)
      let rows = array.apply(TensorArrayConcatV3.self, [arrayFlow], ["dtype": .type(dtype)])
      return .dense([nil, rows, nil, flow])
    }
  }
}
