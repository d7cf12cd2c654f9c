import GraphCore
import TensorCore

// The ops on one element of a list, and lists added to each other.
extension Ops {
  /// The list with one more tensor at its end.
  public enum TensorListPushBack: TensorListOp {
    public static let changesList = true
    public static let signature = Signature(
      ["input_handle: variant", "tensor: element_dtype"], gives: ["output_handle: variant"],
      [.type("element_dtype")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(list: try ListElements.list(inputs[0]).appending(inputs[1]))] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let list = upstream[0] else { return .none("no list is given") }
      let popped = TensorListHandle(list, node[elementType]).popped(
        sizes: statedShape(of: node.input(1)))
      return .dense([popped.rest.tensor, popped.last])
    }
  }

  /// The list without its last tensor, and that tensor.
  public enum TensorListPopBack: TensorListOp {
    public static let changesList = true
    public static let signature = Signature(
      ["input_handle: variant", "element_shape: int32"],
      gives: ["output_handle: variant", "tensor: element_dtype"], [.type("element_dtype")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [.scalar, elementShape(node, 1)]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let list = try ListElements.list(inputs[0])
      guard list.count > 0 else { throw GraphError("the list has no element to take") }
      let last = try ListElements.set(list[list.count - 1], stated: inputs[1])
      return [TensorValue(list: list.dropLast()), last]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let rest = upstream[0] ?? zerosLike(node.output(0))
      let last = upstream[1] ?? zerosLike(node.output(1))
      return .dense([TensorListHandle(rest, node[elementType]).appending(last).tensor, nil])
    }
  }

  /// One tensor of a list.
  public enum TensorListGetItem: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "index: int32 scalar", "element_shape: Tshape"],
      gives: ["item: element_dtype"],
      [.type("element_dtype"), .type("Tshape", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [elementShape(node, 2)]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let list = try ListElements.list(inputs[0])
      let place = try ListElements.place(inputs[1], list.count)
      return [try ListElements.set(list[place], stated: inputs[2])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let item = upstream[0] else { return .none("no element is given") }
      // All others are zeros: lists of as many, numbers that are left out.
      let none =
        item.dtype == .variant
        ? zerosLike(node.input(0))
        : item.graph.constant(-1, .int32).apply(
          TensorListReserve.self, [node.input(0).apply(TensorListLength.self)],
          [elementType.name: .type(item.dtype), "shape_type": .type(.int32)])
      let list = none.apply(
        TensorListSetItem.self, [node.input(1), item], [elementType.name: .type(item.dtype)])
      return .dense([list, nil, nil])
    }
  }

  /// The list with one tensor replaced.
  public enum TensorListSetItem: TensorListOp {
    public static let changesList = true
    public static let signature = Signature(
      ["input_handle: variant", "index: int32 scalar", "item: element_dtype"],
      gives: ["output_handle: variant"],
      [.type("element_dtype"), .flag("resize_if_index_out_of_bounds")])
    /// Whether an index just behind the last element makes the list longer.
    package static let resizes = AttributeKey<Bool>("resize_if_index_out_of_bounds")
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let list = try ListElements.list(inputs[0])
      if node[resizes], inputs[1].integers?.first == list.count {
        return [TensorValue(list: list.appending(inputs[2]))]
      }
      var items = list.items
      items[try ListElements.place(inputs[1], items.count)] = inputs[2]
      return [TensorValue(list: TensorList(items))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let list = upstream[0] else { return .none("no list is given") }
      let (index, item) = (node.input(1), node.input(2))
      let attributes: [String: Attribute] = [elementType.name: .type(node[elementType])]
      // What was there before counts no more; a place that was made for the item goes.
      let others = list.apply(TensorListSetItem.self, [index, zerosLike(item)], attributes)
      let length = node.input(0).apply(TensorListLength.self)
      return .dense([
        node[resizes] ? others.apply(TensorListResize.self, [length]) : others, nil,
        list.apply(TensorListGetItem.self, [index, statedShape(of: item)], attributes),
      ])
    }
  }

  /// Lists of as many zeros: `ZerosLike` of a variant.
  package enum _ListZerosLike: TensorListOp {
    package static let signature = Signature(["x: T"], gives: ["y: T"], [.type("T", [.variant])])
    package static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(list: try ListElements.zeros(like: try ListElements.list(inputs[0])))] }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil]) }
  }

  /// Lists added element by element: `AddN` of variants.
  package enum _ListAddN: TensorListOp {
    package static let changesList = true
    package static let signature = Signature(
      ["inputs: N * T"], gives: ["sum: T"], [.int("N"), .type("T", [.variant])])
    package static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      var sum = try ListElements.list(inputs[0])
      for input in inputs.dropFirst() {
        sum = try ListElements.added(sum, try ListElements.list(input))
      }
      return [TensorValue(list: sum)]
    }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense(node.inputs.map { _ in upstream[0] }) }
  }

  /// A tensor's shape as lists are told it: as it is known, or else as it turns out.
  private static func statedShape(of tensor: Tensor) -> Tensor {
    guard let sizes = tensor.shape.fullyDefined else { return shape(of: tensor) }
    return tensor.graph.constant(sizes.dimensions, .int32)
  }
}
