import TensorCore

/// One output of a node: a value that will exist when a session runs the graph.
///
/// Not generic: type and shape are values, so that formulas type-check quickly and graphs from files
/// are the same as graphs from code.
public struct Tensor: Hashable, Sendable {
  /// The node that gives the tensor.
  public let node: Node
  /// Which of the node's outputs it is.
  public let index: Int

  package init(_ node: Node, _ index: Int) {
    self.node = node
    self.index = index
  }

  /// The graph that holds the tensor.
  public var graph: Graph { node.graph }

  /// The type of the elements.
  public var dtype: DType { isPoison ? .float32 : node.record.outputs[index].dtype }

  /// What is known of the shape.
  public var shape: PartialShape { isPoison ? .unknown : node.record.outputs[index].shape }

  /// The tensor's name: the node's, a colon and the output's number (`loss/loss:0`).
  public var name: String { "\(node.name):\(index)" }

  /// Whether building the tensor failed; the graph holds the reason.
  package var isPoison: Bool { node.isPoison }

  package var endpoint: Endpoint { Endpoint(node: node.index, output: index) }

  /// What is known, before running, of the integers that the tensor holds.
  public var partialValue: PartialValue? {
    let values = node.record.partialValues
    return values.indices.contains(index) ? values[index] : nil
  }

  /// The value, if the tensor is a constant.
  public var constantValue: TensorValue? {
    guard node.op == "Const", case .tensor(let value)? = node.attributes["value"] else {
      return nil
    }
    return value
  }
}

extension Tensor: CustomStringConvertible {
  /// Name, op, type and shape: `"X:0" (Placeholder float32 [?, 784])`.
  public var description: String { "\"\(name)\" (\(node.op) \(dtype) \(shape))" }
}

/// Something in a graph that can be run: a node, a tensor or a variable.
public protocol GraphElement: Sendable {
  /// The node that running this element runs.
  var target: Node { get }
}

extension Node: GraphElement {
  /// The node itself.
  public var target: Node { self }
}

extension Tensor: GraphElement {
  /// The node that gives the tensor.
  public var target: Node { node }
}
