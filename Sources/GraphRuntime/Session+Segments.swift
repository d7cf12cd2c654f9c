import GraphCompiler
import GraphCore
import TensorCore

extension Session {
  /// The request in terms of the flat form of the session's graph.
  func flatRequest(
    _ fetches: [Tensor], _ targets: [Node], _ feeds: [ResolvedFeed], check: RunCheck? = nil
  ) throws -> FlatRequest {
    for tensor in fetches where tensor.graph != graph || tensor.isPoison {
      try graph.throwNewErrors()
      throw SessionError("\(tensor) is not part of the session's graph")
    }
    for node in targets where node.graph != graph || node.isPoison {
      try graph.throwNewErrors()
      throw SessionError("\(node) is not part of the session's graph")
    }
    var request = try flatRequest(in: graph, fetches, targets, feeds, check: check)
    request.strings = StringResults(of: &request)
    return request
  }

  private func flatRequest(
    in source: Graph, _ fetches: [Tensor], _ targets: [Node], _ feeds: [ResolvedFeed],
    check: RunCheck?
  ) throws -> FlatRequest {
    let made: Result<(FlatGraph, Int), GraphError> = flatGraphs.withLock { graphs in
      do throws(GraphError) {
        return .success(try graphs.flat(of: source, library: graph))
      } catch {
        return .failure(error)
      }
    }
    let (flat, serial) = try made.get()
    var request = FlatRequest(
      flat: flat, serial: serial, fetches: [], targets: [], feeds: [], library: graph)
    request.check = check
    for (position, tensor) in fetches.enumerated() {
      switch flat.images[tensor.node.index][tensor.index] {
      case .tensor(let endpoint): request.fetches.append(flat.tensor(endpoint))
      case .variable(let handle):
        request.fetches.append(flat.tensor(handle))
        request.lastReads.insert(position)
        // What sets the variable on the way to this edge.
        request.targets += flat.nodes[tensor.node.index]
      case .insideLoop:
        throw SessionError("\(tensor) lies inside of a loop and has no single value")
      }
    }
    request.targets += targets.flatMap { flat.nodes[$0.index] }
    for feed in feeds {
      switch flat.images[feed.tensor.node.index][feed.tensor.index] {
      case .tensor(let endpoint): request.feed(feed.value, to: flat.tensor(endpoint))
      case .variable(let handle):
        for read in flat.reads(of: handle) { request.feed(feed.value, to: read) }
      case .insideLoop:
        throw SessionError("\(feed.tensor) lies inside of a loop and cannot be fed")
      }
    }
    return request
  }

  /// Runs a request: one plan, or segments one after the other, which no other run interrupts.
  func run(_ request: FlatRequest) throws -> [TensorValue] {
    if request.check == .finite { try NonFiniteError.check(request.feeds) }
    let found = try findPlan(request)
    if found.plan.isWhole { return try request.results(finish(request, found)) }
    return try request.results(
      runsExclusively(true) { () throws -> [TensorValue] in try runSegments(request, found) })
  }

  private func finish(_ request: FlatRequest, _ found: FoundPlan, holdsLock: Bool = false) throws
    -> [TensorValue]
  {
    try execute(
      found.plan, request.feeds.map(\.value), holdsLock: holdsLock,
      manner: request.manner(of: found.plan))
  }

  /// The caller holds the lock on runs.
  private func runSegments(_ first: FlatRequest, _ start: FoundPlan) throws -> [TensorValue] {
    var request = first
    var found = start
    while let segment = found.plan.segment {
      let values = try finish(request, found, holdsLock: true)
      for (tensor, value) in zip(segment.fetched, values) { request.feed(value, to: tensor) }
      request.completed.formUnion(segment.completed)
      try perform(segment.action, &request)
      found = try findPlan(request)
    }
    return try finish(request, found, holdsLock: true)
  }

  private func perform(_ action: Segment.Action, _ request: inout FlatRequest) throws {
    func value(_ operand: Segment.Operand) throws -> TensorValue {
      switch operand {
      case .variable(let resource): return resource.tensorValue
      case .tensor(let endpoint):
        guard let value = request.fedValue(endpoint) else {
          preconditionFailure("a segment did not give \(endpoint)")
        }
        return value
      }
    }
    switch action {
    case .decide: break
    case .compute(let node, let operands):
      let inputs = try operands.map(value)
      try MemoryBudget.check(node, results: Segment.byteCount(of: node, inputs), budget)
      let results = try Segment.values(of: node, inputs)
      for (tensor, result) in zip(node.outputs, results) { request.feed(result, to: tensor) }
    case .loop(let node, let loop, let operands):
      let results = try run(loop, operands.map(value), of: node, in: request)
      for (tensor, result) in zip(node.outputs, results) { request.feed(result, to: tensor) }
      request.completed.insert(node.index)
    case .assign(let node, let variable, let operand):
      let result = try value(operand)
      variables.withLock { $0.set(variable, to: result) }
      request.completed.insert(node.index)
    }
  }

  /// Each loop in a loop takes some of the stack.
  private static let loopDepthLimit = 64

  /// Runs a loop's body while its condition holds.
  private func run(
    _ loop: FlatGraph.Loop, _ start: [TensorValue], of node: Node, in outer: FlatRequest
  ) throws -> [TensorValue] {
    guard outer.depth < Self.loopDepthLimit else {
      throw SessionError(
        "the loop \"\(node.name)\" lies in more than \(Self.loopDepthLimit) others")
    }
    var values = start
    var round = 0
    func call(_ function: Function) throws -> [TensorValue] {
      do {
        return try self.call(function, values, in: outer)
      } catch var error as NonFiniteError {
        error.rounds.append(.init(loop: node.name, function: function.name, number: round))
        throw error
      }
    }
    while true {
      round += 1
      let goesOn = try call(loop.condition)
      guard goesOn.count == 1, goesOn[0].shape.rank == 0, let number = goesOn[0].integers?.first
      else {
        throw SessionError(
          "the condition \(loop.condition.name) of a loop must give one Boolean scalar, "
            + "found \(goesOn.map(\.description).joined(separator: ", "))")
      }
      if number == 0 { return Array(values.prefix(loop.variableCount)) }
      if let limit = compiler.roundLimit, round > limit {
        throw SessionError(
          "the loop \"\(node.name)\" goes on after \(limit) rounds; feed values with which it ends")
      }
      let results = try call(loop.body)
      // A variable that a body takes and passes on is the same in every round.
      values =
        zip(values, results).map { $0.dtype == .resource ? $0 : $1 }
        + values.dropFirst(loop.variableCount)
    }
  }

  /// Runs a function; the caller holds the lock on runs.
  private func call(_ function: Function, _ values: [TensorValue], in outer: FlatRequest) throws
    -> [TensorValue]
  {
    var request = try flatRequest(
      in: function.body, function.outputs, function.targets + function.effectNodes,
      zip(function.inputs, values).map { ResolvedFeed(tensor: $0, value: $1) },
      check: outer.check)
    request.recorder = outer.recorder
    request.depth = outer.depth + 1
    return try runSegments(request, findPlan(request))
  }
}

extension FlatGraph {
  /// A tensor of the flat graph.
  func tensor(_ endpoint: Endpoint) -> Tensor {
    Tensor(graph.node(at: endpoint.node), endpoint.output)
  }
}
