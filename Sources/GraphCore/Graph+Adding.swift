import TensorCore

extension Graph {
  /// Adds a node and infers its types and shapes.
  ///
  /// Never fails: a mistake is recorded with its place, and a poison node returned that silences what
  /// follows from it.
  ///
  /// - Parameters:
  ///   - inputs: all inputs in the signature's order, lists flattened.
  ///   - name: made unique within the open name scope; the op's name by default. A name that ends in
  ///     a slash is taken as it is, without the slash.
  ///   - attributes: those that neither inputs nor defaults determine.
  @discardableResult
  package func add(
    _ op: any Op.Type, _ inputs: [Tensor] = [], name: String? = nil,
    _ attributes: [String: Attribute] = [:], controlInputs: [Node] = [], origin: Int? = nil,
    site: SourceSite? = nil
  ) -> Node {
    let scope = scope
    let poison = Node(graph: self, record: .poison)
    if inputs.contains(where: \.isPoison) { return poison }
    let site = scope.site ?? site
    let requested = name ?? op.name
    var inputs = inputs
    if let capture = scope.capture {
      // The branch's own control inputs would make the captures dead on both sides.
      inputs = withScope({
        $0.capture = nil
        $0.controlInputs = []
      }) { inputs.map { capture($0, requested) } }
    }
    var unique: String
    if requested.hasSuffix("/") {
      unique = String(requested.dropLast())
    } else {
      unique = uniqueName(requested)
    }
    do throws(GraphError) {
      guard Self.isValid(name: unique) else {
        throw GraphError("the name \"\(unique)\" holds a character that TensorFlow does not allow")
      }
      for input in inputs where input.graph !== self {
        throw GraphError("\(input) belongs to another graph", notes: [Self.note("input", input)])
      }
      let resolved = try Self.resolve(.of(op), inputs, attributes)
      // Creation order is what effects follow, so a control input that is also a data input stays out.
      let data = Set(inputs.map(\.node.index))
      var control: [Int] = []
      for index in scope.controlInputs + controlInputs.filter({ !$0.isPoison }).map(\.index)
      where !data.contains(index) && !control.contains(index) { control.append(index) }
      let draft = NodeRecord(
        index: -2, name: unique, op: op.name, definition: op, inputs: inputs.map(\.endpoint),
        controlInputs: control, attributes: resolved.attributes, site: site,
        outputs: resolved.outputs.map { .init(dtype: $0, shape: .unknown) },
        origin: origin ?? scope.origin)
      let inferred = try inferred(draft)
      return try append(inferred)
    } catch {
      record(Self.located(error, node: unique, op: op.name, site: site, inputs: inputs))
      return poison
    }
  }

  /// The record with shapes and partial values from its op's own functions.
  package func inferred(_ draft: NodeRecord) throws(GraphError) -> NodeRecord {
    guard let op = draft.definition else { return draft }
    let node = Node(graph: self, record: draft)
    try Self.checkRanks(of: node, .of(op))
    let shapes = try op.shapes(of: node)
    precondition(shapes.count == draft.outputs.count, "\(op.name) gives a wrong number of shapes")
    // Sizes come from values too, which may be anything in a stranger's file.
    for (number, shape) in shapes.enumerated() {
      let sizes = (shape.dimensions ?? []).compactMap { $0 }
      let count = shape.fullyDefined.map { $0.checkedCount ?? .max } ?? 0
      if count > Shape.mostElements {
        throw GraphError("its output \(number) would have too many elements: \(shape)")
      }
      if let wrong = sizes.first(where: { $0 < 0 || $0 > Shape.mostElements }) {
        throw GraphError("its output \(number) would have the size \(wrong) in \(shape)")
      }
    }
    let outputs = zip(draft.outputs, shapes).map {
      NodeRecord.Output(dtype: $0.dtype, shape: $1)
    }
    let shaped = draft.with(outputs: outputs)
    let values = op.partialValues(of: Node(graph: self, record: shaped)).map { value in
      value.flatMap { $0.elements.count <= PartialValue.longest ? $0 : nil }
    }
    return shaped.with(partialValues: values)
  }

  /// Appends a finished record under its exact name.
  package func append(_ record: NodeRecord) throws(GraphError) -> Node {
    let appended: NodeRecord? = state.withLock { state in
      guard state.indexOfName[record.name] == nil else { return nil }
      let placed = record.with(index: state.nodes.count)
      state.indexOfName[placed.name] = state.nodes.count
      let key = placed.name.lowercased()
      if state.nameCounts[key] == nil { state.nameCounts[key] = 1 }
      state.nodes.append(placed)
      return placed
    }
    guard let appended else {
      throw GraphError("the graph already has a node of this name")
    }
    return Node(graph: self, record: appended)
  }

  /// In a compiler's copy: lets a node stand for another one of the source.
  package func setOrigin(of index: Int, to origin: Int) {
    state.withLock { $0.nodes[index] = $0.nodes[index].with(origin: origin) }
  }

  /// TensorFlow's rule for names: a letter, digit or dot, then those and `_ - / > \`.
  package static func isValid(name: String) -> Bool {
    var first = true
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
        break
      case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ">"),
        UInt8(ascii: "\\"):
        // TensorFlow's own rewrites make names that begin with an underscore.
        if first, byte != UInt8(ascii: "_") { return false }
      default: return false
      }
      first = false
    }
    return !first
  }

  /// Completes an error with the node and with where its inputs were made.
  package static func located(
    _ error: GraphError, node: String, op: String, site: SourceSite?, inputs: [Tensor]
  ) -> GraphError {
    var error = error
    error.node = error.node ?? node
    error.op = error.op ?? op
    error.site = error.site ?? site
    if error.notes.isEmpty {
      error.notes = inputs.enumerated().map { note("input \($0.offset)", $0.element) }
    }
    return error
  }

  package static func note(_ role: String, _ tensor: Tensor) -> String {
    "\(role): \(tensor)" + (tensor.node.site.map { ", made at \($0)" } ?? "")
  }
}
