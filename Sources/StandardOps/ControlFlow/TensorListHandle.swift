import GraphCore
import TensorCore

/// A list of tensors in a graph: TensorFlow's `TensorList`.
package struct TensorListHandle {
  /// The handle, a scalar of `variant`.
  package let tensor: Tensor
  /// The type of the elements.
  let dtype: DType

  /// What a handle stands for.
  package init(_ tensor: Tensor, _ dtype: DType) { (self.tensor, self.dtype) = (tensor, dtype) }

  /// A list of no tensors.
  package init(emptyIn graph: Graph, _ dtype: DType) {
    let unknown = graph.constant(-1, .int32)
    let handle = unknown.apply(
      Ops.EmptyTensorList.self, [unknown],
      ["element_dtype": .type(dtype), "shape_type": .type(.int32)])
    self.init(handle, dtype)
  }

  /// A list of a tensor's rows.
  package init(ofRows rows: Tensor) {
    let handle = rows.apply(
      Ops.TensorListFromTensor.self, [rows.graph.constant(-1, .int32)],
      ["element_dtype": .type(rows.dtype), "shape_type": .type(.int32)])
    self.init(handle, rows.dtype)
  }

  /// A list of tensors that are not set yet.
  ///
  /// - Parameter count: how many, an `int32` scalar.
  package init(of count: Tensor, _ dtype: DType) {
    let handle = count.graph.constant(-1, .int32).apply(
      Ops.TensorListReserve.self, [count],
      ["element_dtype": .type(dtype), "shape_type": .type(.int32)])
    self.init(handle, dtype)
  }

  /// The number of tensors, `int32`.
  package var count: Tensor { tensor.apply(Ops.TensorListLength.self) }

  /// One of the tensors.
  ///
  /// - Parameters:
  ///   - index: which one, an `int32` scalar.
  ///   - shape: what is known of its shape.
  package func item(at index: Tensor, shape: PartialShape) -> Tensor {
    tensor.apply(
      Ops.TensorListGetItem.self, [index, Self.sizes(shape, in: tensor.graph)],
      ["element_dtype": .type(dtype)])
  }

  /// The list with another tensor at a place.
  package func setting(_ item: Tensor, at index: Tensor) -> TensorListHandle {
    TensorListHandle(
      tensor.apply(Ops.TensorListSetItem.self, [index, item], ["element_dtype": .type(dtype)]),
      dtype)
  }

  /// The list with one more tensor at its end.
  package func appending(_ item: Tensor) -> TensorListHandle {
    TensorListHandle(
      tensor.apply(Ops.TensorListPushBack.self, [item], ["element_dtype": .type(dtype)]), dtype)
  }

  /// The list without its last tensor, and that tensor.
  ///
  /// - Parameter shape: what is known of the tensor's shape.
  package func popped(shape: PartialShape) -> (rest: TensorListHandle, last: Tensor) {
    popped(sizes: Self.sizes(shape, in: tensor.graph))
  }

  /// A shape as the ops take it, with −1 for what is not known.
  private static func sizes(_ shape: PartialShape, in graph: Graph) -> Tensor {
    shape.dimensions.map { graph.constant($0.map { $0 ?? -1 }, .int32) }
      ?? graph.constant(-1, .int32)
  }

  /// The list without its last tensor, and that tensor.
  ///
  /// - Parameter sizes: the tensor's shape, with −1 for what is not known.
  func popped(sizes: Tensor) -> (rest: TensorListHandle, last: Tensor) {
    let node = tensor.graph.add(
      Ops.TensorListPopBack.self, [tensor, sizes], ["element_dtype": .type(dtype)])
    if node.isPoison { return (self, tensor.graph.poison) }
    return (TensorListHandle(node.output(0), dtype), node.output(1))
  }

  /// All tensors as one, along a new first axis.
  ///
  /// - Parameter sizes: the shape of each.
  package func stacked(sizes: Tensor) -> Tensor {
    tensor.apply(Ops.TensorListStack.self, [sizes], ["element_dtype": .type(dtype)])
  }
}
