import GraphCompiler
import GraphCore
import TensorCore

/// What a run gives that no kernel computes: strings, such as serialized summaries.
///
/// Strings have no place in an arena. Where nothing but a fetch wants them, the plan computes the numbers
/// that they are made of, and the ops that make them run on these values when it has ended: a summary
/// costs a training step no segment of its own.
struct StringResults {
  /// The nodes of the flat graph that are computed after the plan, in order.
  private var nodes: [Node] = []
  /// Where each value comes from that was asked for.
  private var results: [Endpoint] = []
  /// What the plan fetches.
  private var fetched: [Endpoint] = []

  /// Takes out of a request what can be computed after its plan; nil if there is no such thing.
  init?(of request: inout FlatRequest) {
    let graph = request.flat.graph
    // Most runs have none, and find that out without allocating anything.
    guard
      request.fetches.contains(where: { Segment.computesStrings($0.node) })
        || request.targets.contains(where: { Segment.computesStrings(graph.node(at: $0)) })
    else { return nil }
    let fed = Set(request.feeds.map(\.tensor.endpoint))
    func isComputedAfter(_ node: Node) -> Bool {
      Segment.computesStrings(node) && !node.outputs.contains { fed.contains($0.endpoint) }
    }
    var pending = request.fetches.map(\.node).filter(isComputedAfter)
    pending += request.targets.map { graph.node(at: $0) }.filter(isComputedAfter)
    guard !pending.isEmpty else { return nil }
    var taken = Set<Int>()
    var wanted: [Endpoint] = []
    var targets = request.targets
    while let node = pending.popLast() {
      guard taken.insert(node.index).inserted else { continue }
      nodes.append(node)
      for input in node.inputs {
        if isComputedAfter(input.node) {
          pending.append(input.node)
        } else {
          wanted.append(input.endpoint)
        }
      }
      for index in node.record.controlInputs {
        let other = graph.node(at: index)
        if isComputedAfter(other) { pending.append(other) } else { targets.append(index) }
      }
    }
    nodes.sort { $0.index < $1.index }
    results = request.fetches.map(\.endpoint)
    let (fetches, lastReads) = (request.fetches, request.lastReads)
    request.targets = targets.filter { !taken.contains($0) }
    request.fetches = []
    request.lastReads = []
    for (position, tensor) in fetches.enumerated() where !taken.contains(tensor.node.index) {
      if lastReads.contains(position) { request.lastReads.insert(request.fetches.count) }
      request.fetches.append(tensor)
    }
    let known = Set(request.fetches.map(\.endpoint))
    var added = Set<Endpoint>()
    for endpoint in wanted where !known.contains(endpoint) && added.insert(endpoint).inserted {
      request.fetches.append(request.flat.tensor(endpoint))
    }
    fetched = request.fetches.map(\.endpoint)
  }

  /// The values that were asked for, from those that the plan gave.
  ///
  /// - Throws: `GraphError` if an op cannot take its inputs' values.
  func values(_ given: [TensorValue]) throws(GraphError) -> [TensorValue] {
    var known: [Endpoint: TensorValue] = [:]
    for (endpoint, value) in zip(fetched, given) { known[endpoint] = value }
    for node in nodes {
      let inputs = node.record.inputs.compactMap { known[$0] }
      for (output, value) in zip(node.outputs, try Segment.values(of: node, inputs)) {
        known[output.endpoint] = value
      }
    }
    return results.compactMap { known[$0] }
  }
}
