import GraphCore
import TensorCore

/// An op on TensorFlow 2's lists of tensors, which loops record their values in.
public protocol TensorListOp: DataOp {}

extension TensorListOp {
  /// Scalars for lists, unknown for elements.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    node.record.outputs.map { $0.dtype == .variant ? .scalar : .unknown }
  }
  /// What an input, if it is known, says of the shape of a list's elements.
  fileprivate static func elements(_ node: Node, _ input: Int) -> PartialShape {
    guard let stated = node.partialValue(input), !stated.isScalar else { return .unknown }
    return stated.asShape
  }
}

extension Ops {
  /// The type of a list's elements.
  static let elementType = AttributeKey<DType>("element_dtype")

  /// A list of no tensors.
  public enum EmptyTensorList: TensorListOp {
    public static let signature = Signature(
      ["element_shape: shape_type", "max_num_elements: int32"], gives: ["handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(list: [])] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil, nil]) }
  }

  /// A list of tensors that are not set yet.
  public enum TensorListReserve: TensorListOp {
    public static let signature = Signature(
      ["element_shape: shape_type", "num_elements: int32"], gives: ["handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let sizes = inputs[0].integers ?? []
      let isKnown = inputs[0].shape.rank == 1 && !sizes.contains { $0 < 0 }
      let shape = TensorCore.Shape(isKnown ? sizes : [0])
      let count = inputs[1].integers?.first ?? 0
      guard (0...(1 << 24)).contains(count) else {
        throw GraphError("a list of \(count) elements cannot be reserved")
      }
      return [
        TensorValue(
          list: Array(
            repeating: TensorValue(zeros: shape, dtype: node[elementType]), count: count))
      ]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil, nil]) }
  }

  /// The list with one more tensor at its end.
  public enum TensorListPushBack: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "tensor: element_dtype"], gives: ["output_handle: variant"],
      [.type("element_dtype")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(list: try list(inputs[0]) + [inputs[1]])] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// The list without its last tensor, and that tensor.
  public enum TensorListPopBack: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "element_shape: int32"],
      gives: ["output_handle: variant", "tensor: element_dtype"], [.type("element_dtype")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [.scalar, elements(node, 1)]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let items = try list(inputs[0])
      guard let last = items.last else { throw GraphError("the list has no element to take") }
      return [TensorValue(list: Array(items.dropLast())), last]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// One tensor of a list.
  public enum TensorListGetItem: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "index: int32", "element_shape: Tshape"],
      gives: ["item: element_dtype"],
      [.type("element_dtype"), .type("Tshape", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [elements(node, 2)]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let items = try list(inputs[0])
      return [items[try place(inputs[1], items.count)]]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// The list with one tensor replaced.
  public enum TensorListSetItem: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "index: int32", "item: element_dtype"],
      gives: ["output_handle: variant"],
      [.type("element_dtype"), .flag("resize_if_index_out_of_bounds")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      var items = try list(inputs[0])
      items[try place(inputs[1], items.count)] = inputs[2]
      return [TensorValue(list: items)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// A list's tensors as one, along a new first axis.
  public enum TensorListStack: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "element_shape: int32"], gives: ["tensor: element_dtype"],
      [.type("element_dtype"), .int("num_elements", default: -1)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let items = try list(inputs[0])
      do throws(TensorError) {
        return [try TensorValue.tensorValue(of: items, as: node[elementType])]
      } catch {
        throw GraphError("\(error)")
      }
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// Some tensors of a list as one, along a new first axis.
  public enum TensorListGather: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "indices: int32", "element_shape: int32"],
      gives: ["values: element_dtype"], [.type("element_dtype")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let items = try list(inputs[0])
      var picked: [TensorValue] = []
      for index in inputs[1].integers ?? [] {
        guard items.indices.contains(index) else {
          throw GraphError("index \(index) is not among \(items.count) elements")
        }
        picked.append(items[index])
      }
      do throws(TensorError) {
        return [try TensorValue.tensorValue(of: picked, as: node[elementType])]
      } catch {
        throw GraphError("\(error)")
      }
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// The list with as many elements as are asked for.
  public enum TensorListResize: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant", "size: int32"], gives: ["output_handle: variant"])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let (items, size) = (try list(inputs[0]), inputs[1].integers?.first ?? 0)
      guard (0...(1 << 24)).contains(size) else {
        throw GraphError("a list of \(size) elements cannot be made")
      }
      let empty = TensorValue(zeros: [0], dtype: items.first?.dtype ?? .float32)
      let missing = max(size - items.count, 0)
      return [TensorValue(list: items.prefix(size) + Array(repeating: empty, count: missing))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// A tensor's rows as a list.
  public enum TensorListFromTensor: TensorListOp {
    public static let signature = Signature(
      ["tensor: element_dtype", "element_shape: shape_type"], gives: ["output_handle: variant"],
      [.type("element_dtype"), .type("shape_type", .indices)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(list: inputs[0].slices)] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// The number of a list's tensors.
  public enum TensorListLength: TensorListOp {
    public static let signature = Signature(
      ["input_handle: variant"], gives: ["length: int32"])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(Int32(try list(inputs[0]).count))] }
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
      let sizes = try list(inputs[0]).first?.shape.dimensions
      let known = sizes.flatMap {
        try? TensorValue(integers: $0, as: dtype, shape: TensorCore.Shape([$0.count]))
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

  /// Lists of as many zeros: `ZerosLike` of a variant.
  package enum _ListZerosLike: TensorListOp {
    package static let signature = Signature(["x: T"], gives: ["y: T"], [.type("T", [.variant])])
    package static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      [
        TensorValue(
          list: try list(inputs[0]).map { TensorValue(zeros: $0.shape, dtype: $0.dtype) })
      ]
    }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// Lists added element by element: `AddN` of variants.
  package enum _ListAddN: TensorListOp {
    package static let signature = Signature(
      ["inputs: N * T"], gives: ["sum: T"], [.int("N"), .type("T", [.variant])])
    package static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      var sums = try list(inputs[0])
      for input in inputs.dropFirst() {
        for (place, element) in try list(input).enumerated() where place < sums.count {
          sums[place] = try added(sums[place], element)
        }
      }
      return [TensorValue(list: sums)]
    }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("lists pass no gradients") }
  }

  /// The sum of two values; one without elements stands for zeros.
  static func added(_ a: TensorValue, _ b: TensorValue) throws(GraphError) -> TensorValue {
    guard let x = a.doubles, let y = b.doubles else {
      throw GraphError("\(a.dtype) cannot be added")
    }
    if x.isEmpty { return b }
    if y.isEmpty { return a }
    guard a.shape == b.shape,
      let sum = try? TensorValue(
        converting: zip(x, y).map { $0 + $1 }, to: a.dtype, shape: a.shape)
    else { throw GraphError("shapes \(a.shape) and \(b.shape) cannot be added") }
    return sum
  }

  private static func list(_ value: TensorValue) throws(GraphError) -> [TensorValue] {
    guard let items = value.list else { throw GraphError("a list of tensors is expected") }
    return items
  }

  private static func place(_ index: TensorValue, _ count: Int) throws(GraphError) -> Int {
    guard let place = index.integers?.first, (0..<count).contains(place) else {
      throw GraphError("index \(index.integers?.first ?? 0) is not among \(count) elements")
    }
    return place
  }
}
