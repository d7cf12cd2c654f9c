import GraphCompiler
import GraphCore
import TensorCore

/// A run in terms of a flat graph.
struct FlatRequest {
  let flat: FlatGraph
  /// Distinguishes flat graphs in the plan cache.
  let serial: Int
  var fetches: [Tensor]
  /// The positions of fetches that are variables themselves.
  var lastReads: Set<Int> = []
  var targets: [Int]
  var feeds: [ResolvedFeed]
  var completed: Set<Int> = []
  /// What the run looks for.
  var check: RunCheck?
  /// The graph that holds the functions which loops call.
  let library: Graph
  /// How many loops this is a round of.
  var depth = 0
  /// What notes the run's times, if it is profiled.
  var recorder: RunRecorder?
  /// What is made of the fetched values after the plan has run, if it is strings.
  var strings: StringResults?

  var signature: PlanSignature {
    PlanSignature(
      serial: serial, fetches: fetches.map(\.endpoint), targets: targets,
      feeds: feeds.map(\.tensor.endpoint), shapes: feeds.map(\.value.shape), completed: completed,
      check: check)
  }

  /// The compiler's request, with the values of the feeds that decide the plan.
  func compilation(deciding: [Int]) -> CompilationRequest {
    let graph = flat.graph
    var request = CompilationRequest(
      graph: graph,
      feeds: feeds.enumerated().map { position, feed in
        .init(
          tensor: feed.tensor, shape: feed.value.shape,
          value: deciding.contains(position) ? feed.value : nil)
      }, fetches: fetches, targets: targets.map { graph.node(at: $0) })
    request.lastReads = lastReads
    request.completed = completed
    request.loops = flat.loops
    request.library = library
    return request
  }

  /// The values that were asked for, given those that the plan fetches.
  ///
  /// - Throws: `GraphError` if a string cannot be made of them.
  func results(_ values: [TensorValue]) throws(GraphError) -> [TensorValue] {
    try strings?.values(values) ?? values
  }

  /// The value fed to a tensor of the flat graph.
  func fedValue(_ endpoint: Endpoint) -> TensorValue? {
    feeds.first { $0.tensor.endpoint == endpoint }?.value
  }

  mutating func feed(_ value: TensorValue, to tensor: Tensor) {
    let place = (tensor.node.index, tensor.index)
    let position =
      feeds.firstIndex { ($0.tensor.node.index, $0.tensor.index) >= place } ?? feeds.count
    if position < feeds.count, feeds[position].tensor == tensor { feeds.remove(at: position) }
    feeds.insert(ResolvedFeed(tensor: tensor, value: value), at: position)
  }
}

/// The flat forms of the graphs that a session runs: its own and its functions' bodies.
struct FlatGraphs {
  private struct Entry {
    let count: Int
    let flat: FlatGraph
    let serial: Int
  }
  private var entries: [ObjectIdentifier: Entry] = [:]
  private var nextSerial = 0

  /// The flat form of a graph as it is now.
  mutating func flat(of graph: Graph, library: Graph) throws(GraphError) -> (FlatGraph, Int) {
    let id = ObjectIdentifier(graph)
    let count = graph.count
    if let entry = entries[id], entry.count == count { return (entry.flat, entry.serial) }
    let flat = try Compiler.flatten(graph, library: library)
    let serial: Int
    if let entry = entries[id], entry.flat.graph === graph, flat.graph === graph {
      // Nodes were added and all earlier ones are the same.
      serial = entry.serial
    } else {
      nextSerial += 1
      serial = nextSerial
    }
    entries[id] = Entry(count: count, flat: flat, serial: serial)
    return (flat, serial)
  }
}
