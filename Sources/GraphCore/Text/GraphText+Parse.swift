import TensorCore

extension GraphText {
  /// Adds to `graph` what `text` describes.
  ///
  /// - Parameter allowance: the most bytes of tensors whose elements the text does not hold itself; for
  ///   text that is no stranger's there need be no limit.
  /// - Throws: `GraphError` with file and line.
  package static func parse(
    _ text: String, path: String, into graph: Graph, allowance: Int = .max
  ) throws(GraphError) {
    var parser = GraphTextParser(path: path, allowance: allowance)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      try parser.add(String(line), number: index + 1)
    }
    try parser.finish(graph)
  }
}

/// Collects the lines of a graph's text, then adds them to a graph.
private struct GraphTextParser {
  let path: String
  private var allowance: Int
  private var nodes: [NodeDescription] = []
  private var nodeComments: [TextComments] = []
  private var collections: [(key: CollectionKey, items: [(Int, String)])] = []
  private var comments: [TextPlace: TextComments] = [:]
  private var details: [String] = []
  private var block = Block.none
  private var above: [String] = []
  private var lastLine = 0

  private enum Block { case none, collection, details }

  init(path: String, allowance: Int) {
    self.path = path
    self.allowance = allowance
  }

  mutating func add(_ text: String, number: Int) throws(GraphError) {
    lastLine = number
    var scanner = TextScanner(text, path: path, line: number, allowance: allowance)
    defer { allowance = scanner.allowance }
    if block == .details {
      if text == "}" {
        block = .none
      } else {
        details.append(text.hasPrefix("  ") ? String(text.dropFirst(2)) : text)
      }
      return
    }
    if text.hasPrefix(GraphText.generatedPrefix) {
      comments[.generated] = TextComments(above: [], beside: text)
      return
    }
    if scanner.sees("#") || text.allSatisfy({ $0 == " " }) {
      above.append(text)
      return
    }
    if block == .collection {
      let key = collections[collections.count - 1].key
      if scanner.take("}") {
        block = .none
        note(try scanner.comment(), at: .collectionEnd(key))
      } else {
        let count = collections[collections.count - 1].items.count
        collections[collections.count - 1].items.append((number, text))
        note("", at: .item(key, count))
      }
    } else if scanner.sees("%") {
      let (node, comment) = try self.node(&scanner)
      nodes.append(node)
      nodeComments.append(TextComments(above: above, beside: comment))
      above = []
    } else if scanner.take(word: "collection") {
      let key = CollectionKey(rawValue: try scanner.name())
      guard !collections.contains(where: { $0.key == key }) else {
        throw scanner.mistake("the collection \(key.rawValue) is there twice")
      }
      try scanner.expect("{")
      collections.append((key, []))
      block = .collection
      note(try scanner.comment(), at: .collection(key))
    } else if scanner.take(word: "file") {
      try scanner.expect("{")
      block = .details
      note(try scanner.comment(), at: .details)
    } else {
      throw scanner.mistake("expected a node (%name = Op(…)), collection, file or # comment")
    }
  }

  private mutating func note(_ beside: String, at place: TextPlace) {
    let found = TextComments(above: above, beside: beside)
    if !found.isEmpty { comments[place] = found }
    above = []
  }

  private func node(_ scanner: inout TextScanner) throws(GraphError) -> (NodeDescription, String) {
    try scanner.expect("%")
    let name = try scanner.name()
    try scanner.expect("=")
    var node = NodeDescription(name: name, op: try scanner.name())
    node.site = SourceSite(path: path, line: scanner.line)
    try scanner.list("(", ")") { (scanner: inout TextScanner) throws(GraphError) in
      if scanner.take("^") {
        node.inputs.append(.control(try scanner.name()))
      } else {
        let (name, output) = try Self.reference(&scanner)
        node.inputs.append(.data(name, output))
      }
    }
    if scanner.sees("{") {
      try scanner.braced { (name, scanner: inout TextScanner) throws(GraphError) in
        guard node.attributes[name] == nil else {
          throw scanner.mistake("the attribute \(name) is there twice")
        }
        node.attributes[name] = try scanner.attribute()
      }
    }
    if scanner.take(word: "device") {
      node.device = String(decoding: try scanner.string(), as: UTF8.self)
    }
    if scanner.take(word: "details") {
      node.details = String(decoding: try scanner.string(), as: UTF8.self)
    }
    if scanner.take(":") {
      repeat { node.outputs.append(try scanner.outputType()) } while scanner.take(",")
    }
    return (node, try scanner.comment())
  }

  private static func reference(_ scanner: inout TextScanner) throws(GraphError) -> (String, Int) {
    try scanner.expect("%")
    let name = try scanner.name()
    guard scanner.take(":") else { return (name, 0) }
    let output = try scanner.integer()
    guard (0..<65_536).contains(output) else { throw scanner.mistake("\(output) is no output") }
    return (name, output)
  }

  mutating func finish(_ graph: Graph) throws(GraphError) {
    guard block == .none else {
      throw GraphError("a block has no end", site: SourceSite(path: path, line: lastLine))
    }
    for index in nodes.indices {
      guard let signature = graph.ops[nodes[index].op]?.signature else { continue }
      let implied = GraphText.attributes(
        impliedBy: nodes[index].outputs.map(\.dtype), signature)
      nodes[index].attributes.merge(implied) { stated, _ in stated }
    }
    try graph.append(nodes)
    for (node, comment) in zip(nodes, nodeComments) where !comment.isEmpty {
      if let index = graph.operation(named: node.name)?.index { comments[.node(index)] = comment }
    }
    for (key, items) in collections {
      for (position, (line, text)) in items.enumerated() {
        var scanner = TextScanner(text, path: path, line: line)
        graph.add(try Self.item(&scanner, graph), to: key)
        let beside = try scanner.comment()
        if !beside.isEmpty {
          comments[.item(key, position), default: TextComments()].beside = beside
        }
      }
    }
    // The text ends with a line's end, after which there is one more, empty line.
    if above.last == "" { above.removeLast() }
    if !above.isEmpty { comments[.end] = TextComments(above: above) }
    let text = details.map { $0 + "\n" }.joined()
    let comments = comments
    graph.state.withLock {
      $0.comments = comments
      $0.details = text
    }
  }

  private static func item(_ scanner: inout TextScanner, _ graph: Graph) throws(GraphError)
    -> CollectionItem
  {
    if scanner.take("^") { return .operation(try node(&scanner, graph)) }
    if scanner.sees("%") { return .tensor(try tensor(&scanner, graph)) }
    if scanner.sees("\"") { return .bytes(try scanner.string()) }
    if scanner.take(word: "message") {
      let url = String(decoding: try scanner.string(), as: UTF8.self)
      return .message(typeURL: url, try scanner.string())
    }
    if scanner.take(word: "variable") { return .variable(try variable(&scanner, graph)) }
    switch try scanner.attribute() {
    case .int(let number): return .int(number)
    case .float(let number): return .float(number)
    default: throw scanner.mistake("this cannot be in a collection")
    }
  }

  private static func node(_ scanner: inout TextScanner, _ graph: Graph) throws(GraphError) -> Node
  {
    let name = try scanner.name()
    guard let node = graph.operation(named: name) else {
      throw scanner.mistake("the graph has no node \"\(name)\"")
    }
    return node
  }

  private static func tensor(_ scanner: inout TextScanner, _ graph: Graph) throws(GraphError)
    -> Tensor
  {
    let (name, output) = try reference(&scanner)
    guard let tensor = graph.tensor(named: "\(name):\(output)") else {
      throw scanner.mistake("the graph has no tensor \"\(name):\(output)\"")
    }
    return tensor
  }

  private static func variable(_ scanner: inout TextScanner, _ graph: Graph) throws(GraphError)
    -> Variable
  {
    let handle = try tensor(&scanner, graph)
    var (value, initial): (Tensor?, Tensor?)
    var initializer: Node?
    var isTrainable = true
    var distribution = (synchronization: 0, aggregation: 0)
    try scanner.braced { (name, scanner: inout TextScanner) throws(GraphError) in
      switch name {
      case "value": value = try tensor(&scanner, graph)
      case "initial_value": initial = try tensor(&scanner, graph)
      case "initializer":
        try scanner.expect("^")
        initializer = try node(&scanner, graph)
      case "trainable": isTrainable = try scanner.attribute() == .bool(true)
      case "synchronization": distribution.synchronization = try scanner.integer()
      case "aggregation": distribution.aggregation = try scanner.integer()
      default: throw scanner.mistake("a variable has no \(name)")
      }
    }
    guard let value, let initializer else {
      throw scanner.mistake("a variable needs initializer and value")
    }
    return Variable(
      handle: handle, value: value, initializer: initializer, initialValue: initial,
      isTrainable: isTrainable, distribution: distribution)
  }
}
