import GraphCore
import StandardOps
import TensorCore

/// Makes the compiler's copy: only what the request needs, with every shape known.
///
/// Prunes to what fetches and targets need, puts feeds in place of what they replace, infers every
/// shape from the fed ones, and replaces shape arithmetic by its values.
package enum Specialize {
  package static let name = "specialize"

  package static func workspace(
    for request: CompilationRequest, _ options: CompilerOptions
  ) throws -> Workspace {
    let order = try prunedOrder(request)
    var maker = Maker(request: request, options: options)
    for node in order { try maker.add(node) }
    var feeds: [(Int, Tensor)] = []
    for (position, feed) in request.feeds.enumerated() {
      if let tensor = maker.feeds[feed.tensor.endpoint], feed.value == nil {
        feeds.append((position, tensor))
      }
    }
    return Workspace(
      graph: maker.target, fetches: request.fetches.map { maker.map($0.endpoint) }, feeds: feeds)
  }

  /// The nodes that the request needs: after their inputs and control inputs, then by creation.
  private static func prunedOrder(_ request: CompilationRequest) throws -> [Node] {
    let nodes = request.graph.operations
    let fed = Set(request.feeds.map(\.tensor.endpoint))
    var needed = [Bool](repeating: false, count: nodes.count)
    var pending: [Int] = []
    for tensor in request.fetches where !fed.contains(tensor.endpoint) {
      pending.append(tensor.node.index)
    }
    pending += request.targets.map(\.index)
    var unknown: [String: [String]] = [:]
    while let index = pending.popLast() {
      if needed[index] { continue }
      needed[index] = true
      let record = nodes[index].record
      if record.definition == nil { unknown[record.op, default: []].append(record.name) }
      for input in record.inputs where !fed.contains(input) { pending.append(input.node) }
      pending += record.controlInputs
    }
    if !unknown.isEmpty { throw CompilationError.unknownOps(unknown) }
    return try topologicalOrder(nodes, needed, fed)
  }

  /// Kahn's algorithm with the lowest ready index first.
  private static func topologicalOrder(
    _ nodes: [Node], _ needed: [Bool], _ fed: Set<Endpoint>
  ) throws -> [Node] {
    var waiting = [Int](repeating: 0, count: nodes.count)
    var consumers = [[Int]](repeating: [], count: nodes.count)
    var isOrdered = true
    for node in nodes where needed[node.index] {
      let sources =
        node.record.inputs.filter { !fed.contains($0) }.map(\.node) + node.record.controlInputs
      for source in Set(sources) {
        waiting[node.index] += 1
        consumers[source].append(node.index)
        if source > node.index { isOrdered = false }
      }
    }
    if isOrdered { return nodes.filter { needed[$0.index] } }
    var ready = Heap(nodes.indices.filter { needed[$0] && waiting[$0] == 0 })
    var order: [Node] = []
    while let index = ready.popLeast() {
      order.append(nodes[index])
      for consumer in consumers[index] {
        waiting[consumer] -= 1
        if waiting[consumer] == 0 { ready.insert(consumer) }
      }
    }
    let total = needed.filter { $0 }.count
    guard order.count == total else {
      let stuck = nodes.first { needed[$0.index] && waiting[$0.index] > 0 }
      throw CompilationError.invalid(
        GraphError(
          "is part of a cycle; loops are not supported here", node: stuck?.name, op: stuck?.op,
          site: stuck?.site))
    }
    return order
  }
}

/// Builds the specialised copy node by node.
private struct Maker {
  let request: CompilationRequest
  let options: CompilerOptions
  let target: Graph
  /// The placeholder of each fed tensor, by its endpoint in the source.
  var feeds: [Endpoint: Tensor] = [:]
  private var outputs: [Int: [Tensor]] = [:]
  private let positions: [Endpoint: Int]

  init(request: CompilationRequest, options: CompilerOptions) {
    self.request = request
    self.options = options
    target = Graph(ops: request.graph.ops)
    positions = Dictionary(
      request.feeds.enumerated().map { ($0.element.tensor.endpoint, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    for feed in request.feeds { feeds[feed.tensor.endpoint] = placeholder(feed) }
  }

  private func placeholder(_ feed: CompilationRequest.Feed) -> Tensor {
    target.withScope({ $0.origin = feed.tensor.node.index }) {
      let name = feed.tensor.index == 0 ? feed.tensor.node.name : "\(feed.tensor.node.name)_feed"
      if let value = feed.value {
        return target.add(
          Ops.Const.self, name: name, ["value": .tensor(value), "dtype": .type(value.dtype)]
        ).output(0)
      }
      return target.add(
        Ops.Placeholder.self, name: name,
        ["dtype": .type(feed.tensor.dtype), "shape": .shape(PartialShape(feed.shape))]
      ).output(0)
    }
  }

  func map(_ endpoint: Endpoint) -> Tensor {
    if let fed = feeds[endpoint] { return fed }
    return (outputs[endpoint.node] ?? [])[endpoint.output]
  }

  mutating func add(_ node: Node) throws {
    // Control edges and what only carries them did their work: the order is the list's from here on.
    if node.definition is any ControlOp.Type {
      outputs[node.index] = []
      return
    }
    if node.outputs.indices.count == 1, feeds[Endpoint(node: node.index, output: 0)] != nil {
      return
    }
    if node.op == Ops.Placeholder.name {
      throw CompilationError.missingFeed(node.output(0))
    }
    let inputs = node.record.inputs.map(map)
    try decide(node, inputs)
    do throws(GraphError) {
      let copy = try specialized(node, inputs)
      outputs[node.index] = copy
    } catch {
      throw CompilationError.invalid(
        Graph.located(error, node: node.name, op: node.op, site: node.site, inputs: inputs))
    }
    for tensor in outputs[node.index] ?? []
    where tensor.shape.fullyDefined == nil && tensor.dtype.byteCount != nil {
      try demandValues(of: inputs, for: node)
      throw CompilationError.invalid(
        GraphError(
          "its shape \(tensor.shape) depends on data computed by the run, which is not supported",
          node: node.name, op: node.op, site: node.site))
    }
  }

  /// The node on its new inputs, as a constant if it is shape arithmetic.
  private func specialized(_ node: Node, _ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
    let draft = NodeRecord(
      index: -2, name: node.name, op: node.op, definition: node.definition,
      inputs: inputs.map(\.endpoint), controlInputs: [], attributes: node.attributes,
      site: node.site, outputs: node.record.outputs, origin: node.index)
    let record = try target.inferred(draft)
    let values = record.partialValues.compactMap { $0?.known.map { ($0, true) } }
    if record.definition?.effects == Effects.none, node.op != Ops.Const.name,
      !record.outputs.isEmpty, values.count == record.outputs.count
    {
      return target.withScope({ $0.origin = node.index }) {
        record.outputs.indices.map { index in
          let partial = record.partialValues[index]
          let dtype = record.outputs[index].dtype
          let shape: TensorCore.Shape =
            partial?.isScalar == true ? .scalar : Shape([partial?.elements.count ?? 0])
          let value =
            (try? TensorValue(integers: partial?.known ?? [], as: dtype, shape: shape))
            ?? TensorValue(zeros: shape, dtype: dtype)
          let name = record.outputs.count == 1 ? node.name + "/" : "\(node.name)_\(index)"
          return target.add(
            Ops.Const.self, name: name, ["value": .tensor(value), "dtype": .type(dtype)]
          ).output(0)
        }
      }
    }
    let copy = try target.append(record)
    return copy.outputs
  }

  /// A scalar predicate that follows from a feed decides a selection before anything runs.
  private func decide(_ node: Node, _ inputs: [Tensor]) throws {
    guard options.optimizes, node.op == "SelectV2" || node.op == "Select",
      inputs[0].shape.rank == 0
    else { return }
    let feeds = smallFeeds(behind: [inputs[0]])
    if !feeds.isEmpty { throw CompilationError.needsValues(feeds) }
  }

  /// If the node's shape follows from small feeds, asks for their values.
  private func demandValues(of inputs: [Tensor], for node: Node) throws {
    let small = inputs.filter { $0.shape.count.map { $0 <= PartialValue.longest } ?? true }
    let feeds = smallFeeds(behind: small)
    if !feeds.isEmpty { throw CompilationError.needsValues(feeds) }
  }

  /// The small fed tensors that the given tensors are computed from, by position.
  private func smallFeeds(behind tensors: [Tensor]) -> [Int] {
    let byPlaceholder = Dictionary(
      feeds.map { ($0.value.node.index, positions[$0.key] ?? 0) }, uniquingKeysWith: { a, _ in a })
    var seen = Set<Int>()
    var pending = tensors.map(\.node)
    var found: [Int] = []
    while let node = pending.popLast() {
      guard seen.insert(node.index).inserted else { continue }
      if node.op == Ops.Placeholder.name, let position = byPlaceholder[node.index] {
        if request.feeds[position].shape.count <= PartialValue.longest { found.append(position) }
      }
      // What is large or read from a variable is data, and its feeds decide nothing.
      pending += node.inputs.filter {
        ($0.shape.count ?? .max) <= PartialValue.longest || $0.shape.fullyDefined == nil
      }.map(\.node)
    }
    return found.sorted()
  }
}
