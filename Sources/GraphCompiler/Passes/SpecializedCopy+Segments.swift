import GraphCore
import StandardOps
import TensorCore

extension SpecializedCopy {
  /// A segment that computes a tensor on which the rest of the plan depends.
  func end(deciding endpoint: Endpoint) throws(GraphError) -> Halt {
    if isFed(endpoint) {
      // What was computed for it would be computed again, and again.
      let node = request.graph.node(at: endpoint.node)
      throw GraphError(
        "shapes or branches depend on its value, which has too many elements for that",
        node: node.name, op: node.op, site: node.site)
    }
    return try segment([endpoint], writes: [], .decide)
  }

  /// A segment that computes a node's inputs, after which the node is computed from their values.
  func end(before node: Node, _ inputs: [Tensor], loop: FlatGraph.Loop?) throws(GraphError) -> Halt
  {
    var wanted: [Endpoint] = []
    var written: Set<String> = []
    let operands = zip(node.record.inputs, inputs).map { endpoint, tensor -> Segment.Operand in
      if tensor.dtype == .resource, tensor.node.op == Ops.VarHandleOp.name {
        written.insert(tensor.node.variableName)
        return .variable(ResourceValue(tensor.node))
      }
      wanted.append(endpoint)
      return .tensor(endpoint)
    }
    let action: Segment.Action =
      if let loop { .loop(node, loop, operands) } else { .compute(node, operands) }
    return try segment(wanted, writes: written, action)
  }

  /// A segment that computes a value that no buffer holds, before it is given to a variable.
  func end(beforeAssigning node: Node, _ inputs: [Tensor]) throws(GraphError) -> Halt {
    let name = inputs[0].node.variableName
    let value = node.record.inputs[1]
    return try segment([value], writes: [name], .assign(node, variable: name, .tensor(value)))
  }

  /// The copy so far, running what the wanted tensors need and every effect that has its turn.
  private func segment(_ wanted: [Endpoint], writes: Set<String>, _ action: Segment.Action)
    throws(GraphError) -> Halt
  {
    let executed = executedNodes(wanted, writes)
    var completed = Set<Int>()
    for (index, copy) in copies where executed.contains(copy.index) && !isSource(copy) {
      completed.insert(index)
    }
    // What has run and is still to be used is handed on.
    var fetched = Set(wanted.filter { !isFed($0) })
    var later = Set(request.fetches.map(\.endpoint))
    for node in needed where !completed.contains(node.index) { later.formUnion(node.record.inputs) }
    for endpoint in later where completed.contains(endpoint.node) && !isFed(endpoint) {
      if let tensor = map(endpoint), tensor.dtype.byteCount != nil { fetched.insert(endpoint) }
    }
    let ordered = fetched.sorted { ($0.node, $0.output) < ($1.node, $1.output) }
    var workspace = Workspace(
      graph: target, fetches: ordered.compactMap { map($0) }, feeds: usedFeeds)
    workspace.log = log
    try workspace.dropUnneeded()
    return .endOfSegment(
      EndOfSegment(
        workspace: workspace,
        fetched: ordered.map { Tensor(request.graph.node(at: $0.node), $0.output) },
        completed: completed, action: action))
  }

  private func isSource(_ node: Node) -> Bool {
    node.definition is any SourceOp.Type || node.op == Ops.VarHandleOp.name
  }

  /// The copies that the segment runs: what the wanted tensors need, every write so far with what it
  /// needs, and reads that a write must not overtake.
  private func executedNodes(_ wanted: [Endpoint], _ writes: Set<String>) -> Set<Int> {
    var executed = Set<Int>()
    var pending = wanted.compactMap { map($0)?.node.index }
    var written = writes
    for node in target.operations where node.mustRun {
      pending.append(node.index)
      for input in node.inputs where input.node.op == Ops.VarHandleOp.name {
        written.insert(input.node.variableName)
      }
    }
    for node in target.operations where node.op == Ops.ReadVariableOp.name {
      if written.contains(node.input(0).node.variableName) { pending.append(node.index) }
    }
    while let index = pending.popLast() {
      guard executed.insert(index).inserted else { continue }
      pending += target.node(at: index).record.inputs.map(\.node)
    }
    return executed
  }
}
