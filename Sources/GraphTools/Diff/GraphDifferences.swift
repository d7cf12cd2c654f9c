import GraphCore
import TensorCore

/// How two graphs differ in meaning: other names and another order of nodes are no difference.
public struct GraphDifferences: Sendable {
  /// Nodes of another name that are otherwise the same or merely changed.
  public private(set) var renamed: [(old: String, new: String)] = []
  /// Nodes that only the first graph has.
  public private(set) var removed: [Node] = []
  /// Nodes that only the second graph has.
  public private(set) var added: [Node] = []
  /// For each node that is in both but not the same, what changed.
  public private(set) var changed: [(node: Node, details: [String])] = []
  /// What collections hold in one graph only.
  public private(set) var collections: [String] = []
  /// What differs among the functions that nodes call.
  public private(set) var functions: [String] = []
  /// For each variable of the first graph its name in the second.
  public private(set) var variableNames: [String: String] = [:]

  /// Whether both graphs mean the same.
  public var isSame: Bool {
    removed.isEmpty && added.isEmpty && changed.isEmpty && collections.isEmpty && functions.isEmpty
  }

  /// Compares two graphs.
  ///
  /// - Parameters:
  ///   - tolerance: by how much the numbers of constants may differ.
  ///   - comparesCollections: false where one graph's file cannot hold any.
  public init(
    from old: Graph, to new: Graph, tolerance: Double = 0, comparesCollections: Bool = true
  ) {
    let (digests, newDigests) = (FunctionDigests(old), FunctionDigests(new))
    let matching = NodeMatching(
      DiffSide(old, functions: digests), DiffSide(new, functions: newDigests))
    for (index, node) in matching.old.nodes.enumerated() {
      guard let partner = matching.partners[index],
        ["VarHandleOp", "VariableV2", "Variable"].contains(node.op)
      else { continue }
      variableNames[node.name] = matching.new.nodes[partner].name
    }
    let comparison = NodeComparison(
      matching: matching, variableNames: variableNames, tolerance: tolerance)
    for (index, node) in matching.old.nodes.enumerated() {
      guard let partner = matching.partners[index] else {
        removed.append(node)
        continue
      }
      let other = matching.new.nodes[partner]
      if node.name != other.name { renamed.append((node.name, other.name)) }
      let details = comparison.details(node, other)
      if !details.isEmpty { changed.append((node, details)) }
    }
    added = matching.new.nodes.filter { matching.originals[$0.index] == nil }
    if comparesCollections {
      collections = CollectionComparison(matching, hasRenames: !renamed.isEmpty).lines
    }
    compareFunctions(old, new, digests, newDigests, tolerance)
  }

  private mutating func compareFunctions(
    _ old: Graph, _ new: Graph, _ digests: FunctionDigests, _ newDigests: FunctionDigests,
    _ tolerance: Double
  ) {
    let known = Set(old.functions.map { digests.digest($0.name) })
    let newKnown = Set(new.functions.map { newDigests.digest($0.name) })
    for function in old.functions where !newKnown.contains(digests.digest(function.name)) {
      guard let other = new.function(named: function.name) else {
        functions.append("removed function \(function.name)")
        continue
      }
      let inner = GraphDifferences(from: function.body, to: other.body, tolerance: tolerance)
      functions += inner.lines().map { "function \(function.name): \($0)" }
    }
    for function in new.functions
    where old.function(named: function.name) == nil
      && !known.contains(newDigests.digest(function.name))
    { functions.append("added function \(function.name)") }
  }

  /// The differences, a line each, renamed nodes first.
  public func lines(listsRenames: Bool = true) -> [String] {
    var lines: [String] = []
    if listsRenames { lines += renamed.map { "renamed \($0.old) -> \($0.new)" } }
    lines += removed.map { "removed \($0)" }
    lines += added.map { "added \($0)" }
    lines += changed.flatMap { change in change.details.map { "changed \(change.node): \($0)" } }
    return lines + collections + functions
  }
}
