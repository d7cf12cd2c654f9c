import GraphCompiler
import GraphCore

/// What a run would do, before it does it.
package struct PlannedRun {
  /// The plan of the run, or of its first segment.
  package let plan: Plan
  /// The name of the backend that compiled each of its steps.
  package let backendNames: [String]
  /// The flat form of the graph that the plan was made of.
  package let flat: FlatGraph
  /// What follows the plan, if it is the first segment of a run.
  package let segment: Segment?
  /// What is fetched of the user's graph.
  package let fetches: [Tensor]
  /// What is run of it.
  package let targets: [Node]

  /// The nodes of the flat graph that fetches and targets need.
  package var needed: Set<Int> {
    var needed = Set<Int>()
    var pending = targets.flatMap { flat.nodes[$0.index] }
    for fetch in fetches {
      pending += flat.nodes[fetch.node.index]
      if case .tensor(let endpoint) = flat.images[fetch.node.index][fetch.index] {
        pending.append(endpoint.node)
      }
    }
    while let index = pending.popLast() {
      guard needed.insert(index).inserted else { continue }
      let record = flat.graph.node(at: index).record
      pending += record.inputs.map(\.node) + record.controlInputs
    }
    return needed
  }

  /// The nodes of the user's graph behind each node of the flat one.
  package var sources: [Int: Node] { flat.sources }
}

extension FlatGraph {
  /// The nodes of the source behind each node of the flat graph.
  package var sources: [Int: Node] {
    var sources: [Int: Node] = [:]
    let operations = source.operations
    for (index, images) in nodes.enumerated() {
      for image in images where sources[image] == nil { sources[image] = operations[index] }
    }
    for (index, outputs) in images.enumerated() {
      for case .tensor(let endpoint) in outputs where sources[endpoint.node] == nil {
        sources[endpoint.node] = operations[index]
      }
    }
    return sources
  }
}
