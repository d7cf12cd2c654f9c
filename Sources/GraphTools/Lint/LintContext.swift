import GraphCore
import StandardOps
import TensorCore

/// What the checks know of a graph: its nodes at one moment, who takes what, and what trains.
struct LintContext {
  let graph: Graph
  let nodes: [Node]
  /// The nodes that take each node's outputs or wait for it.
  let consumers: [[Int]]
  let accesses: VariableAccesses
  /// The variables of the graph's collections, each once.
  let variables: [Variable]
  /// What the caller asks about; empty if nothing in particular.
  let requested: [Node]
  let fetches: [Tensor]
  let restored: Set<String>
  /// The ops that start variables, and those that a checkpoint's values go through.
  let initializers: Set<Int>
  /// The nodes whose runs are training steps: those asked about if they train, or the collection's.
  private(set) var training: [Node] = []
  /// What a training step runs.
  private(set) var trained: Set<Int> = []

  init(_ graph: Graph, requested: [Node], fetches: [Tensor], restored: Set<String>) {
    self.graph = graph
    self.requested = requested
    self.fetches = fetches
    self.restored = restored
    nodes = graph.operations
    var consumers = [[Int]](repeating: [], count: nodes.count)
    for node in nodes {
      for input in node.record.inputs { consumers[input.node].append(node.index) }
      for control in node.record.controlInputs { consumers[control].append(node.index) }
    }
    self.consumers = consumers
    accesses = VariableAccesses(nodes, library: graph)
    var seen: Set<Variable> = []
    variables = CollectionKey.ofVariables.flatMap { graph.variables(in: $0) }.filter {
      seen.insert($0).inserted
    }
    initializers = Self.initializers(nodes, variables, accesses)
    findTraining()
  }

  /// Each variable's initializer, and assignments of what was read from a checkpoint. A variable that
  /// is in no collection starts with the first op that sets it.
  private static func initializers(
    _ nodes: [Node], _ variables: [Variable], _ accesses: VariableAccesses
  ) -> Set<Int> {
    var found = Set(variables.map(\.initializer.index))
    let known = Set(variables.map(\.handle.node.index))
    for (variable, own) in accesses.byVariable {
      var isFirst = !known.contains(variable)
      for access in own where access.sets {
        let node = nodes[access.node]
        guard node.record.inputs.count > 1 else { continue }
        if comesFromCheckpoint(nodes, node.record.inputs[1]) {
          found.insert(access.node)
        } else if isFirst {
          found.insert(access.node)
          isFirst = false
        }
      }
    }
    return found
  }

  private static func comesFromCheckpoint(_ nodes: [Node], _ endpoint: Endpoint) -> Bool {
    var source = nodes[endpoint.node]
    while ["Identity", "Reshape", "Cast"].contains(source.op),
      let input = source.record.inputs.first
    {
      source = nodes[input.node]
    }
    return source.op == Ops.RestoreV2.name || source.op == "Restore"
  }

  private mutating func findTraining() {
    let collected = graph.collection(.trainOp).map(\.target)
    if requested.isEmpty {
      training = collected
    } else {
      let run = ancestors(of: requested.map(\.index))
      let trainable = Set(
        graph.variables(in: .trainableVariables).map { accesses.canonical($0.handle.node.index) })
      let trains =
        collected.contains { run.contains($0.index) }
        || run.contains { index in
          !initializers.contains(index)
            && accesses.byNode[index, default: []].contains {
              $0.effects.contains(.writes) && trainable.contains($0.variable)
            }
        }
      if trains { training = requested }
    }
    trained = ancestors(of: training.map(\.index))
  }

  /// The nodes that running `starts` runs.
  func ancestors(of starts: [Int]) -> Set<Int> {
    var found = Set(starts)
    var open = Array(found)
    while let index = open.popLast() {
      let record = nodes[index].record
      for source in record.inputs.map(\.node) + record.controlInputs
      where found.insert(source).inserted { open.append(source) }
    }
    return found
  }

  /// Whether the value of the endpoint is one variable's, only brought into another form.
  func variableRead(by endpoint: Endpoint) -> Int? {
    var endpoint = endpoint
    while true {
      if let variable = accesses.handles[endpoint] { return variable }
      let record = nodes[endpoint.node].record
      guard Self.formKeeping.contains(record.op), let input = record.inputs.first else {
        return nil
      }
      endpoint = input
    }
  }

  /// The endpoint whose value this one passes on, perhaps in another form.
  func source(of endpoint: Endpoint) -> Endpoint {
    var endpoint = endpoint
    while Self.formKeeping.contains(nodes[endpoint.node].op),
      let input = nodes[endpoint.node].record.inputs.first
    { endpoint = input }
    return endpoint
  }

  private static let formKeeping: Set<String> = [
    "Identity", "Reshape", "Squeeze", "ExpandDims", "Cast", "ReadVariableOp", "Switch",
  ]

  /// The Boolean that a predicate always is; nil if it is decided when the graph runs.
  func constantPredicate(_ endpoint: Endpoint) -> Bool? {
    let source = nodes[self.source(of: endpoint).node]
    return source.output(0).constantValue?.integers?.first.map { $0 != 0 }
  }

  /// The writes to a variable that neither start nor restore it.
  func updates(of variable: Int) -> [VariableAccess] {
    accesses.byVariable[variable, default: []].filter {
      $0.effects.contains(.writes) && !initializers.contains($0.node)
    }
  }
}

/// A few names for a sentence: `a, b and 3 more`.
func named(_ nodes: [Node], limit: Int = 3) -> String {
  let names = nodes.prefix(limit).map { "\"\($0.name)\"" }.joined(separator: ", ")
  return nodes.count > limit ? "\(names) and \(nodes.count - limit) more" : names
}
