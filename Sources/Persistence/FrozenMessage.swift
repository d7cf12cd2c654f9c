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

  /// The nodes and the functions that were made for them.
  ///
  /// - Throws: `SessionError` if a variable has no value, or is written, or is needed itself.
  func graphDef(_ fetches: [Tensor]) throws -> TFGraphDef {
    let needed = needed(fetches.map(\.node))
    let source = TFGraphDef(session.graph)
    var functions = FrozenFunctions(source.library)
    var handles: [String: FrozenFunctions.Value] = [:]
    var nodes: [TFNodeDef] = []
    for definition in source.node where needed.contains(definition.name) {
      guard let node = session.graph.operation(named: definition.name) else { continue }
      guard let value = try replacement(of: node) else {
        var definition = definition
        // The op that passes a value on where this one passes a variable on.
        if Self.passing.contains(node.op) { definition.op.removeFirst("Ref".count) }
        nodes.append(definition)
        continue
      }
      nodes.append(value)
      if node.op == "VarHandleOp", let stored = session.value(ofVariableNamed: node.sessionName) {
        let known = FrozenFunctions.Value(dtype: stored.dtype, shape: PartialShape(stored.shape))
        handles[node.name] = known
        handles[node.name + ":0"] = known
      }
    }
    var graph = TFGraphDef()
    graph.node = try functions.frozen(nodes, handles, isFunction: false).nodes
    graph.library.function = functions.made
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

  /// What stands for a node that is fed, fixed or a variable; nil for any other.
  private func replacement(of node: Node) throws -> TFNodeDef? {
    if let value = constants[node.name] { return constant(node.name, value) }
    if let shape = placeholders[node.name] {
      return .placeholder(node.name, node.output(0).dtype, shape)
    }
    if Self.declarations.contains(node.op) {
      guard let value = session.value(ofVariableNamed: node.sessionName) else {
        throw SessionError("the variable \"\(node.name)\" has no value; name a checkpoint")
      }
      return constant(node.name, value)
    }
    if Self.passing.contains(node.op) { return nil }
    // Calls may write anything; what they do to variables shows in their functions.
    let isReference =
      node.definition?.signature.inputs.contains(where: \.isReference)
      ?? (node.inputs.contains(where: isVariable) && Self.mayWrite(node.op))
    guard isReference else { return nil }
    guard node.definition?.effects.contains(.writes) ?? true else {
      throw SessionError("\(node) takes a variable itself, so that it cannot be frozen")
    }
    throw SessionError("\(node) writes a variable, so that what is fetched cannot be frozen")
  }

  /// Whether an op that is not known here may write the older variable that it takes, whose edges look
  /// like those of its value.
  private static func mayWrite(_ op: String) -> Bool {
    ["Apply", "SparseApply", "Scatter", "Assign", "CountUpTo"].contains { op.hasPrefix($0) }
  }

  /// What passes an older variable on.
  private static let passing: Set<String> = [
    "RefSwitch", "RefMerge", "RefEnter", "RefExit", "RefNextIteration", "RefIdentity",
  ]

  /// Whether a tensor is an older variable, perhaps passed on.
  private func isVariable(_ tensor: Tensor) -> Bool {
    var node = tensor.node
    var seen = Set<Int>()
    while Self.passing.contains(node.op), seen.insert(node.index).inserted,
      !node.record.inputs.isEmpty
    {
      node = node.input(0).node
    }
    return Self.declarations.contains(node.op)
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

extension TFNodeDef {
  /// A placeholder of what is known of a shape.
  static func placeholder(_ name: String, _ dtype: DType, _ shape: PartialShape) -> TFNodeDef {
    var placeholder = TFNodeDef()
    placeholder.name = name
    placeholder.op = "Placeholder"
    placeholder.attr["dtype"] = TFAttrValue(.type(dtype))
    placeholder.attr["shape"] = TFAttrValue(.shape(shape))
    return placeholder
  }
}
