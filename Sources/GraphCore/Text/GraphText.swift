import TensorCore

/// A graph as text that loses nothing: one line for each node, the same for every op,
/// `%h = MatMul(%x, %w) {transpose_b: true} : float32[?, 300]`.
///
/// What the inputs, the output types after the colon and the op's defaults say is not repeated among
/// the attributes. Collections and what else a file said follow the nodes; `#` begins a comment.
package enum GraphText {
  /// Lines that begin so are made anew whenever they are printed, so they are not kept as comments.
  package static let generatedPrefix = "#:"

  /// The graph's lines, with the comments that it was read with.
  package static func lines(of graph: Graph) -> [String] {
    var lines: [String] = []
    let comments = graph.state.withLock { $0.comments }
    func add(_ line: String, at place: TextPlace) {
      let found = comments[place]
      lines += found?.above ?? []
      lines.append(line + (found?.beside ?? ""))
    }
    for node in graph.operations { add(line(of: node), at: .node(node.index)) }
    for key in graph.collectionKeys {
      add("collection \(TextWriter.word(key.rawValue)) {", at: .collection(key))
      for (index, item) in graph.items(in: key).enumerated() {
        add("  " + TextWriter.text(item), at: .item(key, index))
      }
      add("}", at: .collectionEnd(key))
    }
    let details = graph.state.withLock { $0.details }
    if !details.isEmpty {
      add("file {", at: .details)
      for line in details.split(separator: "\n") { lines.append("  \(line)") }
      lines.append("}")
    }
    return lines + (comments[.end]?.above ?? [])
  }

  /// Whether the text that the graph was read from had lines that are made anew.
  package static func hadGeneratedLines(_ graph: Graph) -> Bool {
    graph.state.withLock { $0.comments[.generated] != nil }
  }

  /// One node's line.
  package static func line(of node: Node) -> String {
    let inputs =
      node.record.inputs.map { TextWriter.reference(node.graph.node(at: $0.node), $0.output) }
      + node.controlInputs.map { "^" + TextWriter.word($0.name) }
    var line = "%\(TextWriter.word(node.name)) = \(node.op)(\(inputs.joined(separator: ", ")))"
    let attributes = shown(node).map { "\(TextWriter.word($0)): \(TextWriter.text($1))" }
    if !attributes.isEmpty { line += " {\(attributes.joined(separator: ", "))}" }
    if !node.device.isEmpty { line += " device \(TextWriter.quoted(Array(node.device.utf8)))" }
    if !node.record.details.isEmpty {
      line += " details \(TextWriter.quoted(Array(node.record.details.utf8)))"
    }
    if !node.record.outputs.isEmpty {
      let outputs = node.record.outputs.map { TextWriter.type($0.dtype, $0.shape) }
      line += " : " + outputs.joined(separator: ", ")
    }
    return line
  }

  /// An attribute's value.
  package static func text(_ attribute: Attribute) -> String { TextWriter.text(attribute) }

  /// An item of a collection.
  package static func text(_ item: CollectionItem) -> String { TextWriter.text(item) }

  /// The attributes, sorted, that the rest of the line does not imply.
  private static func shown(_ node: Node) -> [(String, Attribute)] {
    let all = node.attributes.sorted { $0.key < $1.key }
    guard let signature = node.definition?.signature else { return all }
    let inputs = node.record.inputs
    guard inputs.allSatisfy({ $0.node < node.graph.count }) else { return all }
    var stated = attributes(impliedBy: node.record.outputs.map(\.dtype), signature)
    let implied = signature.attributes.filter { definition in
      stated[definition.name] != nil
        || signature.inputs.contains {
          $0.kind.counts(definition.name) || $0.kind.types(definition.name)
        }
        || definition.defaultValue == node.attributes[definition.name]
    }.map(\.name)
    for (name, value) in all where !implied.contains(name) { stated[name] = value }
    let resolved = try? Graph.resolve(signature, node.inputs, stated).attributes
    return all.filter { name, value in
      !implied.contains(name) || resolved?[name] != value
    }
  }

  /// The type attributes that only the outputs' types state.
  static func attributes(impliedBy outputs: [DType], _ signature: Signature) -> [String: Attribute]
  {
    var implied: [String: Attribute] = [:]
    var next = 0
    for (position, argument) in signature.outputs.enumerated() {
      guard case .typed(let name) = argument.kind,
        let kind = signature.attribute(named: name)?.kind
      else {
        guard case .fixed = argument.kind else { return implied }
        next += 1
        continue
      }
      let isInput = signature.inputs.contains { $0.kind.types(name) }
      if kind == .listOfType {
        let length = outputs.count - next - (signature.outputs.count - position - 1)
        guard length >= 0, next + length <= outputs.count else { return implied }
        if !isInput { implied[name] = .list(outputs[next..<(next + length)].map { .type($0) }) }
        next += length
      } else {
        guard next < outputs.count else { return implied }
        if !isInput { implied[name] = implied[name] ?? .type(outputs[next]) }
        next += 1
      }
    }
    return implied
  }
}

extension Signature.Argument.Kind {
  /// Whether the named attribute is how many tensors the argument has.
  fileprivate func counts(_ name: String) -> Bool {
    switch self {
    case .repeated(let count, _), .repeatedFixed(let count, _): count == name
    case .fixed, .typed: false
    }
  }

  /// Whether the named attribute is the argument's type.
  fileprivate func types(_ name: String) -> Bool {
    switch self {
    case .typed(let by), .repeated(_, let by): by == name
    case .fixed, .repeatedFixed: false
    }
  }
}
