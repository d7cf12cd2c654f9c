import GraphCore
import TensorCore

/// An op each of whose output elements is an expression in the corresponding input elements.
///
/// The one `body` is the reference, the fused code and the compiled code.
public protocol ElementwiseOp: Op {
  /// The output element.
  static func body(_ x: ElementContext) -> Element
  /// The output axis of each axis of the `index`th input; nil for broadcasting by NumPy's rules.
  static func axes(ofInput index: Int, of node: Node) -> [Int]?
}

extension ElementwiseOp {
  /// No effects.
  public static var effects: Effects { .none }

  /// Broadcast by NumPy's rules.
  public static func axes(ofInput index: Int, of node: Node) -> [Int]? { nil }

  /// What all inputs broadcast to.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    [try broadcastShape(node.inputs)]
  }
}

/// The shape that all tensors broadcast to.
///
/// - Throws: `GraphError` naming the two that do not fit.
package func broadcastShape(_ tensors: [Tensor]) throws(GraphError) -> PartialShape {
  var shape = tensors.first?.shape ?? .scalar
  for tensor in tensors.dropFirst() {
    guard let wider = PartialShape.broadcast(shape, tensor.shape) else {
      throw GraphError(
        "shapes \(shape) and \(tensor.shape) do not broadcast: each dimension must be equal or 1")
    }
    shape = wider
  }
  return shape
}

/// The one shape that all tensors have.
///
/// - Throws: `GraphError` naming the two that differ.
package func commonShape(_ tensors: [Tensor]) throws(GraphError) -> PartialShape {
  var shape = tensors.first?.shape ?? .scalar
  for tensor in tensors.dropFirst() {
    guard let merged = shape.merged(with: tensor.shape) else {
      throw GraphError("the inputs must have one shape, found \(shape) and \(tensor.shape)")
    }
    shape = merged
  }
  return shape
}

/// What an element expression is written in: the input elements, constants, coordinates, attributes.
public struct ElementContext {
  /// The node whose element is computed, for its attributes and types.
  public let node: Node
  /// The expression under construction.
  public let builder: ElementBuilder
  package let inputs: [Element]
  package let coordinate: (Int) -> Element

  package init(
    node: Node, builder: ElementBuilder, inputs: [Element], coordinate: @escaping (Int) -> Element
  ) {
    self.node = node
    self.builder = builder
    self.inputs = inputs
    self.coordinate = coordinate
  }

  /// The `index`th input's element.
  public subscript(index: Int) -> Element { inputs[index] }

  /// The number of inputs.
  public var count: Int { inputs.count }

  /// A constant of the first output's type.
  public func constant(_ value: Double) -> Element {
    builder.constant(value, node.output(0).dtype)
  }

  /// The output element's index along `axis`, as `int64`.
  public func coordinate(along axis: Int) -> Element { coordinate(axis) }
}
