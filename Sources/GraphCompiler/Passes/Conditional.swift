import GraphCore
import StandardOps

/// Nodes that `Switch` nodes on one predicate lead to, up to the `Merge` nodes where both sides meet: a
/// conditional of the flat graph, or the part of one that does not wait for another part's results.
struct Conditional {
  /// What decides.
  let predicate: Endpoint
  /// All of its names; true for one that says the opposite.
  fileprivate(set) var predicates: [Endpoint: Bool] = [:]
  /// The nodes that lead to the sides of this and other conditionals on the predicate; true for those
  /// that the opposite decides.
  fileprivate(set) var switches: [Int: Bool] = [:]
  /// The nodes of each side: first those that run if the predicate is false.
  fileprivate(set) var sides: [Set<Int>] = [[], []]
  /// Where the sides meet, in order.
  fileprivate(set) var merges: [Int] = []
  /// The sides that the inputs of each of these come from.
  fileprivate(set) var mergedSides: [Int: [Int]] = [:]
  /// Which of the switches are its own.
  fileprivate(set) var own: Set<Int> = []
  /// What parts that come later take from inside of a side, which that is.
  fileprivate(set) var kept: [Endpoint: Int] = [:]
  /// The node at which it is placed: the first that takes something from both sides, or the last.
  fileprivate(set) var place = 0

  /// All of its nodes.
  var nodes: [Int] { own.union(sides[0]).union(sides[1]).sorted() + merges }
}

/// The conditionals of a request that only running decides.
struct Conditionals {
  private var known: [Conditional] = []
  /// The conditional that each node belongs to.
  private var owners: [Int: Int] = [:]
  private var refused: Set<Endpoint> = []
  /// Why the nodes that were looked at last are no conditional as TensorFlow builds it.
  private(set) var fault: String?

  /// The conditional that a node belongs to, if that is known.
  func taken(by node: Node) -> Conditional? { owners[node.index].map { known[$0] } }

  /// Finds all conditionals on the predicate of a `Switch`.
  ///
  /// - Parameters:
  ///   - nodes: all that run, in order.
  ///   - isInside: whether they are part of another conditional or loop.
  ///   - fed: what stands for a tensor that comes from no node.
  /// - Returns: that of the node; nil if its nodes are not those of a conditional as TensorFlow builds it.
  mutating func find(
    _ node: Node, in nodes: [Node], isInside: Bool, fed: @escaping (Endpoint) -> Tensor?
  ) -> Conditional? {
    let predicate = ConditionalScan.origin(of: node.record.inputs[1], in: node.graph, fed)
    guard !refused.contains(predicate), owners[node.index] == nil else { return nil }
    var scan = ConditionalScan(predicate, isInside: isInside, fed)
    for node in nodes where owners[node.index] == nil {
      if let fault = scan.visit(node) {
        refused.insert(predicate)
        self.fault = "\"\(node.name)\" \(fault)"
        return nil
      }
    }
    for conditional in scan.conditionals(nodes) {
      for index in conditional.nodes { owners[index] = known.count }
      known.append(conditional)
    }
    return taken(by: node)
  }
}

/// Goes through nodes in order with the side that each is on; those that are linked belong together.
private struct ConditionalScan {
  private let predicate: Endpoint
  private let fed: (Endpoint) -> Tensor?
  private var predicates: [Endpoint: Bool] = [:]
  private var switches: [Int: Bool] = [:]
  private var side: [Int: Int] = [:]
  /// For each merge of two sides those that its inputs come from.
  private var merges: [Int: [Int]] = [:]
  /// To which part each node belongs: a switch that comes after a merge begins another, since it may take
  /// what follows from that.
  private var part: [Int: Int] = [:]
  private var lastPart = 0
  private var hasMerged = false
  /// Whether the nodes are part of another conditional or loop, so that values of parts before it are fed.
  private let isInside: Bool
  private var groups = LinkedGroups()

  init(_ predicate: Endpoint, isInside: Bool, _ fed: @escaping (Endpoint) -> Tensor?) {
    (self.predicate, self.isInside, self.fed) = (predicate, isInside, fed)
    predicates[predicate] = false
  }

  /// The tensor that a predicate is, which TensorFlow passes on under another name.
  static func origin(
    of predicate: Endpoint, in graph: Graph, _ fed: (Endpoint) -> Tensor?
  ) -> Endpoint {
    var current = predicate
    while fed(current) == nil {
      let node = graph.node(at: current.node)
      guard node.op == Ops.Identity.name, node.record.inputs.count == 1,
        node.record.inputs[0].node < node.index
      else { break }
      current = node.record.inputs[0]
    }
    return current
  }

  /// Whether a value says the same as the predicate, or the opposite; nil if it is another.
  private func isOpposite(_ endpoint: Endpoint, in graph: Graph) -> Bool? {
    let origin = Self.origin(of: endpoint, in: graph, fed)
    if origin == predicate { return false }
    if let value = fed(origin), value == fed(predicate) { return false }
    // Gradients ask which input a merge took.
    let node = graph.node(at: origin.node)
    guard node.op == Ops.Equal.name, fed(origin) == nil, node.record.inputs.count == 2,
      node.record.inputs[0].output == 1, let sides = merges[node.record.inputs[0].node],
      let number = node.input(1).constantValue?.integers?.first, sides.indices.contains(number)
    else { return nil }
    return sides[number] == 0
  }

  /// - Returns: what is wrong with a node that no conditional has.
  mutating func visit(_ node: Node) -> String? {
    let (index, record) = (node.index, node.record)
    let inputs = record.inputs.filter { fed($0) == nil }
    if node.op == Ops.Switch.name, let opposite = isOpposite(record.inputs[1], in: node.graph) {
      predicates[record.inputs[1]] = opposite
      predicates[Self.origin(of: record.inputs[1], in: node.graph, fed)] = opposite
      if side[record.inputs[0].node] == nil {
        // What a side is given does not come from a side.
        if switches[record.inputs[0].node] != nil { return "switches what is switched" }
        switches[index] = opposite
        if hasMerged { lastPart += 1 }
        hasMerged = false
        part[index] = lastPart
        return nil
      }
    }
    var found: [Int] = []
    var linked: [Int] = []
    for input in inputs {
      let own =
        switches[input.node].map { $0 ? 1 - input.output : input.output } ?? side[input.node]
      guard let own else { continue }
      found.append(own)
      linked.append(input.node)
    }
    let count = found.count
    for control in record.controlInputs {
      guard let own = side[control] else { continue }
      found.append(own)
      linked.append(control)
    }
    guard let first = found.first else { return nil }
    let isMerge = node.op == Ops.Merge.name
    if isMerge, isInside, record.inputs.count == 2, inputs.count == 1, found == [first] {
      // What is given comes from the other side of an earlier part.
      let isFirst = fed(record.inputs[1]) != nil
      merges[index] = isFirst ? [first, 1 - first] : [1 - first, first]
    } else if isMerge, found.contains(1 - first) {
      guard count == 2, record.inputs.count == 2, linked.count == 2 else {
        return "merges more than two sides"
      }
      merges[index] = found
    } else {
      if found.contains(1 - first) { return "takes something from both sides" }
      if isMerge, count != record.inputs.count { return "merges a side with what is on none" }
      side[index] = first
    }
    let own = linked.reduce(0) { max($0, part[$1] ?? 0) }
    part[index] = own
    for other in linked where part[other] == own { groups.link(index, other) }
    if merges[index] != nil { hasMerged = true }
    return nil
  }

  /// What was found.
  mutating func conditionals(_ nodes: [Node]) -> [Conditional] {
    var found: [Int: Conditional] = [:]
    for node in nodes {
      let index = node.index
      guard switches[index] != nil || merges[index] != nil || side[index] != nil else { continue }
      let group = groups.first(of: index)
      var own =
        found[group]
        ?? Conditional(predicate: predicate, predicates: predicates, switches: switches)
      if switches[index] != nil {
        own.own.insert(index)
      } else if let side = side[index] {
        own.sides[side].insert(index)
      } else {
        own.merges.append(index)
        own.mergedSides[index] = merges[index]
      }
      own.place = own.merges.first ?? index
      found[group] = own
    }
    for node in nodes where side[node.index] != nil || merges[node.index] != nil {
      let group = groups.first(of: node.index)
      for input in node.record.inputs where side[input.node] != nil {
        let other = groups.first(of: input.node)
        if other != group { found[other]?.kept[input] = side[input.node] }
      }
    }
    return found.sorted { $0.key < $1.key }.map(\.value)
  }
}

/// Which nodes belong together, as links between them say.
private struct LinkedGroups {
  private var parents: [Int: Int] = [:]

  /// The node that stands for all that belong to another.
  mutating func first(of node: Int) -> Int {
    var root = node
    while let parent = parents[root] { root = parent }
    var current = node
    while let parent = parents[current], parent != root {
      parents[current] = root
      current = parent
    }
    return root
  }

  mutating func link(_ a: Int, _ b: Int) {
    let (a, b) = (first(of: a), first(of: b))
    if a != b { parents[max(a, b)] = min(a, b) }
  }
}
