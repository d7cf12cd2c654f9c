import TensorCore

/// One output of a node, by the node's index in its graph.
package struct Endpoint: Hashable, Sendable {
  package let node: Int
  package let output: Int
  package init(node: Int, output: Int) {
    self.node = node
    self.output = output
  }
}

/// The immutable record behind a node.
///
/// Records refer to one another by index, never by reference, so that a chain of 10,000 layers is
/// freed without recursion.
package final class NodeRecord: Sendable {
  package struct Output: Sendable, Hashable {
    package let dtype: DType
    package let shape: PartialShape

    package init(dtype: DType, shape: PartialShape) {
      self.dtype = dtype
      self.shape = shape
    }
  }

  package let index: Int
  package let name: String
  package let op: String
  package let definition: (any Op.Type)?
  package let inputs: [Endpoint]
  package let controlInputs: [Int]
  package let attributes: [String: Attribute]
  package let device: String
  /// What else a file says of the node, in Protocol Buffers' text form; kept for writing it again.
  package let details: String
  package let site: SourceSite?
  package let outputs: [Output]
  package let partialValues: [PartialValue?]
  /// In a compiler's copy: the index of the source graph's node that this one stands for.
  package let origin: Int

  package init(
    index: Int, name: String, op: String, definition: (any Op.Type)?, inputs: [Endpoint],
    controlInputs: [Int], attributes: [String: Attribute], device: String = "",
    details: String = "",
    site: SourceSite?, outputs: [Output], partialValues: [PartialValue?] = [], origin: Int? = nil
  ) {
    self.index = index
    self.name = name
    self.op = op
    self.definition = definition
    self.inputs = inputs
    self.controlInputs = controlInputs
    self.attributes = attributes
    self.device = device
    self.details = details
    self.site = site
    self.outputs = outputs
    self.partialValues = partialValues
    self.origin = origin ?? index
  }

  /// The same record with inferred outputs, or at another place.
  package func with(
    outputs: [Output]? = nil, partialValues: [PartialValue?]? = nil, index: Int? = nil,
    origin: Int? = nil
  ) -> NodeRecord {
    NodeRecord(
      index: index ?? self.index, name: name, op: op, definition: definition, inputs: inputs,
      controlInputs: controlInputs, attributes: attributes, device: device,
      details: details, site: site,
      outputs: outputs ?? self.outputs, partialValues: partialValues ?? self.partialValues,
      origin: origin ?? self.origin)
  }

  /// The same record as if nothing were known of its op.
  package var ofUnknownOp: NodeRecord {
    NodeRecord(
      index: index, name: name, op: op, definition: nil, inputs: inputs,
      controlInputs: controlInputs, attributes: attributes, device: device, details: details,
      site: site, outputs: outputs, origin: origin)
  }

  /// What a failed builder returns; whatever follows from it stays silent.
  package static let poison = NodeRecord(
    index: -1, name: "<invalid>", op: "<invalid>", definition: nil, inputs: [], controlInputs: [],
    attributes: [:], site: nil, outputs: [])
}

/// A node of a graph: TensorFlow's operation.
public struct Node: Sendable {
  /// The graph that holds the node.
  public let graph: Graph
  package let record: NodeRecord

  package init(graph: Graph, record: NodeRecord) {
    self.graph = graph
    self.record = record
  }

  /// The node's unique name, with its scopes: `hidden1/MatMul`.
  public var name: String { record.name }
  /// TensorFlow's name of the node's op: `MatMul`.
  public var op: String { record.op }
  /// The op's definition; nil if it is not known here and was only kept from a file.
  public var definition: (any Op.Type)? { record.definition }
  /// The node's position in the order of creation.
  public var index: Int { record.index }
  /// The device that a file asks for, kept but not used.
  public var device: String { record.device }
  /// Where the user's program made the node, if known.
  public var site: SourceSite? { record.site }
  /// The attributes by name, defaults included.
  public var attributes: [String: Attribute] { record.attributes }

  /// The tensors that the node takes.
  public var inputs: [Tensor] { record.inputs.map { Tensor(graph.node(at: $0.node), $0.output) } }
  /// The `index`th tensor that the node takes.
  public func input(_ index: Int) -> Tensor {
    let endpoint = record.inputs[index]
    return Tensor(graph.node(at: endpoint.node), endpoint.output)
  }
  /// The nodes that must run before this one although it takes nothing from them.
  public var controlInputs: [Node] { record.controlInputs.map { graph.node(at: $0) } }
  /// The tensors that the node gives.
  public var outputs: [Tensor] { record.outputs.indices.map { Tensor(self, $0) } }
  /// The `index`th tensor that the node gives; a poison tensor if building the node failed.
  public func output(_ index: Int) -> Tensor { Tensor(self, index) }

  /// Whether building the node failed; the graph holds the reason.
  package var isPoison: Bool { record === NodeRecord.poison }

  /// The value of an attribute that the op's signature guarantees.
  public subscript<Value>(key: AttributeKey<Value>) -> Value {
    guard let attribute = record.attributes[key.name], let value = Value(attribute) else {
      preconditionFailure("\(op) \"\(name)\" lacks the attribute \(key.name) of its signature")
    }
    return value
  }

  /// The value of an attribute that a node may have, or nil.
  public subscript<Value>(optional key: AttributeKey<Value>) -> Value? {
    record.attributes[key.name].flatMap { Value($0) }
  }

  /// What is known, before running, of the integers in the `index`th input.
  public func partialValue(_ index: Int) -> PartialValue? { input(index).partialValue }

  /// The value of the `index`th input if it is a constant.
  public func constantValue(_ index: Int) -> TensorValue? { input(index).constantValue }
}

extension Node: Hashable {
  /// Whether both are the same node of the same graph.
  public static func == (a: Node, b: Node) -> Bool {
    a.record.index == b.record.index && a.graph === b.graph
  }
  /// Hashes the node's place in its graph.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(graph))
    hasher.combine(record.index)
  }
}

extension Node: CustomStringConvertible {
  /// Op and name: `MatMul "hidden1/MatMul"`.
  public var description: String { "\(op) \"\(name)\"" }
}
