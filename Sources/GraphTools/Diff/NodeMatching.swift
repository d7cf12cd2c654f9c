import GraphCore

/// Which node of one graph is which of another, whatever they are called and in which order they stand.
///
/// What is literally the same comes first; then what is computed from the same and used for the same,
/// then what agrees on one of the two sides of it, then the neighbours of what is known; names decide
/// what structure leaves open. Each of a few rounds takes time in proportion to the edges.
struct NodeMatching {
  let old: DiffSide
  let new: DiffSide
  /// The new partner of each old node.
  private(set) var partners: [Int?]
  /// The old partner of each new node.
  private(set) var originals: [Int?]
  private var open: [(Int, Int)] = []
  /// By what neighbours of a pair are told apart: equal where all above and all below is equal.
  private var colours: (old: [Int], new: [Int]) = ([], [])

  /// Each round settles what hangs on the pairs of the one before; chains of more are rare.
  private static let roundLimit = 16

  init(_ old: DiffSide, _ new: DiffSide) {
    self.old = old
    self.new = new
    partners = Array(repeating: nil, count: old.nodes.count)
    originals = Array(repeating: nil, count: new.nodes.count)
    colours = (old.labels, new.labels)
    matchLiterally()
    // What is unique comes first, since it tells apart what looks alike.
    for takesGroups in [false, true] {
      for _ in 0..<Self.roundLimit where isIncomplete {
        let before = matchCount
        matchByStructure(takesGroups: takesGroups)
        if matchCount == before { break }
      }
    }
    matchByName { $0.op == $1.op }
    spread()
    let (a, b) = hashes { $0.ancestry($1) }
    match(a, b, takesGroups: true)
    let (c, d) = hashes { $0.descent($1) }
    match(c, d, takesGroups: true)
    matchByName { _, _ in true }
  }

  private var isIncomplete: Bool { partners.contains(nil) && originals.contains(nil) }

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

  private mutating func matchByStructure(takesGroups: Bool) {
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
    colours = (both(up, down), both(newUp, newDown))
    spread()
    match(colours.old, colours.new, takesGroups: takesGroups)
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

  /// Pairs unmatched nodes of equal keys: where there are several, those of one name, then in order,
  /// each followed by its neighbours, so that they stay together.
  private mutating func match(_ keys: [Int], _ newKeys: [Int], takesGroups: Bool) {
    let groups = Dictionary(
      grouping: new.nodes.indices.filter { originals[$0] == nil }, by: { newKeys[$0] })
    let own = Dictionary(
      grouping: old.nodes.indices.filter { partners[$0] == nil }, by: { keys[$0] })
    for (key, members) in own.sorted(by: { $0.value[0] < $1.value[0] }) {
      guard let others = groups[key], members.count == others.count,
        takesGroups || members.count == 1
      else { continue }
      if members.count == 1 {
        pair(members[0], others[0])
        continue
      }
      let places = Dictionary(
        others.map { (new.nodes[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
      for member in members {
        guard let other = places[old.nodes[member].name] else { continue }
        pair(member, other)
        spread()
      }
      var next = others.startIndex
      for member in members where partners[member] == nil {
        while next < others.endIndex, originals[others[next]] != nil { next += 1 }
        guard next < others.endIndex else { break }
        pair(member, others[next])
        spread()
      }
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
      for (position, (x, y)) in zip(one.inputs, other.inputs).enumerated() {
        guard isOpen(x.node, y.node), DiffSide.hasOrder(old.nodes[a], position),
          x.output == y.output || !DiffSide.hasOrder(old.nodes[x.node])
        else { continue }
        pair(x.node, y.node)
      }
      for byColour in [true, false] {
        let own = users(of: a, old, partners, byColour ? colours.old : nil)
        if own.isEmpty { break }
        let others = users(of: b, new, originals, byColour ? colours.new : nil)
        for (key, members) in own {
          guard members.count == 1, let found = others[key], found.count == 1,
            isOpen(members[0].node, found[0].node)
          else { continue }
          pair(members[0].node, found[0].node)
        }
      }
    }
  }

  private func isOpen(_ a: Int, _ b: Int) -> Bool {
    partners[a] == nil && originals[b] == nil && old.nodes[a].op == new.nodes[b].op
  }

  /// How an unmatched node takes another.
  private struct Use: Hashable {
    let op: String
    let position: Int
    let output: Int
    let colour: Int?
  }

  private func users(of node: Int, _ side: DiffSide, _ known: [Int?], _ colours: [Int]?) -> [Use:
    [DiffSide.Edge]]
  {
    Dictionary(grouping: side.consumers[node].filter { known[$0.node] == nil }) {
      Use(
        op: side.nodes[$0.node].op, position: $0.position, output: $0.output,
        colour: colours?[$0.node])
    }
  }
}
