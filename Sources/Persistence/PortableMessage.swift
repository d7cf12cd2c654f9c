import GraphCore
import GraphRuntime
import TensorCore
import TensorFlowFormats

/// A rewritten graph as TensorFlow's message, in which fed and fetched tensors keep their names.
struct PortableMessage {
  private var names: [Int: String] = [:]
  private var used = Set<String>()
  private var nodes: [TFNodeDef] = []
  private var notes: [String] = []

  /// - Throws: `SessionError` if an op is left that TensorFlow does not know.
  static func graphDef(
    of portable: PortableGraph, _ fetches: [Tensor],
    _ feeds: [(tensor: Tensor, shape: PartialShape)]
  ) throws -> (TFGraphDef, notes: [String]) {
    var message = PortableMessage()
    let kept = needed(portable.fetches)
    let shapes = Dictionary(
      feeds.map { ($0.tensor, $0.shape) }, uniquingKeysWith: { first, _ in first })
    var placeholders: [Int: PartialShape] = [:]
    for (placeholder, tensor) in portable.feeds where kept.contains(placeholder.node.index) {
      placeholders[placeholder.node.index] = shapes[tensor] ?? .unknown
      message.place(placeholder.node, feeding: tensor)
    }
    // What is fetched under a name that something else would get has the better right to it.
    let identities = zip(fetches, portable.fetches).filter { fetch, result in
      let isAlone = fetches.allSatisfy { $0 == fetch || $0.node != fetch.node }
      return !message.keeps(fetch, result, isAlone: isAlone)
    }
    for node in portable.graph.operations where kept.contains(node.index) {
      message.name(node)
    }
    for node in portable.graph.operations where kept.contains(node.index) {
      guard !node.op.hasPrefix("_") else {
        throw SessionError("\(node) is of an op that only this compiler knows")
      }
      message.add(node, shape: placeholders[node.index])
    }
    for group in Dictionary(grouping: identities, by: \.0.node).values
      .sorted(by: { $0[0].0.node.index < $1[0].0.node.index })
    {
      message.addIdentity(of: group)
    }
    var graph = TFGraphDef()
    graph.node = message.nodes
    return (graph, message.notes)
  }

  private static func needed(_ tensors: [Tensor]) -> Set<Int> {
    var needed = Set<Int>()
    var pending = tensors.map(\.node)
    while let node = pending.popLast() {
      if needed.insert(node.index).inserted { pending += node.inputs.map(\.node) }
    }
    return needed
  }

  private mutating func place(_ placeholder: Node, feeding tensor: Tensor) {
    let own = tensor.node.name
    let name = tensor.index == 0 ? own : unused("\(own)_\(tensor.index)")
    if tensor.index > 0 { notes.append("feed \(tensor.name) as \(name):0") }
    names[placeholder.index] = name
    used.insert(name)
  }

  /// Gives what a fetch became the fetch's name, if it can bear it; otherwise an identity will.
  private mutating func keeps(_ fetch: Tensor, _ result: Tensor, isAlone: Bool) -> Bool {
    let name = fetch.node.name
    let isSameOp = result.node.op == fetch.node.op
    if names[result.node.index] == name { return fetch.index == result.index }
    let isAlike = result.index == fetch.index && (isSameOp || (isAlone && fetch.index == 0))
    if isAlike, names[result.node.index] == nil, used.insert(name).inserted {
      names[result.node.index] = name
      return true
    }
    used.insert(name)
    return false
  }

  private mutating func name(_ node: Node) {
    guard names[node.index] == nil else { return }
    let name = unused(node.name)
    names[node.index] = name
    used.insert(name)
  }

  private func unused(_ name: String) -> String {
    var (unique, suffix) = (name, 0)
    while used.contains(unique) {
      suffix += 1
      unique = "\(name)_\(suffix)"
    }
    return unique
  }

  private func input(_ tensor: Tensor) -> String {
    let name = names[tensor.node.index] ?? tensor.node.name
    return tensor.index == 0 ? name : "\(name):\(tensor.index)"
  }

  private mutating func add(_ node: Node, shape: PartialShape?) {
    var definition = TFNodeDef()
    definition.name = names[node.index] ?? node.name
    definition.op = node.op
    definition.input = node.inputs.map(input)
    definition.attr = node.attributes.mapValues { TFAttrValue($0) }
    // It was said of the node that this one was made from.
    definition.attr["_output_shapes"] = nil
    if let shape { definition.attr["shape"] = TFAttrValue(.shape(shape)) }
    nodes.append(definition)
  }

  /// A node under the name of one of which outputs are fetched, whose other outputs nobody asked for.
  private mutating func addIdentity(of group: [(Tensor, Tensor)]) {
    let source = group[0].0.node
    guard !nodes.contains(where: { $0.name == source.name }) else {
      // One of its outputs is fed, or is still that of the node itself.
      for (fetch, result) in group {
        notes.append("fetch \(input(result)) for \(fetch.name)")
      }
      return
    }
    var definition = TFNodeDef()
    definition.name = source.name
    let count = (group.map(\.0.index).max() ?? 0) + 1
    var results = Array(repeating: group[0].1, count: count)
    for (fetch, result) in group { results[fetch.index] = result }
    definition.input = results.map(input)
    definition.op = count == 1 ? "Identity" : "IdentityN"
    let types = results.map { Attribute.type($0.dtype) }
    definition.attr["T"] = TFAttrValue(count == 1 ? types[0] : .list(types))
    nodes.append(definition)
  }
}
