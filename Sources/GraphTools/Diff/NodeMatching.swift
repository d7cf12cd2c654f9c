import GraphCore

/// Which node of one graph is which of another, whatever they are called and in which order they stand.
///
/// What is literally the same comes first; then what is computed from the same and used for the same,
/// then what agrees on one of the two sides of it, then the neighbours of what is known; names decide
/// what structure leaves open. Each round takes time in proportion to the edges.
struct NodeMatching {
  let old: DiffSide
  let new: DiffSide
  /// The new partner of each old node.
  private(set) var partners: [Int?]
  /// The old partner of each new node.
  private(set) var originals: [Int?]
  private var open: [(Int, Int)] = []

  /// Rounds beyond these find next to nothing: each goes through the whole graph.
  private static let roundLimit = 4

  init(_ old: DiffSide, _ new: DiffSide) {
    self.old = old
    self.new = new
    partners = Array(repeating: nil, count: old.nodes.count)
    originals = Array(repeating: nil, count: new.nodes.count)
    matchLiterally()
    for round in 0..<Self.roundLimit {
      let before = matchCount
      matchByStructure()
      if matchCount == before && round > 0 { break }
    }
    matchByName { $0.op == $1.op }
    spread()
    let (a, b) = hashes { $0.ancestry($1) }
    match(a, b, takesGroups: true)
    let (c, d) = hashes { $0.descent($1) }
    match(c, d, takesGroups: true)
    matchByName { _, _ in true }
  }

  private var matchCount: Int { partners.count { $0 != nil } }

  private mutating func pair(_ a: Int, _ b: Int) {
    guard partners[a] == nil, originals[b] == nil else { return }
    partners[a] = b
    originals[b] = a
    open.append((a, b))
  }

  /// Pairs nodes of one name that take tensors of the same names and mean the same.
  private mutating func matchLiterally() {
    for node in old.nodes {
      guard let other = new.graph.operation(named: node.name), other.index < new.nodes.count,
        old.labels[node.index] == new.labels[other.index],
        node.record.inputs.count == other.record.inputs.count,
        node.record.controlInputs.count == other.record.controlInputs.count
      else { continue }
      let isSame =
        zip(node.record.inputs, other.record.inputs).allSatisfy { a, b in
          a.output == b.output && old.nodes[a.node].name == new.nodes[b.node].name
        }
        && Set(node.record.controlInputs.map { old.nodes[$0].name })
          == Set(other.record.controlInputs.map { new.nodes[$0].name })
      if isSame { pair(node.index, other.index) }
    }
  }

  private mutating func matchByStructure() {
    let (up, newUp) = hashes { $0.ancestry($1) }
    let (down, newDown) = hashes { $0.descent($1) }
    func both(_ a: [Int], _ b: [Int]) -> [Int] {
      zip(a, b).map { x, y in
        var hasher = Hasher()
        hasher.combine(x)
        hasher.combine(y)
        return hasher.finalize()
      }
    }
    match(both(up, down), both(newUp, newDown), takesGroups: true)
    matchByName {
      up[$0.index] == newUp[$1.index] || down[$0.index] == newDown[$1.index]
    }
    match(up, newUp, takesGroups: false)
    match(down, newDown, takesGroups: false)
    spread()
  }

  private func hashes(_ hash: (DiffSide, [Int?]) -> [Int]) -> ([Int], [Int]) {
    // On both sides a pair is known by its old index.
    let anchors = partners.indices.map { partners[$0] == nil ? nil : $0 }
    return (hash(old, anchors), hash(new, originals))
  }

  /// Pairs unmatched nodes of equal keys: where there are several, those of one name, then in order.
  private mutating func match(_ keys: [Int], _ newKeys: [Int], takesGroups: Bool) {
    let groups = Dictionary(
      grouping: new.nodes.indices.filter { originals[$0] == nil }, by: { newKeys[$0] })
    let own = Dictionary(
      grouping: old.nodes.indices.filter { partners[$0] == nil }, by: { keys[$0] })
    for (key, members) in own {
      guard let others = groups[key], members.count == others.count,
        takesGroups || members.count == 1
      else { continue }
      let places = Dictionary(
        others.map { (new.nodes[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
      for member in members {
        if let other = places[old.nodes[member].name] { pair(member, other) }
      }
      let rest = members.filter { partners[$0] == nil }
      for (a, b) in zip(rest, others.filter { originals[$0] == nil }) { pair(a, b) }
    }
  }

  private mutating func matchByName(_ agree: (Node, Node) -> Bool) {
    for node in old.nodes where partners[node.index] == nil {
      guard let other = new.graph.operation(named: node.name), other.index < new.nodes.count,
        originals[other.index] == nil, agree(node, other)
      else { continue }
      pair(node.index, other.index)
    }
  }

  /// From every pair to what both take at one place, and to what alone takes both at one place.
  private mutating func spread() {
    while let (a, b) = open.popLast() {
      let (one, other) = (old.nodes[a].record, new.nodes[b].record)
      for (x, y) in zip(one.inputs, other.inputs)
      where x.output == y.output && isOpen(x.node, y.node) { pair(x.node, y.node) }
      if old.consumers[a].allSatisfy({ partners[$0.node] != nil }) { continue }
      let own = Dictionary(grouping: unmatched(old.consumers[a], partners)) { use(old, $0) }
      let others = Dictionary(grouping: unmatched(new.consumers[b], originals)) { use(new, $0) }
      for (key, users) in own {
        guard users.count == 1, let found = others[key], found.count == 1 else { continue }
        if isOpen(users[0].node, found[0].node) { pair(users[0].node, found[0].node) }
      }
    }
  }

  private func isOpen(_ a: Int, _ b: Int) -> Bool {
    partners[a] == nil && originals[b] == nil && old.nodes[a].op == new.nodes[b].op
  }

  private func unmatched(_ edges: [DiffSide.Edge], _ known: [Int?]) -> [DiffSide.Edge] {
    edges.filter { known[$0.node] == nil }
  }

  private struct Use: Hashable {
    let op: String
    let position: Int
    let output: Int
  }

  private func use(_ side: DiffSide, _ edge: DiffSide.Edge) -> Use {
    Use(op: side.nodes[edge.node].op, position: edge.position, output: edge.output)
  }
}
