import GraphCore
import TensorCore

// Lists whose elements are rows of one tensor, as many as each has; and lists one after another.
extension Ops {
  /// All elements' rows as one tensor, and how many each has.
  public enum TensorListConcat: TensorListOp {
    /// What is known of an element's shape.
    public static let elementShape = AttributeKey<PartialShape>("element_shape")
    public static let signature = Signature(
      ["input_handle: variant"], gives: ["tensor: element_dtype", "lengths: int64"],
      [.type("element_dtype"), .shape("element_shape", default: .unknown)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [PartialShape([nil]).appending(rowShape(node[elementShape])), [nil]]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      try ListElements.joinedRows(
        try ListElements.list(inputs[0]).items, node[elementType],
        shape: node[elementShape], lengths: [])
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([separated(upstream[0], node)]) }
  }

  /// The same, where elements that nobody set are zeros of as many rows as are stated.
  public enum TensorListConcatV2: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "element_shape: shape_type", "leading_dims: int64 vector"],
      gives: ["tensor: element_dtype", "lengths: int64"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [PartialShape([nil]).appending(rowShape(elementShape(node, 1))), [nil]]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      try ListElements.joinedRows(
        try ListElements.list(inputs[0]).items, node[elementType],
        shape: ListElements.partialShape(inputs[1]), lengths: inputs[2].integers ?? [])
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([separated(upstream[0], node), nil, nil]) }
  }

  /// A list of a tensor's rows, as many for each element as its length says.
  public enum TensorListSplit: TensorListOp {
    public static let signature = Signature(
      ["tensor: element_dtype", "element_shape: shape_type", "lengths: int64 vector"],
      gives: ["output_handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let parts = try ListElements.parts(inputs[0], inputs[2])
      let stated = try ListElements.partialShape(inputs[1])
      if let misfit = parts.first(where: { !stated.matches($0.shape) }) {
        throw GraphError("elements of shape \(stated) are expected, found \(misfit.shape)")
      }
      return [TensorValue(list: TensorList(parts))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let list = upstream[0] else { return .none("no list is given") }
      let graph = list.graph
      let sizes = concat([graph.constant([-1], .int32), shape(of: node.input(0))[1...]], axis: 0)
      let rows = list.apply(
        TensorListConcatV2.self, [sizes, node.input(2)],
        [elementType.name: .type(node[elementType]), "shape_type": .type(.int32)])
      return .dense([rows, nil, nil])
    }
  }

  /// The elements of one list, then those of another.
  public enum TensorListConcatLists: TensorListOp {
    public static let signature = Signature(
      ["input_a: variant", "input_b: variant"], gives: ["output: variant"],
      [.type("element_dtype")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let (a, b) = (try ListElements.list(inputs[0]), try ListElements.list(inputs[1]))
      _ = try ListElements.checked(count: a.count + b.count)
      return [TensorValue(list: TensorList(a.items + b.items))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .unavailable("as in TensorFlow, joined lists pass no gradients") }
  }

  /// What an element's shape says of its rows.
  private static func rowShape(_ element: PartialShape) -> PartialShape {
    element.dimensions.map { PartialShape(Array($0.dropFirst())) } ?? .unknown
  }

  /// The gradient of a list whose elements' rows were joined.
  private static func separated(_ rows: Tensor?, _ node: Node) -> Tensor? {
    rows?.apply(
      TensorListSplit.self, [node.graph.constant(-1, .int32), node.output(1)],
      [elementType.name: .type(node[elementType]), "shape_type": .type(.int32)])
  }
}
