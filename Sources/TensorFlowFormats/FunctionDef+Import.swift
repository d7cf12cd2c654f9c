import GraphCore
import SwiftProtobuf
import TensorCore

extension Graph {
  /// Adds the functions of a file's library. One that cannot be understood is left out, and reported
  /// where something calls it; the file's own words for it stay among the graph's details.
  package func appendFunctions(of metaGraph: TFMetaGraphDef) {
    let stated = Dictionary(
      metaGraph.metaInfoDef.strippedOpList.op.map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    let library = metaGraph.graphDef.library.function
    let signatures = Dictionary(
      library.map { ($0.signature.name, $0.signature) }, uniquingKeysWith: { first, _ in first })
    let reader = FunctionReader(ops: ops, stated: stated, library: signatures)
    for function in library {
      do {
        add(try reader.function(function))
      } catch {
        state.withLock { $0.unreadFunctions[function.signature.name] = "\(error)" }
      }
    }
  }

  /// Adds the functions that the graph's details hold, for graphs read from text.
  package func appendFunctionsOfDetails() { appendFunctions(of: TFMetaGraphDef.details(of: self)) }
}

/// Turns a `FunctionDef` into a function.
private struct FunctionReader {
  let ops: OpSet
  let stated: [String: TFOpDef]
  let library: [String: TFOpDef]

  private struct NotUnderstood: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  func function(_ definition: TFFunctionDef) throws -> Function {
    let arguments = try definition.signature.inputArg.enumerated().map { index, argument in
      guard let dtype = argument.type.dtype, argument.numberAttr.isEmpty,
        argument.typeListAttr.isEmpty
      else { throw NotUnderstood("its argument \(argument.name) has no fixed type") }
      return (name: argument.name, dtype: dtype, shape: shape(of: UInt32(index), definition))
    }
    var nodes: [NodeDescription] = []
    for node in definition.nodeDef {
      var description = NodeDescription(name: node.name, op: node.op)
      description.device = node.device
      for (name, value) in node.attr { description.attributes[name] = try value.attribute() }
      if ops[node.op] == nil {
        description.signature = stated[node.op].flatMap { Signature($0) }
      }
      nodes.append(description)
    }
    let places = Dictionary(
      nodes.enumerated().map { ($0.element.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    func source(_ text: String) throws -> (node: String, output: Int) {
      let parts = text.split(separator: ":").map(String.init)
      guard !parts.isEmpty else { throw NotUnderstood("\"\(text)\" names no tensor") }
      guard let place = places[parts[0]] else { return (parts[0], 0) }
      guard parts.count >= 2 else { return (parts[0], 0) }
      let number = parts.count == 3 ? Int(parts[2]) ?? 0 : 0
      return (parts[0], try first(of: parts[1], nodes[place]) + number)
    }
    for (index, node) in definition.nodeDef.enumerated() {
      nodes[index].inputs = try node.input.map { text in
        if text.hasPrefix("^") { return .control(String(text.dropFirst())) }
        let (name, output) = try source(text)
        return .data(name, output)
      }
    }
    try countOutputs(&nodes, definition)
    let outputs = try definition.signature.outputArg.map { argument in
      guard let text = definition.ret[argument.name] else {
        throw NotUnderstood("its result \(argument.name) is not stated")
      }
      return try source(text)
    }
    return try Function(
      name: definition.signature.name, ops: ops, arguments: arguments, nodes: nodes,
      outputs: outputs, targets: definition.controlRet.values.sorted())
  }

  /// Gives ops of which nothing is known as many outputs as are taken.
  private func countOutputs(_ nodes: inout [NodeDescription], _ definition: TFFunctionDef) throws {
    func isUnknown(_ node: NodeDescription) -> Bool {
      ops[node.op] == nil && node.signature == nil && library[node.op] == nil
    }
    let unknown = Dictionary(
      nodes.enumerated().filter { isUnknown($0.element) }.map { ($0.element.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    if unknown.isEmpty { return }
    var names: [Int: String] = [:]
    for text in definition.nodeDef.flatMap(\.input) + Array(definition.ret.values) {
      let parts = text.split(separator: ":").map(String.init)
      guard let place = parts.first.flatMap({ unknown[$0] }), parts.count == 3 else { continue }
      guard let number = Int(parts[2]), (0..<1024).contains(number),
        names[place] == nil || names[place] == parts[1]
      else {
        throw NotUnderstood("which output of \(nodes[place].op) is \(text) is not known")
      }
      names[place] = parts[1]
      while nodes[place].outputs.count <= number {
        nodes[place].outputs.append(.init(dtype: .float32, shape: .unknown))
      }
    }
    Graph.completeTypes(&nodes, ops)
  }

  private func shape(of argument: UInt32, _ definition: TFFunctionDef) -> PartialShape {
    guard let value = definition.argAttr[argument]?.attr["_output_shapes"],
      let shape = value.list.shape.first?.partialShape
    else { return .unknown }
    return shape
  }

  /// The number of a node's first output under the given name.
  private func first(of name: String, _ node: NodeDescription) throws -> Int {
    guard
      let signature = ops[node.op]?.signature ?? node.signature
        ?? library[node.op].flatMap({ Signature($0) })
    else { return 0 }
    var next = 0
    for argument in signature.outputs {
      if argument.name == name { return next }
      next += try count(argument, signature, node.attributes)
    }
    throw NotUnderstood("\(node.op) \"\(node.name)\" has no output \(name)")
  }

  private func count(
    _ argument: Signature.Argument, _ signature: Signature, _ attributes: [String: Attribute]
  ) throws -> Int {
    switch argument.kind {
    case .fixed: return 1
    case .typed(let name):
      guard signature.attribute(named: name)?.kind == .listOfType else { return 1 }
      guard case .list(let types)? = attributes[name] else {
        throw NotUnderstood("the attribute \(name) is missing")
      }
      return types.count
    case .repeated(let name, _), .repeatedFixed(let name, _):
      guard case .int(let count)? = attributes[name] else {
        throw NotUnderstood("the attribute \(name) is missing")
      }
      return count
    }
  }
}
