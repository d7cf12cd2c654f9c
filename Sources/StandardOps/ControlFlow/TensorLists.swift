import GraphCore
import TensorCore

/// An op on TensorFlow 2's lists of tensors, which loops record their values in.
///
/// The gradient with respect to a list is a list: of as many elements, where one without numbers stands
/// for zeros.
public protocol TensorListOp: DataOp {
  /// Whether it gives one of the lists that it takes with other elements.
  static var changesList: Bool { get }
}

extension TensorListOp {
  /// Only reads lists, or makes new ones.
  public static var changesList: Bool { false }
  /// Scalars for lists, unknown for elements.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    node.record.outputs.map { $0.dtype == .variant ? .scalar : .unknown }
  }
  /// The shape that an input, if it is known, states for a list's elements.
  static func elementShape(_ node: Node, _ input: Int) -> PartialShape {
    guard let stated = node.sizes(input), !stated.isScalar else { return .unknown }
    return stated.asShape
  }
}

extension Ops {
  /// The type of a list's elements.
  package static let elementType = AttributeKey<DType>("element_dtype")

  /// A list of no tensors.
  public enum EmptyTensorList: TensorListOp {
    public static let signature = Signature(
      ["element_shape: shape_type", "max_num_elements: int32"], gives: ["handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(list: TensorList([]))] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil, nil]) }
  }

  /// A list of tensors that are not set yet.
  public enum TensorListReserve: TensorListOp {
    public static let signature = Signature(
      ["element_shape: shape_type", "num_elements: int32 scalar"], gives: ["handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let count = try ListElements.checked(count: inputs[1].integers?.first ?? 0)
      let element = TensorValue(
        zeros: ListElements.statedShape(inputs[0]) ?? ListElements.unset, dtype: node[elementType])
      return [TensorValue(list: TensorList(Array(repeating: element, count: count)))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil, nil]) }
  }

  /// A tensor's rows as a list.
  public enum TensorListFromTensor: TensorListOp {
    public static let signature = Signature(
      ["tensor: element_dtype", "element_shape: shape_type"], gives: ["output_handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      try ListElements.check(rowsOf: inputs[0], stated: inputs[1])
      return [TensorValue(list: TensorList(inputs[0].slices))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let list = upstream[0] else { return .none("no list is given") }
      let sizes = shape(of: node.input(0))[1...]
      return .dense([TensorListHandle(list, node[elementType]).stacked(sizes: sizes), nil])
    }
  }

  /// A list's tensors as one, along a new first axis.
  public enum TensorListStack: TensorListOp {
    /// The number of the list's elements; −1 if it is not stated.
    package static let count = AttributeKey<Int>("num_elements")
    public static let signature = Signature(
      ["input_handle: variant", "element_shape: int32"], gives: ["tensor: element_dtype"],
      [.type("element_dtype"), .int("num_elements", default: -1)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = elementShape(node, 1).dimensions else { return [.unknown] }
      return [PartialShape([node[count] < 0 ? nil : node[count]] + sizes)]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let items = try ListElements.list(inputs[0]).items
      return [try ListElements.joined(items, node[elementType], stated: inputs[1])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let rows = upstream[0] else { return .none("no rows are given") }
      return .dense([TensorListHandle(ofRows: rows).tensor, nil])
    }
  }

  /// Some tensors of a list as one, along a new first axis.
  public enum TensorListGather: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "indices: int32", "element_shape: int32"],
      gives: ["values: element_dtype"], [.type("element_dtype")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let list = try ListElements.list(inputs[0])
      var picked: [TensorValue] = []
      for index in inputs[1].integers ?? [] {
        guard (0..<list.count).contains(index) else {
          throw GraphError("index \(index) is not among \(list.count) elements")
        }
        picked.append(list[index])
      }
      return [try ListElements.joined(picked, node[elementType], stated: inputs[2])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let rows = upstream[0] else { return .none("no rows are given") }
      let (list, indices) = (node.input(0), node.input(1))
      let gradient = rows.apply(
        TensorListScatterV2.self,
        [indices, rows.graph.constant(-1, .int32), list.apply(TensorListLength.self)],
        [elementType.name: .type(rows.dtype), "shape_type": .type(.int32)])
      return .dense([gradient, nil, nil])
    }
  }

  /// A list with a tensor's rows at the places of the indices.
  public enum TensorListScatter: TensorListOp {
    public static let signature = Signature(
      ["tensor: element_dtype", "indices: int32", "element_shape: shape_type"],
      gives: ["output_handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      try ListElements.check(rowsOf: inputs[0], stated: inputs[2])
      return [try ListElements.scattered(inputs[0], inputs[1], into: [], node[elementType])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([scattered(upstream, node, rows: 0, indices: 1), nil, nil]) }
  }

  /// A list of a stated length with a tensor's rows at the places of the indices.
  public enum TensorListScatterV2: TensorListOp {
    public static let signature = Signature(
      [
        "tensor: element_dtype", "indices: int32", "element_shape: shape_type",
        "num_elements: int32 scalar",
      ], gives: ["output_handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      try ListElements.check(rowsOf: inputs[0], stated: inputs[2])
      let count = try ListElements.checked(count: max(inputs[3].integers?.first ?? 0, 0))
      let empty = TensorValue(zeros: ListElements.unset, dtype: node[elementType])
      let places = [TensorValue](repeating: empty, count: count)
      return [try ListElements.scattered(inputs[0], inputs[1], into: places, node[elementType])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([scattered(upstream, node, rows: 0, indices: 1), nil, nil, nil]) }
  }

  /// The list with a tensor's rows at the places of the indices.
  public enum TensorListScatterIntoExistingList: TensorListOp {
    public static let changesList = true
    public static let signature = Signature(
      ["input_handle: variant", "tensor: element_dtype", "indices: int32 vector"],
      gives: ["output_handle: variant"], [.type("element_dtype")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let items = try ListElements.list(inputs[0]).items
      return [try ListElements.scattered(inputs[1], inputs[2], into: items, node[elementType])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let list = upstream[0] else { return .none("no list is given") }
      // What was there before counts no more.
      let rest = list.apply(
        TensorListScatterIntoExistingList.self, [zerosLike(node.input(1)), node.input(2)],
        [elementType.name: .type(node[elementType])])
      return .dense([rest, scattered(upstream, node, rows: 1, indices: 2), nil])
    }
  }

  /// The list with as many elements as are asked for.
  public enum TensorListResize: TensorListOp {
    public static let changesList = true
    public static let signature = Signature(
      ["input_handle: variant", "size: int32 scalar"], gives: ["output_handle: variant"])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let items = try ListElements.list(inputs[0]).items
      let size = try ListElements.checked(count: inputs[1].integers?.first ?? 0)
      let empty = TensorValue(zeros: ListElements.unset, dtype: items.first?.dtype ?? .float32)
      let missing = max(size - items.count, 0)
      let all = items.prefix(size) + Array(repeating: empty, count: missing)
      return [TensorValue(list: TensorList(Array(all)))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let list = upstream[0] else { return .none("no list is given") }
      let length = node.input(0).apply(TensorListLength.self)
      return .dense([list.apply(TensorListResize.self, [length]), nil])
    }
  }

  /// The number of a list's tensors.
  public enum TensorListLength: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant"], gives: ["length: int32"])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(Int32(try ListElements.list(inputs[0]).count))] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil]) }
  }

  /// What is known of the shape of a list's elements.
  public enum TensorListElementShape: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant"], gives: ["element_shape: shape_type"],
      [.type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let dtype = node.output(0).dtype
      let items = try ListElements.list(inputs[0]).items
      let shapes = items.map(\.shape).filter { $0 != ListElements.unset }
      let isAlike = shapes.allSatisfy { $0.rank == shapes[0].rank }
      let sizes = isAlike ? shapes.first?.dimensions : nil
      let known = sizes.flatMap { sizes in
        try? TensorValue(
          integers: sizes.indices.map { axis in
            shapes.allSatisfy { $0[axis] == sizes[axis] } ? sizes[axis] : -1
          }, as: dtype, shape: [sizes.count])
      }
      guard let unknown = try? TensorValue(integers: [-1], as: dtype, shape: .scalar) else {
        throw GraphError("shapes of \(dtype) are not supported")
      }
      return [known ?? unknown]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil]) }
  }

  /// The gradient of the rows that were scattered into a list, given the list's.
  private static func scattered(
    _ upstream: [Tensor?], _ node: Node, rows: Int, indices: Int
  ) -> Tensor? {
    upstream[0]?.apply(
      TensorListGather.self, [node.input(indices), shape(of: node.input(rows))[1...]],
      [elementType.name: .type(node[elementType])])
  }
}
