import GraphCore
import TensorCore

/// A TensorFlow 1 loop — nodes between `Enter` and `Exit` — as two functions of its variables.
package struct LoopFrame: Sendable {
  /// The loop's name.
  package let name: String
  /// What enters: the variables' `Enter` nodes, then those whose value every round sees.
  package let enters: [Node]
  /// The number of variables.
  package let variableCount: Int
  /// The `Exit` nodes of each variable, where its last value is used.
  package let exits: [[Node]]
  /// From variables and constants to whether the loop goes on.
  package let condition: Function
  /// From variables and constants to the next variables.
  package let body: Function

  /// The outermost loops of a graph, and which nodes lie inside of any loop.
  ///
  /// - Throws: `GraphError` for a loop that is not built as TensorFlow builds them.
  package static func all(in graph: Graph) throws(GraphError) -> (
    frames: [LoopFrame], inside: Set<Int>
  ) {
    let nodes = graph.operations
    let paths = framePaths(nodes)
    var members: [String: [Node]] = [:]
    for node in nodes {
      if let outermost = paths[node.index].first { members[outermost, default: []].append(node) }
    }
    var frames: [LoopFrame] = []
    for (name, own) in members.sorted(by: { $0.value[0].index < $1.value[0].index }) {
      frames.append(try LoopFrame(name, own, nodes, paths))
    }
    return (frames, Set(members.values.flatMap { $0.map(\.index) }))
  }

  /// The names of the loops around each node, the outermost first.
  private static func framePaths(_ nodes: [Node]) -> [[String]] {
    var paths = [[String]](repeating: [], count: nodes.count)
    for node in nodes {
      var path: [String] = []
      for source in node.record.inputs.map(\.node) + node.record.controlInputs
      where source < node.index {
        let inner = nodes[source].isExit ? Array(paths[source].dropLast()) : paths[source]
        if inner.count > path.count { path = inner }
      }
      if node.isEnter { path.append(node[Ops.Enter.frameName]) }
      paths[node.index] = path
    }
    return paths
  }

  private init(_ name: String, _ members: [Node], _ nodes: [Node], _ paths: [[String]])
    throws(GraphError)
  {
    func irregular(_ what: String) -> GraphError {
      GraphError("the loop \"\(name)\" \(what)", node: members[0].name, op: members[0].op)
    }
    let own = members.filter { paths[$0.index].count == 1 }
    guard let goesOn = own.first(where: { $0.op == Ops.LoopCond.name }) else {
      throw irregular("has no LoopCond")
    }
    var exits: [Endpoint: [Node]] = [:]
    for exit in own where exit.isExit {
      // Gradients pass a value on, after what else they compute, before they give it.
      var last = exit.record.inputs[0]
      while nodes[last.node].op == "Identity" {
        let source = nodes[last.node].record.inputs[0]
        // What follows itself passes nothing on.
        if source.node >= last.node { break }
        last = source
      }
      exits[last, default: []].append(exit)
    }
    var variables: [(enter: Node, merge: Node, next: Node, pass: Node, exits: [Node])] = []
    for merge in own where merge.op == Ops.Merge.name || merge.op == Ops.RefMerge.name {
      let sources = merge.record.inputs.map { nodes[$0.node] }
      guard let next = sources.first(where: { $0.definition?.closesLoops == true }) else {
        continue
      }
      guard let enter = sources.first(where: \.isEnter),
        let pass = own.first(where: {
          ($0.op == Ops.Switch.name || $0.op == Ops.RefSwitch.name)
            && $0.record.inputs[0].node == merge.index && $0.record.inputs[1].node == goesOn.index
        })
      else { throw irregular("has a variable without Enter or Switch") }
      let last = Endpoint(node: pass.index, output: 0)
      variables.append((enter, merge, next, pass, exits[last] ?? []))
    }
    let constants = own.filter { $0.isEnter && $0[Ops.Enter.isConstant] }
    self.name = name
    enters = variables.map(\.enter) + constants
    variableCount = variables.count
    self.exits = variables.map(\.exits)

    var arguments: [Endpoint: Int] = [:]
    for (index, variable) in variables.enumerated() {
      arguments[Endpoint(node: variable.merge.index, output: 0)] = index
      arguments[Endpoint(node: variable.pass.index, output: 1)] = index
    }
    for (index, constant) in constants.enumerated() {
      arguments[Endpoint(node: constant.index, output: 0)] = variables.count + index
    }
    let extraction = LoopExtraction(
      nodes: nodes, inside: Set(members.map(\.index)), arguments: arguments,
      argumentTypes: enters.map { $0.record.outputs[0].dtype })
    condition = try extraction.function(
      "\(name)/cond", outputs: [goesOn.record.inputs[0]], effects: [])
    let effects = members.filter {
      $0.definition?.effects.isDisjoint(with: [.writes, .host]) == false
    }
    body = try extraction.function(
      "\(name)/body", outputs: variables.map { $0.next.record.inputs[0] }, effects: effects)
  }
}

/// Copies part of a loop into a function.
private struct LoopExtraction {
  let nodes: [Node]
  let inside: Set<Int>
  /// What is an argument of the function rather than part of it.
  let arguments: [Endpoint: Int]
  let argumentTypes: [DType]

  private func argumentName(_ index: Int) -> String { "_loop_argument_\(index)" }

  func function(_ name: String, outputs: [Endpoint], effects: [Node]) throws(GraphError) -> Function
  {
    let boundary = Set(arguments.keys.map(\.node))
    var needed = Set<Int>()
    var pending = outputs.filter { arguments[$0] == nil }.map(\.node) + effects.map(\.index)
    while let index = pending.popLast() {
      guard !boundary.contains(index), needed.insert(index).inserted else { continue }
      pending += nodes[index].record.inputs.filter { arguments[$0] == nil }.map(\.node)
      // Control from outside has come before the loop.
      pending += nodes[index].record.controlInputs.filter { inside.contains($0) }
    }
    let descriptions = needed.sorted().map { index -> NodeDescription in
      let node = nodes[index]
      var description = NodeDescription(node)
      let data = node.record.inputs.map { endpoint -> NodeDescription.Input in
        arguments[endpoint].map { .data(argumentName($0), 0) }
          ?? .data(nodes[endpoint.node].name, endpoint.output)
      }
      let controls = node.record.controlInputs.filter { needed.contains($0) }
      description.inputs = data + controls.map { .control(nodes[$0].name) }
      return description
    }
    return try Function(
      name: name, ops: nodes[0].graph.ops,
      arguments: argumentTypes.enumerated().map { (argumentName($0), $1, .unknown) },
      nodes: descriptions,
      outputs: outputs.map { endpoint in
        arguments[endpoint].map { (argumentName($0), 0) }
          ?? (nodes[endpoint.node].name, endpoint.output)
      }, targets: effects.filter { needed.contains($0.index) }.map(\.name))
  }
}

extension Node {
  /// Whether the node brings something into a loop.
  package var isEnter: Bool { op == Ops.Enter.name || op == Ops.RefEnter.name }
  /// Whether the node takes something out of a loop.
  package var isExit: Bool { exits.contains(op) }
}

/// Asked of every node of a graph, where making a name of a type would take longer than all else.
private let exits: Set<String> = [Ops.Exit.name, Ops.RefExit.name]
