import GraphCore
import StandardOps
import TensorCore

/// Makes the compiler's copy: only what the request needs, with every shape known.
///
/// Prunes to what fetches and targets need, puts feeds in place of what they replace, infers every
/// shape from the fed ones, takes the branches that predicates decide, and replaces shape arithmetic by
/// its values. Where that needs a value that only running gives, the copy so far is a segment of its own.
package enum Specialize {
  package static let name = "specialize"
  package static let summary =
    "keeps what is needed, infers every shape, takes the branches that are decided"

  /// What specialising a request comes to.
  enum Outcome {
    /// A copy of all that is needed, and what its tensors stand for that are lists.
    case whole(Workspace, lists: [Endpoint: ListValue])
    /// The copy cannot go on.
    case halted(Halt)
  }

  /// - Throws: `CompilationError`.
  static func run(_ request: CompilationRequest, _ options: CompilerOptions) throws -> Outcome {
    let (maker, halt) = try settledCopy(for: request, options)
    if let halt { return .halted(halt) }
    let fetches = try request.fetches.enumerated().map { position, tensor -> Tensor in
      guard let found = maker.map(tensor.endpoint) else {
        throw CompilationError.invalid(
          GraphError(
            "has no value, since the branch of the conditional that it belongs to was not taken",
            node: tensor.node.name, op: tensor.node.op, site: tensor.node.site))
      }
      return request.lastReads.contains(position) ? maker.readLast(found) : found
    }
    var workspace = Workspace(graph: maker.target, fetches: fetches, feeds: maker.usedFeeds)
    workspace.log = maker.log
    return .whole(workspace, lists: maker.lists)
  }

  /// The nodes of the request whose values follow from the shapes that are known.
  static func knownNodes(of request: CompilationRequest, _ options: CompilerOptions) throws
    -> Set<Int>
  { try copy(for: request, options).copy.known }

  /// A copy that knows of each array what is written to it.
  private static func settledCopy(for request: CompilationRequest, _ options: CompilerOptions)
    throws -> (copy: SpecializedCopy, halt: Halt?)
  {
    // What a round learns is of use to the copy around it.
    if request.region.depth > 0 { return try copy(for: request, options) }
    let memories = request.region.memories
    while true {
      memories.begin()
      let result = Result { try copy(for: request, options) }
      if memories.takeNews() { continue }
      if case .success((let copy, .endOfSegment?)) = result,
        memories.refuse(copy.loopFault ?? "the run has segments")
      {
        continue
      }
      if case .success((let copy, .endOfSegment?)) = result, !copy.placedConditionals.isEmpty,
        memories.noteSegments()
      {
        continue
      }
      if case .success((let copy, nil)) = result {
        if request.fetches.contains(where: { copy.map($0.endpoint)?.dtype == .variant }),
          memories.refuse("a list is fetched")
        {
          continue
        }
        if memories.findUnread() { continue }
      }
      return try result.get()
    }
  }

  private static func copy(for request: CompilationRequest, _ options: CompilerOptions) throws
    -> (copy: SpecializedCopy, halt: Halt?)
  {
    let (order, recordings) = try prunedOrder(request)
    var maker = SpecializedCopy(
      request: request, options: options, needed: order, recordings: recordings,
      log: RewriteLog())
    for node in order {
      if let halt = try maker.add(node) { return (maker, halt) }
      // What was added for the node and is a mistake would be missing without a word.
      if let error = maker.target.errors.first {
        throw CompilationError.invalid(
          Graph.located(error, node: node.name, op: node.op, site: node.site, inputs: []))
      }
    }
    return (maker, nil)
  }

  /// The nodes that the request needs, in the order in which they run, and which of its loops record
  /// what others do, by the index of those.
  private static func prunedOrder(_ request: CompilationRequest) throws
    -> (order: [Node], recordings: [Int: Int])
  {
    let nodes = request.graph.operations
    let fed = Set(request.feeds.map(\.tensor.endpoint))
    let starts =
      request.fetches.filter { !fed.contains($0.endpoint) }.map { ($0.name, $0.node.index) }
      + request.targets.map { ($0.name, $0.index) }
    let needed = ancestors(of: starts.map(\.1), nodes, request, fed)
    if nodes.contains(where: { needed[$0.index] && !$0.canRun }) {
      throw CompilationError.unknownOps(unknownOps(starts, nodes, request, fed))
    }
    let recordings = request.recordings(needed)
    let order = ExecutionOrder(nodes, needed, fed, request.loops)
    return (try order.listing(recordingsFirst: recordings), recordings)
  }

  /// What the given nodes need that has not run yet.
  private static func ancestors(
    of starts: [Int], _ nodes: [Node], _ request: CompilationRequest, _ fed: Set<Endpoint>
  ) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    var pending = starts
    while let index = pending.popLast() {
      if needed[index] || request.completed.contains(index) { continue }
      needed[index] = true
      let record = nodes[index].record
      for input in record.inputs where !fed.contains(input) { pending.append(input.node) }
      pending += record.controlInputs
    }
    return needed
  }

  private static func unknownOps(
    _ starts: [(String, Int)], _ nodes: [Node], _ request: CompilationRequest,
    _ fed: Set<Endpoint>
  ) -> UnknownOps {
    var unknown: [String: Set<Int>] = [:]
    var blocked: [(name: String, ops: [String])] = []
    var runnable: [String] = []
    for (name, start) in starts {
      let needed = ancestors(of: [start], nodes, request, fed)
      let own = nodes.filter { needed[$0.index] && !$0.canRun }
      for node in own { unknown[node.unknownOp, default: []].insert(node.index) }
      if own.isEmpty {
        runnable.append(name)
      } else {
        blocked.append((name, Set(own.map(\.unknownOp)).sorted()))
      }
    }
    return UnknownOps(
      nodes: unknown.mapValues { $0.sorted().map { nodes[$0].name } }, blocked: blocked,
      runnable: runnable)
  }
}

extension Node {
  /// Whether the op is known, with its types and attributes.
  fileprivate var canRun: Bool { definition != nil && !computesInHalf }

  /// What of the op is not known: the op itself, or that it may be of such types.
  fileprivate var unknownOp: String {
    guard let definition = graph.ops[op] else { return op }
    if computesInHalf {
      return
        "\(op) in half precision, which is only stored and converted here; cast to float32 first"
    }
    do throws(GraphError) {
      _ = try definition.shapes(of: self)
    } catch {
      if error.isLimitation { return "\(op) as it is here, since \(error.message)" }
    }
    let signature = definition.signature
    let types = signature.attributes.compactMap { definition -> String? in
      guard case .type(let dtype)? = attributes[definition.name],
        !definition.allowedTypes.isEmpty, !definition.allowedTypes.contains(dtype)
      else { return nil }
      return dtype.name
    }
    return "\(op) of \(types.joined(separator: ", "))"
  }
}
