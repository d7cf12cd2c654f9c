import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// What one node does to one variable.
struct VariableAccess: Hashable {
  let node: Int
  /// The index of the node that declares the variable.
  let variable: Int
  let effects: Effects
  /// Whether the node sets the variable to a value rather than moving it.
  let sets: Bool
}

/// Who reads and writes which variable, in either of TensorFlow's forms and through functions.
struct VariableAccesses {
  /// The variable that an edge carries, by the node that declares it.
  private(set) var handles: [Endpoint: Int] = [:]
  private(set) var all: [VariableAccess] = []
  private(set) var byNode: [Int: [VariableAccess]] = [:]
  private(set) var byVariable: [Int: [VariableAccess]] = [:]
  /// Declarations of one shared name are one variable: the first.
  private var aliases: [Int: Int] = [:]

  private static let declarations: Set<String> = ["VarHandleOp", "VariableV2", "Variable"]
  /// They tell whether a variable has a value, which no update changes.
  private static let questions: Set<String> = ["VarIsInitializedOp", "IsVariableInitialized"]

  init(_ nodes: [Node], library: Graph) {
    var functions = FunctionEffects(library: library)
    self.init(nodes, arguments: [:], functions: &functions)
  }

  /// - Parameter arguments: in a function, the edges that carry what it is given.
  fileprivate init(
    _ nodes: [Node], arguments: [Endpoint: Int], functions: inout FunctionEffects
  ) {
    handles = arguments
    var declared: [String: Int] = [:]
    for node in nodes {
      if Self.declarations.contains(node.op) {
        let name = node.sessionName
        let first = declared[name] ?? node.index
        declared[name] = first
        aliases[node.index] = first
        handles[Endpoint(node: node.index, output: 0)] = first
      } else if node.record.inputs.contains(where: { handles[$0] != nil }) {
        visit(node, &functions)
      }
    }
    byNode = Dictionary(grouping: all, by: \.node)
    byVariable = Dictionary(grouping: all, by: \.variable)
  }

  /// The declaration that stands for all of the same variable.
  func canonical(_ declaration: Int) -> Int { aliases[declaration] ?? declaration }

  private mutating func visit(_ node: Node, _ functions: inout FunctionEffects) {
    guard let definition = node.definition else { return }
    let inputs = node.record.inputs
    let isReference = Self.references(definition.signature, inputs.count)
    var passed: [Int: Int] = [:]
    var found: [Int: Effects] = [:]
    for (position, input) in inputs.enumerated() {
      guard let variable = handles[input] else { continue }
      let isHandle = node.graph.node(at: input.node).record.outputs[input.output].dtype == .resource
      if !isHandle && !isReference[position] {
        // An older variable is read by whatever takes its value.
        found[variable, default: []].insert(.reads)
        continue
      }
      passed[position] = variable
      if Self.questions.contains(node.op) { continue }
      let effects =
        definition is any CallOp.Type
        ? functions.effects(of: node, onInput: position) : definition.effects
      found[variable, default: []].formUnion(effects.intersection([.reads, .writes]))
    }
    for (variable, effects) in found where !effects.isEmpty {
      let sets = node.op == Ops.Assign.name || node.op == Ops.AssignVariableOp.name
      all.append(
        VariableAccess(node: node.index, variable: variable, effects: effects, sets: sets))
    }
    pass(passed, through: node, definition.signature)
  }

  /// Edges that carry a variable on: each output as the input of its position, or else the first.
  private mutating func pass(_ passed: [Int: Int], through node: Node, _ signature: Signature) {
    guard let first = passed.min(by: { $0.key < $1.key })?.value else { return }
    let isReference = Self.references(signature.outputs, node.record.outputs.count)
    for (position, output) in node.record.outputs.enumerated()
    where output.dtype == .resource || isReference[position] {
      let carried =
        node.definition is any CallOp.Type ? passed[position] : passed[position] ?? first
      if let carried { handles[Endpoint(node: node.index, output: position)] = carried }
    }
  }

  private static func references(_ signature: Signature, _ count: Int) -> [Bool] {
    references(signature.inputs, count)
  }

  /// Which of `count` tensors are variables themselves; where there are more than arguments, one
  /// argument is a list.
  private static func references(_ arguments: [Signature.Argument], _ count: Int) -> [Bool] {
    if arguments.count == count { return arguments.map(\.isReference) }
    let list =
      arguments.firstIndex {
        if case .repeated = $0.kind { true } else { false }
      } ?? arguments.count - 1
    return (0..<count).map { position in
      if position < list { return arguments[position].isReference }
      let fromEnd = count - position
      let after = arguments.count - 1 - list
      if fromEnd <= after { return arguments[arguments.count - fromEnd].isReference }
      return arguments.indices.contains(list) && arguments[list].isReference
    }
  }
}

/// What functions do to the variables they are given.
private struct FunctionEffects {
  let library: Graph
  /// For each function the effects on each argument; empty while it is being looked at.
  private var known: [String: [Effects]] = [:]

  init(library: Graph) { self.library = library }

  /// What the functions that a node calls do to one of its inputs.
  mutating func effects(of node: Node, onInput position: Int) -> Effects {
    var effects: Effects = []
    for attribute in node.attributes.values {
      for name in attribute.functionNames {
        guard let function = library.function(named: name) else { continue }
        let argument = position - (node.record.inputs.count - function.inputs.count)
        let own = self.effects(of: function)
        if own.indices.contains(argument) { effects.formUnion(own[argument]) }
      }
    }
    return effects
  }

  private mutating func effects(of function: Function) -> [Effects] {
    if let found = known[function.name] { return found }
    known[function.name] = []
    var arguments: [Endpoint: Int] = [:]
    // Negative, so that no node of the body is taken for one of them.
    for (position, input) in function.inputs.enumerated() where input.dtype == .resource {
      arguments[input.endpoint] = -1 - position
    }
    let accesses = VariableAccesses(
      function.body.operations, arguments: arguments, functions: &self)
    let effects = function.inputs.indices.map { position in
      accesses.byVariable[-1 - position, default: []].reduce(Effects()) { $0.union($1.effects) }
    }
    known[function.name] = effects
    return effects
  }
}

extension Attribute {
  /// The functions that the attribute names.
  var functionNames: [String] {
    switch self {
    case .function(let name, _): [name]
    case .list(let items): items.flatMap(\.functionNames)
    default: []
    }
  }
}
