import GraphCore
import StandardOps
import TensorCore

/// Builds the specialised copy node by node, in order of execution.
struct SpecializedCopy {
  let request: CompilationRequest
  let options: CompilerOptions
  let target: Graph
  /// The placeholder of each fed tensor, by its endpoint in the source.
  private(set) var feeds: [Endpoint: Tensor] = [:]
  /// The copies of each node's outputs; nil for a dead one.
  private(set) var outputs: [Int: [Tensor?]] = [:]
  private var dead = Set<Int>()
  /// The copy of each node that was copied as it is.
  private(set) var copies: [Int: Node] = [:]
  /// What the tensors stand for that are lists of tensors.
  private(set) var lists: [Endpoint: ListValue] = [:]
  /// The conditionals that only running decides, by their predicates.
  var conditionals = Conditionals()
  /// Those that are part of the copy, by the node at which they are.
  var placedConditionals: Set<Int> = []
  /// The nodes whose values followed from shapes.
  private(set) var known = Set<Int>()
  let needed: [Node]
  /// The loops that record what others do, by the index of those.
  let recordings: [Int: Int]
  /// Why a loop is no part of the plan, if one is not.
  var loopFault: String?
  let positions: [Endpoint: Int]

  private(set) var log: RewriteLog

  init(
    request: CompilationRequest, options: CompilerOptions, needed: [Node],
    recordings: [Int: Int], log: RewriteLog
  ) {
    self.log = log
    self.request = request
    self.options = options
    self.needed = needed
    self.recordings = recordings
    target = Graph(ops: request.graph.ops)
    positions = Dictionary(
      request.feeds.enumerated().map { ($0.element.tensor.endpoint, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    for feed in request.feeds {
      if let same = feed.same {
        feeds[feed.tensor.endpoint] = feeds[request.feeds[same].tensor.endpoint]
        continue
      }
      feeds[feed.tensor.endpoint] = feed.list.map { list($0, of: feed) } ?? placeholder(feed)
    }
  }

  /// A list that a round is given.
  private mutating func list(_ list: ListValue, of feed: CompilationRequest.Feed) -> Tensor {
    switch list {
    case .rows(let rows): token(.rows(placeholder(rows.dtype, feed.shape)))
    case .memory(let name, _): token(.memory(name: name, version: memories.version(of: name)))
    case .unset, .single, .empty: token(list)
    }
  }

  private func placeholder(_ feed: CompilationRequest.Feed) -> Tensor {
    let dtype = feed.value?.dtype ?? feed.tensor.dtype
    let name = feed.tensor.index == 0 ? feed.tensor.node.name : "\(feed.tensor.node.name)_feed"
    return target.withScope({ $0.origin = feed.tensor.node.index }) {
      if let value = feed.value, let resource = ResourceValue(value) {
        return target.add(
          Ops.VarHandleOp.self, name: name,
          [
            "dtype": .type(resource.dtype), "shape": .shape(resource.shape),
            "shared_name": resource.name.attribute,
            Node.runMemory: .bool(resource.isRunMemory),
          ]
        ).output(0)
      }
      if let value = feed.value {
        return target.add(
          Ops.Const.self, name: name, ["value": .tensor(value), "dtype": .type(value.dtype)]
        ).output(0)
      }
      return target.add(
        Ops.Placeholder.self, name: name,
        ["dtype": .type(dtype), "shape": .shape(request.shape(of: feed))]
      ).output(0)
    }
  }

  /// The feeds that became placeholders, by their position in the request.
  var usedFeeds: [(position: Int, tensor: Tensor)] {
    request.feeds.enumerated().compactMap { position, feed in
      guard feed.value == nil, feed.same == nil, let tensor = feeds[feed.tensor.endpoint] else {
        return nil
      }
      if feed.list == nil { return (position, tensor) }
      guard case .rows(let rows)? = lists[tensor.endpoint] else { return nil }
      return (position, rows)
    }
  }

  /// Notes that a node of the source has a copy.
  mutating func keep(_ copy: Node, as node: Node) { copies[node.index] = copy }

  /// Notes what stands for a node's outputs; nil for one without a value.
  mutating func setOutputs(_ tensors: [Tensor?], of node: Int) { outputs[node] = tensors }

  /// Notes what a tensor stands for that is a list.
  mutating func keep(_ list: ListValue, as tensor: Tensor) { lists[tensor.endpoint] = list }

  /// The arrays that are memory of the plan.
  var memories: RunMemories { request.region.memories }

  /// Whether a tensor of the source is fed.
  func isFed(_ endpoint: Endpoint) -> Bool { feeds[endpoint] != nil }

  /// The copy of a tensor; nil if it is dead.
  func map(_ endpoint: Endpoint) -> Tensor? {
    if let fed = feeds[endpoint] { return fed }
    guard let own = outputs[endpoint.node], own.indices.contains(endpoint.output) else {
      return nil
    }
    return own[endpoint.output]
  }

  /// The value that a variable has after everything else.
  func readLast(_ handle: Tensor) -> Tensor {
    handle.apply(
      Ops.ReadVariableOp.self, [], ["dtype": .type(handle.node[Ops.VarHandleOp.dtype])])
  }

  // MARK: Nodes

  mutating func record(_ node: Node, _ effect: String) {
    log.record(Specialize.name, node: node.name, origin: node.index, effect)
  }

  /// Adds the copy of a node.
  ///
  /// - Returns: why the copy ends before it; nil if it goes on.
  mutating func add(_ node: Node) throws -> Halt? {
    // What a conditional took may have been added before its turn.
    if outputs[node.index] != nil { return nil }
    if let conditional = conditionals.taken(by: node) {
      return try add(node, of: conditional)
    }
    let isMerge = node.op == Ops.Merge.name
    let inputs = node.record.inputs.map(map)
    // A merge is alive with any of its inputs, whichever of its control inputs are dead.
    let isDead =
      isMerge
      ? inputs.allSatisfy { $0 == nil }
      : inputs.contains { $0 == nil } || node.record.controlInputs.contains { dead.contains($0) }
    if isDead {
      markDead(node)
      return nil
    }
    if node.op == Ops.Switch.name {
      switch try decision(inputs[1], at: node) {
      case .unknown(let halt):
        if let conditional = conditional(decidedBy: node, halt) {
          return try add(node, of: conditional)
        }
        if request.region.depth > 0, let fault = conditionals.fault {
          throw NoRegion(fault)
        }
        return halt
      case .known(let side):
        outputs[node.index] = [side ? nil : inputs[0], side ? inputs[0] : nil]
        record(node, "takes the side of a predicate that is \(side)")
        return nil
      }
    }
    if isMerge {
      let chosen = inputs.firstIndex { $0 != nil } ?? 0
      let index = target.withScope({ $0.origin = node.index }) {
        target.constant(Int32(chosen), name: node.name + "_index")
      }
      outputs[node.index] = [inputs[chosen], index]
      record(node, "takes the branch that gives \"\(inputs[chosen]?.node.name ?? "")\"")
      return nil
    }
    return try add(node, inputs.compactMap { $0 })
  }

  /// Adds what a node follows from and the node itself, before their turn: nothing orders what is pure.
  ///
  /// - Returns: whether the node has been added.
  mutating func addEarly(_ node: Node) throws -> Bool {
    var pending = [node]
    while let next = pending.last {
      if outputs[next.index] != nil {
        pending.removeLast()
        continue
      }
      guard next.isPure, conditionals.taken(by: next) == nil,
        !request.completed.contains(next.index)
      else { return false }
      let sources =
        next.record.inputs.filter { !isFed($0) }.map(\.node) + next.record.controlInputs
      let missing = sources.filter {
        outputs[$0] == nil && !request.completed.contains($0)
      }
      // A cycle would have ended the order.
      guard missing.isEmpty else {
        pending += missing.map { request.graph.node(at: $0) }
        continue
      }
      if try add(next) != nil || outputs[next.index] == nil { return false }
    }
    return true
  }

  /// Notes that a node does not run.
  mutating func markDead(_ node: Node) {
    dead.insert(node.index)
    outputs[node.index] = node.record.outputs.map { _ in nil }
    record(node, "belongs to a branch that is not taken")
  }

  private mutating func add(_ node: Node, _ inputs: [Tensor]) throws -> Halt? {
    if !node.outputs.isEmpty, node.outputs.allSatisfy({ feeds[$0.endpoint] != nil }) {
      record(node, "is fed")
      return nil
    }
    if node.op == Ops.Placeholder.name || node.op == Ops._Arg.name {
      throw CompilationError.missingFeed(node.output(0))
    }
    if let loop = request.loops[node.index] {
      if let same = recorded(node, loop) {
        outputs[node.index] = same
        record(node, "runs as part of the loop that records it")
        return nil
      }
      guard let results = region(of: node, loop, inputs) else {
        return try end(before: node, inputs, loop: loop)
      }
      outputs[node.index] = results
      record(node, "runs its rounds inside of the plan")
      return nil
    }
    if node.definition is any HostOp.Type {
      throw CompilationError.invalid(
        GraphError(
          "reads or writes files, which only a Saver does here", node: node.name, op: node.op,
          site: node.site))
    }
    if let zeros = zerosLikeOptional(node, inputs) {
      outputs[node.index] = [zeros]
      return nil
    }
    if let stored = try inMemory(node, inputs) {
      outputs[node.index] = stored
      return nil
    }
    if node.definition is any DataOp.Type { return try end(before: node, inputs, loop: nil) }
    // Control edges and what only carries them did their work: the order is the list's from here on.
    if node.definition is any ControlOp.Type {
      outputs[node.index] = []
      record(node, "only orders others, which the order of the kernels does")
      return nil
    }
    if let unbundled = try unbundled(node, inputs) {
      outputs[node.index] = unbundled
      return nil
    }
    // What no buffer holds is only passed on.
    if node.record.outputs.count == 1, node.record.outputs[0].dtype.byteCount == nil,
      inputs.count == 1, node.op == Ops.Identity.name
    {
      outputs[node.index] = [inputs[0]]
      return nil
    }
    if node.op == Ops.AssignVariableOp.name, inputs[1].dtype.byteCount == nil {
      return try end(beforeAssigning: node, inputs)
    }
    if let feeds = feedsDecidingSelection(node, inputs) { return .needsValues(feeds) }
    if let copy = try located(node, inputs) {
      outputs[node.index] = copy
      return nil
    }
    var decided: [Tensor] = []
    for (position, tensor) in inputs.enumerated() {
      switch try decidedInput(tensor, node, position) {
      case .known(let input): decided.append(input)
      case .unknown(let halt): return halt
      }
    }
    guard let copy = try located(node, decided) else {
      throw CompilationError.invalid(
        GraphError(
          "its shape depends on data in a way that is not supported", node: node.name, op: node.op,
          site: node.site, notes: inputs.enumerated().map { Graph.note("input \($0)", $1) }))
    }
    outputs[node.index] = copy
    return nil
  }

  /// An optional of zeros like those of an optional, which gradients of conditionals begin with.
  private func zerosLikeOptional(_ node: Node, _ inputs: [Tensor]) -> Tensor? {
    guard node.op == Ops._ListZerosLike.name, let source = inputs.first?.node else { return nil }
    switch source.op {
    case Ops.OptionalNone.name: return inputs[0]
    case Ops.OptionalFromValue.name:
      return target.withScope({ $0.origin = node.index }) {
        let zeros = source.inputs.map { $0.dtype.byteCount == nil ? $0 : zerosLike($0) }
        return zeros.first?.apply(
          Ops.OptionalFromValue.self, Array(zeros.dropFirst()), name: nil, source.attributes)
      }
    default: return nil
    }
  }

  /// What an op on optionals gives, whose optional is always known here; nil for any other op.
  private func unbundled(_ node: Node, _ inputs: [Tensor]) throws -> [Tensor]? {
    guard node.definition is any BundleOp.Type, let source = inputs.first?.node,
      inputs[0].dtype == .variant, inputs.count == 1, node.op != Ops.OptionalFromValue.name
    else { return nil }
    let hasValue = source.op == Ops.OptionalFromValue.name
    if node.op == Ops.OptionalHasValue.name {
      return [target.withScope({ $0.origin = node.index }) { target.constant(hasValue) }]
    }
    guard hasValue, source.inputs.count == node.record.outputs.count else {
      throw CompilationError.invalid(
        GraphError(
          hasValue
            ? "the optional has \(source.inputs.count) values, not \(node.record.outputs.count)"
            : "the optional has no value", node: node.name, op: node.op, site: node.site))
    }
    return source.inputs
  }

  private mutating func located(_ node: Node, _ inputs: [Tensor]) throws -> [Tensor]? {
    do throws(GraphError) {
      return try specialized(node, inputs)
    } catch {
      throw CompilationError.invalid(
        Graph.located(error, node: node.name, op: node.op, site: node.site, inputs: inputs))
    }
  }

  /// The node on its new inputs, as a constant if it is shape arithmetic; nil if values of its inputs
  /// must be known for that.
  private mutating func specialized(_ node: Node, _ inputs: [Tensor]) throws(GraphError)
    -> [Tensor]?
  {
    let other = inputs.first {
      $0.dtype == .resource
        && ($0.node.op != Ops.VarHandleOp.name
          || $0.node.isRunMemory && !options.isCompilersGraph)
    }
    if let other { throw GraphError("\(other) is not a variable's handle") }
    if node.op == Ops.VarHandleOp.name, !options.isCompilersGraph,
      node.isRunMemory || node.variableName.hasPrefix(Node.runMemoryPrefix)
    {
      throw GraphError("is named or marked as memory of a run, which only the compiler makes")
    }
    // What is not fed passes its default on, whose shape may be narrower than that of feeds.
    let isDefault = node.op == Ops.PlaceholderWithDefault.name
    let draft = NodeRecord(
      index: -2, name: target.freeName(node.name), op: isDefault ? Ops.Identity.name : node.op,
      definition: isDefault ? Ops.Identity.self : node.definition,
      inputs: inputs.map(\.endpoint), controlInputs: [],
      attributes: isDefault ? ["T": .type(inputs[0].dtype)] : node.attributes,
      site: node.site, outputs: node.record.outputs, origin: node.index)
    let record = try target.inferred(draft)
    if record.definition?.effects == Effects.none, node.op != Ops.Const.name,
      let values = record.knownValues, request.open?.admits(node) ?? true
    {
      known.insert(node.index)
      self.record(node, "follows from shapes that are known: \(values[0])")
      return target.withScope({ $0.origin = node.index }) {
        values.enumerated().map { index, value in
          let name = values.count == 1 ? record.name + "/" : "\(node.name)_\(index)"
          return target.add(
            Ops.Const.self, name: name, ["value": .tensor(value), "dtype": .type(value.dtype)]
          ).output(0)
        }
      }
    }
    if request.open == nil, Node(graph: target, record: record).isUndecided { return nil }
    let copy = try target.append(record)
    copies[node.index] = copy
    return copy.outputs
  }

  /// The fed Booleans that a selection's scalar predicate follows from, which decide it before anything
  /// runs.
  private func feedsDecidingSelection(_ node: Node, _ inputs: [Tensor]) -> [Int]? {
    guard options.rewrites, request.open == nil, node.op == "SelectV2" || node.op == "Select",
      inputs[0].shape.rank == 0, let origin = Origin(inputs[0], self), !origin.feeds.isEmpty,
      origin.feeds.allSatisfy({ request.feeds[$0].tensor.dtype == .bool })
    else { return nil }
    return origin.feeds
  }
}
