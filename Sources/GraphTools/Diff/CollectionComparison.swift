import GraphCore

/// What collections hold in one graph only.
struct CollectionComparison {
  private(set) var lines: [String] = []

  init(_ matching: NodeMatching, hasRenames: Bool) {
    let (old, new) = (matching.old.graph, matching.new.graph)
    let keys = Set(old.collectionKeys).union(new.collectionKeys)
    for key in keys.sorted(by: { $0.rawValue < $1.rawValue }) {
      var counts: [CollectionItem: Int] = [:]
      var bytes = 0
      for item in new.items(in: key) {
        // Bytes may speak of nodes by name, which only their reader could follow.
        if case .bytes = item, hasRenames { bytes += 1 } else { counts[item, default: 0] += 1 }
      }
      for item in old.items(in: key) {
        if case .bytes = item, hasRenames {
          bytes -= 1
        } else if let image = Self.image(of: item, matching), let count = counts[image], count > 0 {
          counts[image] = count - 1
        } else {
          lines.append("collection \(key.rawValue) no longer holds \(GraphText.text(item))")
        }
      }
      for item in new.items(in: key) {
        guard let count = counts[item], count > 0 else { continue }
        counts[item] = count - 1
        lines.append("collection \(key.rawValue) now holds \(GraphText.text(item))")
      }
      if bytes != 0 {
        lines.append("collection \(key.rawValue) holds \(bytes > 0 ? "more" : "fewer") items")
      }
    }
  }

  /// The item with the new graph's elements in place of the old one's; nil if they are not there.
  private static func image(of item: CollectionItem, _ matching: NodeMatching) -> CollectionItem? {
    func partner(_ node: Node) -> Node? {
      guard node.index < matching.partners.count else { return nil }
      return matching.partners[node.index].map { matching.new.nodes[$0] }
    }
    switch item {
    case .operation(let node): return partner(node).map { .operation($0) }
    case .tensor(let tensor): return partner(tensor.node).map { .tensor(Tensor($0, tensor.index)) }
    case .variable(let variable):
      // Variables are equal if their handles are.
      return partner(variable.handle.node).map { handle in
        .variable(
          Variable(
            handle: Tensor(handle, variable.handle.index), value: variable.value,
            initializer: variable.initializer, initialValue: nil,
            isTrainable: variable.isTrainable))
      }
    case .bytes, .int, .float, .message: return item
    }
  }
}
