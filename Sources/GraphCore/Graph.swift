import Synchronization
import TensorCore

/// A dataflow graph: what a user writes, append-only.
///
/// Nodes are added under a lock and never change, so a graph may be shared between threads and may
/// grow between runs. Building never throws: a mistake is recorded with its place, and
/// `Session(graph)` throws all of them at once.
public final class Graph: Sendable {
  package struct State: Sendable {
    package var nodes: [NodeRecord] = []
    package var indexOfName: [String: Int] = [:]
    /// Lower-cased names in use, each with the next suffix to try, as TensorFlow counts them.
    package var nameCounts: [String: Int] = [:]
    package var collections: [CollectionKey: [CollectionRecord]] = [:]
    package var errors: [GraphError] = []
    package var reportedErrors = 0
    /// The variables by name, for `getVariable` to find whatever collection they are in.
    package var variables: [String: VariableRecord] = [:]
    package var seed: Int?
    package var seedMode = RandomSeedMode.named
    /// The functions that nodes call, by name.
    package var functions: [String: Function] = [:]
    /// Why functions of the file are not among them, by name.
    package var unreadFunctions: [String: String] = [:]
    /// What else a file says of the graph, in Protocol Buffers' text form: functions, versions,
    /// signatures; kept for writing it again.
    package var details = ""
    /// The comments of a graph written as text.
    package var comments: [TextPlace: TextComments] = [:]
  }

  package let state = Mutex(State())
  /// The ops that the graph knows.
  package let ops: OpSet

  /// An empty graph whose nodes may be of the given ops.
  public init(ops: OpSet) { self.ops = ops }

  /// All nodes in the order in which they were made.
  public var operations: [Node] {
    state.withLock { $0.nodes }.map { Node(graph: self, record: $0) }
  }

  /// The number of nodes.
  public var count: Int { state.withLock { $0.nodes.count } }

  /// The node of that name, or nil.
  public func operation(named name: String) -> Node? {
    state.withLock { state in state.indexOfName[name].map { state.nodes[$0] } }
      .map { Node(graph: self, record: $0) }
  }

  /// The tensor of that name (`loss/loss:0`; without `:k` the first output), or nil.
  public func tensor(named name: String) -> Tensor? {
    var nodeName = name[...]
    var index = 0
    if let colon = name.lastIndex(of: ":") {
      guard let parsed = Int(name[name.index(after: colon)...]) else { return nil }
      nodeName = name[..<colon]
      index = parsed
    }
    guard let node = operation(named: String(nodeName)),
      node.record.outputs.indices.contains(index)
    else { return nil }
    return Tensor(node, index)
  }

  package func node(at index: Int) -> Node {
    guard index >= 0 else { return Node(graph: self, record: .poison) }
    return Node(graph: self, record: state.withLock { $0.nodes[index] })
  }

  /// The mistakes made so far, in order.
  public var errors: [GraphError] { state.withLock { $0.errors } }

  /// Records a mistake to be thrown when the graph is next compiled.
  package func record(_ error: GraphError) { state.withLock { $0.errors.append(error) } }

  /// Throws the mistakes that were made since this was last called.
  ///
  /// - Throws: `GraphErrors` with all of them.
  package func throwNewErrors() throws(GraphErrors) {
    let new = state.withLock { state in
      defer { state.reportedErrors = state.errors.count }
      return Array(state.errors.dropFirst(state.reportedErrors))
    }
    if !new.isEmpty { throw GraphErrors(new) }
  }

  /// A poison tensor, for a builder that has recorded a mistake.
  package var poison: Tensor { Tensor(Node(graph: self, record: .poison), 0) }
}

/// How random ops that are given no seed of their own get one.
public enum RandomSeedMode: Sendable {
  /// Hashed from the graph's seed and the node's name: adding an unrelated op changes nothing.
  case named
  /// As TensorFlow 1 does it: the graph's seed, and the number of ops made before.
  case tf1
}

extension Graph {
  /// Sets the seed from which random ops without one of their own derive theirs.
  public func setRandomSeed(_ seed: Int, mode: RandomSeedMode = .named) {
    state.withLock {
      $0.seed = seed
      $0.seedMode = mode
    }
  }
}

extension Graph: Equatable {
  /// Whether both are the same graph.
  public static func == (a: Graph, b: Graph) -> Bool { a === b }
}
