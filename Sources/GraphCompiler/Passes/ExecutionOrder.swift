import GraphCore
import StandardOps
import TensorCore

/// The order in which the needed nodes of a graph run.
struct ExecutionOrder {
  private let nodes: [Node]
  private let needed: [Bool]
  private let fed: Set<Endpoint>
  private let loops: [Int: FlatGraph.Loop]

  /// - Parameters:
  ///   - needed: whether each node runs.
  ///   - fed: the tensors that come from no node.
  init(
    _ nodes: [Node], _ needed: [Bool], _ fed: Set<Endpoint>, _ loops: [Int: FlatGraph.Loop]
  ) {
    (self.nodes, self.needed, self.fed, self.loops) = (nodes, needed, fed, loops)
  }

  /// One node before another.
  private typealias Edge = (before: Int, after: Int)

  /// The nodes after their inputs and control inputs, then by creation. What reads a list comes before
  /// what changes it, where it can.
  ///
  /// - Parameter recordings: the loops that record what others do, by the index of those.
  /// - Throws: `CompilationError` if some follow from one another.
  func listing(recordingsFirst recordings: [Int: Int]) throws -> [Node] {
    let fixed = recordings.map { Edge(before: $0.value, after: $0.key) }
    let changes = changesOfLists
    if changes.isEmpty { return try required(fixed) }
    let plain = try required(fixed)
    let added = edges(toFirst: changes, plain)
    return added.isEmpty ? plain : listing(fixed + added) ?? plain
  }

  private func required(_ edges: [Edge]) throws -> [Node] {
    if let order = listing(edges) { return order }
    // One cycle is enough to name one of its nodes.
    let stuck = unordered(edges).first
    throw CompilationError.invalid(
      GraphError("is part of a cycle", node: stuck?.name, op: stuck?.op, site: stuck?.site))
  }

  // MARK: Lists

  /// The needed nodes that change each list that others take too.
  private var changesOfLists: [Endpoint: [Int]] {
    var changes: [Endpoint: [Int]] = [:]
    for node in nodes where needed[node.index] {
      let changed: (Int) -> Bool
      if let loop = loops[node.index] {
        changed = { $0 < loop.variableCount && loop.body.outputs[$0] != loop.body.inputs[$0] }
      } else if let op = node.definition as? any TensorListOp.Type, op.changesList {
        changed = { _ in true }
      } else {
        continue
      }
      for (position, input) in node.record.inputs.enumerated()
      where nodes[input.node].record.outputs[input.output].dtype == .variant && changed(position) {
        changes[input, default: []].append(node.index)
      }
    }
    return changes
  }

  /// Edges to what changes a list from all else that takes it, unless that follows from the change.
  private func edges(toFirst changes: [Endpoint: [Int]], _ order: [Node]) -> [Edge] {
    var place = [Int](repeating: 0, count: nodes.count)
    for (position, node) in order.enumerated() { place[node.index] = position }
    var edges: [Edge] = []
    for node in order {
      for input in Set(node.record.inputs) {
        for change in changes[input] ?? []
        where change != node.index && changes[input]?.contains(node.index) == false {
          if place[node.index] < place[change] || !follows(node.index, change, place) {
            edges.append((node.index, change))
          }
        }
      }
    }
    return edges
  }

  /// Whether a node needs what another gives.
  private func follows(_ node: Int, _ source: Int, _ place: [Int]) -> Bool {
    var seen: Set<Int> = []
    var pending = [node]
    while let next = pending.popLast() {
      if next == source { return true }
      guard place[next] > place[source], seen.insert(next).inserted else { continue }
      pending += sources(of: nodes[next])
    }
    return false
  }

  // MARK: Sorting

  private func sources(of node: Node) -> Set<Int> {
    Set(
      node.record.inputs.filter { !fed.contains($0) }.map(\.node) + node.record.controlInputs
    ).filter { needed[$0] }
  }

  /// Kahn's algorithm with the lowest ready index first; nil if that comes to no end.
  private func listing(_ edges: [Edge]) -> [Node]? {
    let (order, _) = sorted(edges)
    return order.count == needed.lazy.filter { $0 }.count ? order : nil
  }

  /// The nodes that wait for one another.
  private func unordered(_ edges: [Edge]) -> [Node] {
    let (_, waiting) = sorted(edges)
    return nodes.filter { needed[$0.index] && waiting[$0.index] > 0 }
  }

  private func sorted(_ edges: [Edge]) -> (order: [Node], waiting: [Int]) {
    var waiting = [Int](repeating: 0, count: nodes.count)
    var consumers = [[Int]](repeating: [], count: nodes.count)
    var isOrdered = true
    func add(_ edge: Edge) {
      waiting[edge.after] += 1
      consumers[edge.before].append(edge.after)
      if edge.before > edge.after { isOrdered = false }
    }
    for node in nodes where needed[node.index] {
      for source in sources(of: node) { add((source, node.index)) }
    }
    edges.forEach(add)
    if isOrdered { return (nodes.filter { needed[$0.index] }, waiting.map { _ in 0 }) }
    var ready = Heap(nodes.indices.filter { needed[$0] && waiting[$0] == 0 })
    var order: [Node] = []
    while let index = ready.popLeast() {
      order.append(nodes[index])
      for consumer in consumers[index] {
        waiting[consumer] -= 1
        if waiting[consumer] == 0 { ready.insert(consumer) }
      }
    }
    return (order, waiting)
  }
}
