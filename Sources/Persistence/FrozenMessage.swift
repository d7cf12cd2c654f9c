import GraphCore
import GraphRuntime
import TensorCore
import TensorFlowFormats

/// A graph as it stands, without what is not needed and with constants instead of variables.
struct FrozenMessage {
  private let session: Session
  private let placeholders: [String: PartialShape]
  private let constants: [String: TensorValue]

  /// - Throws: `SessionError` if something is fed that no placeholder can stand for.
  init(_ session: Session, feeds: [(tensor: Tensor, shape: PartialShape)], values: Feeds) throws {
    self.session = session
    for tensor in feeds.map(\.tensor) + values.entries.compactMap({ $0.key as? Tensor })
    where tensor.node.outputs.count > 1 {
      throw SessionError("\(tensor), one of several outputs, cannot be fed in a frozen graph")
    }
    placeholders = Dictionary(
      feeds.map { ($0.tensor.node.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    var constants: [String: TensorValue] = [:]
    for (element, value) in values.entries {
      guard let tensor = element as? Tensor else { continue }
      constants[tensor.node.name] = try value.tensorValue(as: tensor.dtype)
    }
    self.constants = constants
  }

  private static let declarations: Set<String> = ["VarHandleOp", "VariableV2", "Variable"]

  func graphDef(_ fetches: [Tensor]) throws -> TFGraphDef {
    let needed = needed(fetches.map(\.node))
    var graph = TFGraphDef()
    for definition in TFGraphDef(session.graph).node {
      guard needed.contains(definition.name),
        let node = session.graph.operation(named: definition.name)
      else { continue }
      graph.node += try frozen(node, definition)
    }
    return graph
  }

  private func needed(_ starts: [Node]) -> Set<String> {
    var needed = Set<String>()
    var pending = starts
    while let node = pending.popLast() {
      guard needed.insert(node.name).inserted, !isReplaced(node) else { continue }
      pending += node.inputs.map(\.node) + node.controlInputs
    }
    return needed
  }

  private func isReplaced(_ node: Node) -> Bool {
    placeholders[node.name] != nil || constants[node.name] != nil
      || Self.declarations.contains(node.op)
  }

  private func frozen(_ node: Node, _ definition: TFNodeDef) throws -> [TFNodeDef] {
    if let value = constants[node.name] { return [constant(node.name, value)] }
    if let shape = placeholders[node.name] {
      var placeholder = TFNodeDef()
      placeholder.name = node.name
      placeholder.op = "Placeholder"
      placeholder.attr["dtype"] = TFAttrValue(.type(node.output(0).dtype))
      placeholder.attr["shape"] = TFAttrValue(.shape(shape))
      return [placeholder]
    }
    if Self.declarations.contains(node.op) {
      guard let value = session.value(ofVariableNamed: node.sessionName) else {
        throw SessionError("the variable \"\(node.name)\" has no value; name a checkpoint")
      }
      return [constant(node.name, value)]
    }
    let variables = node.inputs.filter { Self.declarations.contains($0.node.op) }
    guard let variable = variables.first else { return [definition] }
    if node.definition?.effects.contains(.writes) == true {
      throw SessionError("\(node) writes a variable, so that what is fetched cannot be frozen")
    }
    // An older variable is taken as its value is.
    if variable.dtype != .resource { return [definition] }
    var frozen = definition
    frozen.attr.removeAll()
    switch node.op {
    case "ReadVariableOp":
      frozen.op = "Identity"
      frozen.attr["T"] = TFAttrValue(.type(node.output(0).dtype))
      return [frozen]
    case "ResourceGather":
      let axis = constant(node.name + "/axis", TensorValue(Int32(0)))
      frozen.op = "GatherV2"
      frozen.input.insert(axis.name, at: 2)
      frozen.attr["Tparams"] = TFAttrValue(.type(node.output(0).dtype))
      frozen.attr["Tindices"] = TFAttrValue(.type(node.input(1).dtype))
      frozen.attr["Taxis"] = TFAttrValue(.type(.int32))
      frozen.attr["batch_dims"] = definition.attr["batch_dims"] ?? TFAttrValue(.int(0))
      return [axis, frozen]
    default:
      throw SessionError(
        "\(node) takes the variable \"\(variable.node.name)\" itself, so that it cannot be frozen")
    }
  }

  private func constant(_ name: String, _ value: TensorValue) -> TFNodeDef {
    var definition = TFNodeDef()
    definition.name = name
    definition.op = "Const"
    definition.attr["dtype"] = TFAttrValue(.type(value.dtype))
    definition.attr["value"] = TFAttrValue(.tensor(value))
    return definition
  }
}
