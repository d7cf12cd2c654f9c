import GraphCore
import GraphRuntime
import TensorCore
import TensorFlowFormats

/// Nodes and functions that take variables, made to take their values instead: what a loop or
/// conditional on functions needs to be frozen.
struct FrozenFunctions {
  /// What is known of a value that stands for a variable.
  struct Value: Hashable {
    let dtype: DType
    let shape: PartialShape
  }

  private let library: [String: TFFunctionDef]
  /// The functions that take values, made from those that took variables.
  private(set) var made: [TFFunctionDef] = []
  private var known: [Key: (name: String, outputs: [Int: Value])] = [:]
  private var depth = 0

  private struct Key: Hashable {
    let function: String
    let arguments: [Int: Value]
  }

  private static let depthLimit = 32

  init(_ library: TFFunctionDefLibrary) {
    self.library = Dictionary(
      library.function.map { ($0.signature.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The nodes of a graph or of a function on values.
  ///
  /// - Parameters:
  ///   - values: what stands for variables, by the text with which nodes take it.
  ///   - isFunction: whether nodes name what they take by the outputs' names.
  /// - Returns: the nodes, and all values that still stand for variables.
  /// - Throws: `SessionError` for a node that needs the variable itself.
  mutating func frozen(_ nodes: [TFNodeDef], _ values: [String: Value], isFunction: Bool) throws
    -> (nodes: [TFNodeDef], values: [String: Value])
  {
    let values = Self.passedOn(nodes, values, isFunction)
    var result: [TFNodeDef] = []
    var renamed: [String: String] = [:]
    for node in nodes {
      result += try frozen(node, values, isFunction)
      if isFunction, node.op == "ReadVariableOp", result[result.count - 1].op == "Identity" {
        renamed["\(node.name):value:0"] = "\(node.name):output:0"
      }
    }
    if !renamed.isEmpty {
      for index in result.indices {
        result[index].input = result[index].input.map { renamed[$0] ?? $0 }
      }
    }
    return (result, values)
  }

  /// The values, and those that identities, switches and loops pass on.
  private static func passedOn(
    _ nodes: [TFNodeDef], _ values: [String: Value], _ isFunction: Bool
  ) -> [String: Value] {
    var values = values
    func name(_ node: TFNodeDef, _ index: Int) -> String {
      if isFunction { return "\(node.name):output:\(index)" }
      return index == 0 ? node.name : "\(node.name):\(index)"
    }
    var count = -1
    while count != values.count {
      count = values.count
      for node in nodes where ["Identity", "While", "StatelessWhile"].contains(node.op) {
        for (index, input) in node.input.enumerated() {
          if let value = values[input] { values[name(node, index)] = value }
        }
      }
      for node in nodes where node.op == "Switch" {
        guard let value = node.input.first.flatMap({ values[$0] }) else { continue }
        for (index, side) in ["output_false", "output_true"].enumerated() {
          values[isFunction ? "\(node.name):\(side):0" : name(node, index)] = value
        }
      }
    }
    return values
  }

  private mutating func frozen(
    _ node: TFNodeDef, _ values: [String: Value], _ isFunction: Bool
  ) throws -> [TFNodeDef] {
    var arguments: [Int: Value] = [:]
    for (index, input) in node.input.enumerated() {
      if let value = values[input] { arguments[index] = value }
    }
    guard let first = arguments.values.first else { return [node] }
    var node = node
    switch node.op {
    case "ReadVariableOp", "Identity":
      node.op = "Identity"
      node.attr = ["T": TFAttrValue(.type(first.dtype))]
      return [node]
    case "Switch":
      node.attr = ["T": TFAttrValue(.type(first.dtype))]
      return [node]
    case "ResourceGather":
      let (axis, gather) = Self.gather(node, first.dtype, isFunction)
      return [axis, gather]
    case "PartitionedCall", "StatefulPartitionedCall":
      let outputs = try replace("f", of: &node, arguments)
      guard outputs.isEmpty else {
        throw SessionError("the function that \"\(node.name)\" calls gives a variable itself")
      }
      node.setTypes("Tin", arguments)
    case "While", "StatelessWhile":
      _ = try replace("cond", of: &node, arguments)
      let outputs = try replace("body", of: &node, arguments)
      guard outputs == arguments else {
        throw SessionError("the loop \"\(node.name)\" changes which variable it works on")
      }
      node.setTypes("T", arguments)
      node.setShapes("output_shapes", arguments)
    case "If", "StatelessIf":
      let own = Dictionary(uniqueKeysWithValues: arguments.map { ($0.key - 1, $0.value) })
      for branch in ["then_branch", "else_branch"] {
        guard try replace(branch, of: &node, own).isEmpty else {
          throw SessionError("the branches of \"\(node.name)\" give a variable itself")
        }
      }
      node.setTypes("Tin", own)
    case "Case", "StatelessCase":
      let own = Dictionary(uniqueKeysWithValues: arguments.map { ($0.key - 1, $0.value) })
      guard case .list(var list)? = node.attr["branches"]?.value else {
        throw SessionError("\"\(node.name)\" (\(node.op)) names no functions as branches")
      }
      for place in list.func.indices {
        let (name, outputs) = try specialized(list.func[place].name, own)
        guard outputs.isEmpty else {
          throw SessionError("the branches of \"\(node.name)\" give a variable itself")
        }
        list.func[place].name = name
      }
      node.attr["branches"]?.value = .list(list)
      node.setTypes("Tin", own)
    default:
      throw SessionError(
        "\"\(node.name)\" (\(node.op)) takes a variable itself, so that it cannot be frozen")
    }
    return [node]
  }

  /// A lookup in a value, and the axis that it states.
  private static func gather(_ node: TFNodeDef, _ dtype: DType, _ isFunction: Bool)
    -> (TFNodeDef, TFNodeDef)
  {
    var axis = TFNodeDef()
    axis.name = node.name + "/axis"
    axis.op = "Const"
    axis.attr["dtype"] = TFAttrValue(.type(.int32))
    axis.attr["value"] = TFAttrValue(.tensor(TensorValue(Int32(0))))
    var gather = node
    gather.op = "GatherV2"
    gather.input.insert(isFunction ? axis.name + ":output:0" : axis.name, at: 2)
    gather.attr = [
      "Tparams": TFAttrValue(.type(dtype)), "Taxis": TFAttrValue(.type(.int32)),
      "Tindices": node.attr["Tindices"] ?? TFAttrValue(.type(.int32)),
      "batch_dims": node.attr["batch_dims"] ?? TFAttrValue(.int(0)),
    ]
    return (axis, gather)
  }

  /// Puts the function on values in place of a node's function.
  ///
  /// - Returns: the outputs of the function that are such values.
  private mutating func replace(
    _ attribute: String, of node: inout TFNodeDef, _ arguments: [Int: Value]
  ) throws -> [Int: Value] {
    guard case .func(var called)? = node.attr[attribute]?.value else {
      throw SessionError("\"\(node.name)\" (\(node.op)) names no function as \(attribute)")
    }
    let (name, outputs) = try specialized(called.name, arguments)
    called.name = name
    node.attr[attribute]?.value = .func(called)
    return outputs
  }

  private mutating func specialized(_ name: String, _ arguments: [Int: Value]) throws
    -> (name: String, outputs: [Int: Value])
  {
    let key = Key(function: name, arguments: arguments)
    if let known = known[key] { return known }
    guard var definition = library[name] else {
      throw SessionError("the function \(name) is not there")
    }
    guard depth < Self.depthLimit else {
      throw SessionError("functions call one another too deeply")
    }
    depth += 1
    defer { depth -= 1 }
    var values: [String: Value] = [:]
    for (index, value) in arguments {
      guard definition.signature.inputArg.indices.contains(index) else {
        throw SessionError("the function \(name) has no argument \(index)")
      }
      definition.signature.inputArg[index].type = TFDataType(value.dtype)
      definition.signature.inputArg[index].handleData = []
      definition.argAttr[UInt32(index)] = nil
      values[definition.signature.inputArg[index].name] = value
    }
    definition.resourceArgUniqueID = [:]
    definition.attr["_input_shapes"] = nil
    let reads = definition.nodeDef.filter {
      $0.op == "ReadVariableOp" && values[$0.input[0]] != nil
    }
    (definition.nodeDef, values) = try frozen(definition.nodeDef, values, isFunction: true)
    for read in reads {
      for (output, source) in definition.ret where source == "\(read.name):value:0" {
        definition.ret[output] = "\(read.name):output:0"
      }
    }
    var outputs: [Int: Value] = [:]
    for index in definition.signature.outputArg.indices {
      let output = definition.signature.outputArg[index].name
      guard let value = definition.ret[output].flatMap({ values[$0] }) else { continue }
      definition.signature.outputArg[index].type = TFDataType(value.dtype)
      definition.signature.outputArg[index].handleData = []
      outputs[index] = value
    }
    definition.signature.name = "\(name)_frozen_\(known.count)"
    made.append(definition)
    known[key] = (definition.signature.name, outputs)
    return (definition.signature.name, outputs)
  }
}

extension TFNodeDef {
  fileprivate mutating func setTypes(_ name: String, _ values: [Int: FrozenFunctions.Value]) {
    guard case .list(var list)? = attr[name]?.value else { return }
    for (index, value) in values where list.type.indices.contains(index) {
      list.type[index] = TFDataType(value.dtype)
    }
    attr[name]?.value = .list(list)
    attr["_output_shapes"] = nil
  }

  fileprivate mutating func setShapes(_ name: String, _ values: [Int: FrozenFunctions.Value]) {
    guard case .list(var list)? = attr[name]?.value else { return }
    for (index, value) in values where list.shape.indices.contains(index) {
      list.shape[index] = TFTensorShapeProto(value.shape)
    }
    attr[name]?.value = .list(list)
  }
}
