import GraphCore
import TensorCore

/// One of two graphs that are compared: its nodes with what each means apart from names and place.
struct DiffSide {
  let graph: Graph
  let nodes: [Node]
  /// Each node's attributes as far as they have a meaning beyond the node's own name.
  let meanings: [[String: Attribute]]
  /// Equal for nodes of one op with equal meaning.
  let labels: [Int]
  /// Who takes what: consumer, position among its inputs (−1 for a control edge), output taken.
  let consumers: [[Edge]]

  struct Edge {
    let node: Int
    let position: Int
    let output: Int
  }

  init(_ graph: Graph, functions: FunctionDigests) {
    self.graph = graph
    let nodes = graph.operations
    self.nodes = nodes
    var consumers = [[Edge]](repeating: [], count: nodes.count)
    for node in nodes {
      for (position, input) in node.record.inputs.enumerated() {
        consumers[input.node].append(
          Edge(
            node: node.index, position: Self.hasOrder(node, position) ? position : 3,
            output: Self.hasOrder(nodes[input.node]) ? input.output : 0))
      }
      for control in node.record.controlInputs {
        consumers[control].append(Edge(node: node.index, position: -1, output: 0))
      }
    }
    self.consumers = consumers
    meanings = nodes.map { node in
      var meaning = functions.meaning(of: node)
      let uses = consumers[node.index]
      if node.op == "Const", !uses.isEmpty,
        uses.allSatisfy({ Self.savers.contains(nodes[$0.node].op) && $0.position == 1 }),
        let names = node.output(0).constantValue
      {
        // The names under which variables are saved follow the variables' own.
        meaning["value"] = .shape(PartialShape(names.shape))
      }
      if Self.savers.contains(node.op), let types = [DType](meaning["dtypes"] ?? .list([])) {
        meaning["dtypes"] = types.sorted { $0.rawValue < $1.rawValue }.attribute
      }
      return meaning
    }
    labels = zip(nodes, meanings).map { node, meaning in
      var hasher = Hasher()
      hasher.combine(node.op)
      hasher.combine(meaning)
      hasher.combine(node.record.outputs.count)
      return hasher.finalize()
    }
  }

  /// They take the names of tensors at position 1.
  static let savers: Set<String> = ["SaveV2", "RestoreV2"]

  /// Whether the position of an input counts; what is saved goes by its name, in the order of names.
  static func hasOrder(_ node: Node, _ position: Int) -> Bool {
    node.op != "SaveV2" || position < 3
  }

  /// Whether the number of an output counts; what is restored goes by its name.
  static func hasOrder(_ node: Node) -> Bool { node.op != "RestoreV2" }

  /// For each node a number that is equal where all that it is computed from is equal.
  ///
  /// - Parameter anchors: nodes whose partners are known; they stand for themselves.
  func ancestry(_ anchors: [Int?]) -> [Int] {
    var result = labels
    for node in nodes {
      var hasher = Hasher()
      hasher.combine(labels[node.index])
      func key(_ source: Int) -> Int {
        var own = Hasher()
        own.combine(anchors[source] == nil)
        // What a loop gives back comes later and counts by its kind alone.
        own.combine(anchors[source] ?? (source < node.index ? result[source] : labels[source]))
        return own.finalize()
      }
      var unordered: [Int] = []
      for (position, input) in node.record.inputs.enumerated() {
        var own = Hasher()
        own.combine(key(input.node))
        own.combine(Self.hasOrder(nodes[input.node]) ? input.output : 0)
        if Self.hasOrder(node, position) {
          hasher.combine(own.finalize())
        } else {
          unordered.append(own.finalize())
        }
      }
      for input in unordered.sorted() { hasher.combine(input) }
      for control in node.record.controlInputs.map(key).sorted() { hasher.combine(control) }
      result[node.index] = hasher.finalize()
    }
    return result
  }

  /// For each node a number that is equal where all that is made of it is equal.
  func descent(_ anchors: [Int?]) -> [Int] {
    var result = labels
    for index in nodes.indices.reversed() {
      let edges = consumers[index].map { edge in
        var own = Hasher()
        own.combine(anchors[edge.node] == nil)
        own.combine(anchors[edge.node] ?? (edge.node > index ? result : labels)[edge.node])
        own.combine(edge.position)
        own.combine(edge.output)
        return own.finalize()
      }
      var hasher = Hasher()
      hasher.combine(labels[index])
      for edge in edges.sorted() { hasher.combine(edge) }
      result[index] = hasher.finalize()
    }
    return result
  }
}

/// What the functions of a graph compute, so that one of another name but the same body is the same.
final class FunctionDigests {
  private let library: Graph
  private var known: [String: Int] = [:]

  init(_ library: Graph) { self.library = library }

  /// The attributes without what only repeats names: a variable's own, a place beside another node.
  func meaning(of node: Node) -> [String: Attribute] {
    var attributes = node.attributes
    attributes["_class"] = nil
    attributes["_output_shapes"] = nil
    if case .string(let bytes)? = attributes["shared_name"],
      bytes.isEmpty || bytes == Array(node.name.utf8)
    {
      attributes["shared_name"] = nil
    }
    for (key, value) in attributes where !value.functionNames.isEmpty {
      attributes[key] = resolved(value)
    }
    return attributes
  }

  private func resolved(_ attribute: Attribute) -> Attribute {
    switch attribute {
    case .function(let name, let parameters): .function("\(digest(name))", parameters)
    case .list(let items): .list(items.map(resolved))
    default: attribute
    }
  }

  /// Equal for functions that do the same; for one that the library lacks its name.
  func digest(_ name: String) -> Int {
    if let found = known[name] { return found }
    // A function that calls itself counts by its name.
    known[name] = name.hashValue
    guard let function = library.function(named: name) else { return name.hashValue }
    let body = DiffSide(function.body, functions: self)
    let ancestry = body.ancestry(Array(repeating: nil, count: body.nodes.count))
    var hasher = Hasher()
    hasher.combine(function.inputs.map(\.dtype))
    for input in function.inputs { hasher.combine(ancestry[input.node.index]) }
    for output in function.outputs {
      hasher.combine(ancestry[output.node.index])
      hasher.combine(output.index)
    }
    hasher.combine(function.targets.map { ancestry[$0.index] }.sorted())
    hasher.combine(ancestry.sorted())
    let digest = hasher.finalize()
    known[name] = digest
    return digest
  }
}
