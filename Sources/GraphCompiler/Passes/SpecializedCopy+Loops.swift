import GraphCore
import StandardOps
import TensorCore

extension SpecializedCopy {
  /// A loop as one node of the copy, if every round has the same sizes: its functions are specialised
  /// for them, as the copy itself is.
  ///
  /// - Returns: what stands for the loop's outputs; nil if only running tells what a round does, so that
  ///   each is planned when its turn comes.
  mutating func region(of node: Node, _ loop: FlatGraph.Loop, _ inputs: [Tensor]) -> [Tensor]? {
    guard options.makesRegions, request.open == nil else { return nil }
    let body: RegionBody
    let condition: (workspace: Workspace, fetches: [Tensor?])
    do throws(NoRegion) {
      guard let inner = request.region.entering(node.name) else {
        throw NoRegion("there are too many loops, or it lies in too many")
      }
      if let unknown = inputs.first(where: {
        $0.shape.fullyDefined == nil && $0.dtype != .resource
      }) {
        throw NoRegion("\(unknown) is no tensor of a known size")
      }
      body = try RegionBody(loop, inputs, of: self, in: inner)
      condition = try body.condition(of: self)
    } catch {
      record(node, "runs round by round, since \(error.reason)")
      loopFault = "\(node.name) runs round by round: \(error.reason)"
      return nil
    }
    let names = ["cond", "body"].map { target.uniqueFunctionName("\(node.name)/\($0)") }
    target.add(body.function(condition.workspace, condition.fetches, named: names[0]))
    target.add(body.function(body.workspace, body.results, named: names[1]))
    let given = body.passed.map { inputs[$0] }
    let hasEffects = [condition.workspace, body.workspace].contains { $0.hasEffects }
    let made = target.withScope({
      $0.origin = node.index
      $0.names = ""
    }) {
      target.add(
        hasEffects ? Ops.While.self : Ops.StatelessWhile.self, given,
        name: target.freeName(node.name) + "/",
        [
          "cond": .function(names[0], [:]), "body": .function(names[1], [:]),
          "output_shapes": .list(given.map { .shape($0.shape) }),
        ])
    }
    if made.isPoison { return nil }
    keep(made, as: node)
    var outputs = inputs
    for (number, position) in body.passed.enumerated() { outputs[position] = made.output(number) }
    return Array(outputs.prefix(loop.variableCount))
  }
}

/// Why a loop cannot be part of its plan.
private struct NoRegion: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// A loop's body, specialised for what the loop is given.
private struct RegionBody {
  /// The copy of the body.
  private(set) var workspace: Workspace
  /// Which of the loop's inputs the copies take; the others are known where they are used.
  private(set) var passed: [Int] = []
  /// For each of these what the next round has in its place; nil for what stays the same.
  private(set) var results: [Tensor?] = []
  private let loop: FlatGraph.Loop
  private let inputs: [Tensor]
  private let region: RegionContext
  /// Whether an input has the same value in every round.
  private let isFixed: [Bool]

  /// - Throws: `NoRegion` if the body cannot be specialised, or changes the size of a variable.
  init(
    _ loop: FlatGraph.Loop, _ inputs: [Tensor], of copy: SpecializedCopy,
    in region: RegionContext
  ) throws(NoRegion) {
    self.loop = loop
    self.inputs = inputs
    self.region = region
    var isFixed = inputs.indices.map { index in
      index >= loop.variableCount || loop.body.outputs[index] == loop.body.inputs[index]
        || inputs[index].dtype == .resource
    }
    var carried = inputs.indices.filter { !isFixed[$0] }
    var made: Workspace
    while true {
      made = try Self.specialized(
        loop.body, carried.map { loop.body.outputs[$0] }, inputs, isFixed, of: copy, region)
      // A constant that follows itself in every round, such as an array's flow, is no variable.
      let same = zip(carried, made.fetches).filter { index, next in
        next.constantValue != nil && next.constantValue == inputs[index].constantValue
      }
      if same.isEmpty { break }
      for (index, _) in same { isFixed[index] = true }
      carried.removeAll { isFixed[$0] }
    }
    self.isFixed = isFixed
    workspace = made
    for (number, index) in carried.enumerated() {
      let (next, first) = (made.fetches[number], inputs[index])
      guard next.dtype == first.dtype, next.shape == first.shape else {
        throw NoRegion(
          "its variable \(index) is \(first.dtype)\(first.shape) at first and "
            + "\(next.dtype)\(next.shape) after a round")
      }
    }
    for index in inputs.indices where !Self.isKnown(inputs[index], isFixed: isFixed[index]) {
      passed.append(index)
      results.append(carried.firstIndex(of: index).map { made.fetches[$0] })
    }
  }

  /// The copy of the condition.
  ///
  /// - Throws: `NoRegion` if it does not give a Boolean scalar.
  func condition(of copy: SpecializedCopy) throws(NoRegion) -> (
    workspace: Workspace, fetches: [Tensor?]
  ) {
    let made = try Self.specialized(
      loop.condition, loop.condition.outputs, inputs, isFixed, of: copy, region)
    guard made.fetches.count == 1, made.fetches[0].dtype == .bool,
      made.fetches[0].shape == .scalar
    else { throw NoRegion("its condition is no Boolean scalar") }
    if made.graph.operations.contains(where: { $0.definition is any RandomOp.Type }) {
      throw NoRegion("its condition draws random numbers")
    }
    return (made, made.fetches)
  }

  /// A copy as a function of what is passed.
  ///
  /// - Parameter results: what it gives; nil for the argument in its place.
  func function(_ workspace: Workspace, _ results: [Tensor?], named name: String) -> Function {
    let graph = workspace.graph
    let arguments = passed.map { position in
      workspace.feeds.first { $0.position == position }?.tensor
        ?? graph.add(
          Ops.Placeholder.self, name: "unused",
          ["dtype": .type(inputs[position].dtype), "shape": .shape(inputs[position].shape)]
        ).output(0)
    }
    return Function(
      name: name, body: graph, inputs: arguments,
      outputs: results.enumerated().map { $0.element ?? arguments[$0.offset] })
  }

  /// Whether an input is known where it is used: a variable, or a small constant that stays the same.
  private static func isKnown(_ input: Tensor, isFixed: Bool) -> Bool {
    input.dtype == .resource
      || isFixed && input.constantValue != nil && (input.shape.count ?? 0) <= knownCount
  }

  /// Larger constants are read where they are.
  private static let knownCount = 1024

  private static func specialized(
    _ function: Function, _ outputs: [Tensor], _ inputs: [Tensor], _ isFixed: [Bool],
    of copy: SpecializedCopy, _ region: RegionContext
  ) throws(NoRegion) -> Workspace {
    let library = copy.request.library ?? copy.request.graph
    let flat: FlatGraph
    do throws(GraphError) {
      flat = try Compiler.flatten(function.body, library: library)
    } catch {
      throw NoRegion("\(error)")
    }
    guard let fetches = tensors(outputs, in: flat),
      let arguments = tensors(function.inputs, in: flat)
    else { throw NoRegion("it hands on variables") }
    let feeds = zip(arguments, inputs).enumerated().map { index, pair in
      let (argument, input) = pair
      let value =
        input.dtype == .resource
        ? ResourceValue(input.node).tensorValue
        : isKnown(input, isFixed: isFixed[index]) ? input.constantValue : nil
      return CompilationRequest.Feed(
        tensor: argument, shape: input.shape.fullyDefined ?? .scalar, value: value)
    }
    let targets = (function.targets + function.effectNodes).flatMap { flat.nodes[$0.index] }
    var request = CompilationRequest(
      graph: flat.graph, feeds: feeds, fetches: fetches,
      targets: targets.map { flat.graph.node(at: $0) })
    request.loops = flat.loops
    request.library = library
    request.region = region
    // What is wrong with a round is said when it runs: there may be none.
    let outcome: Specialize.Outcome
    do {
      outcome = try Specialize.run(request, copy.options)
    } catch {
      throw NoRegion("\(error)")
    }
    switch outcome {
    case .halted(.needsValues):
      throw NoRegion("what a round does depends on values that rounds give")
    case .halted(.endOfSegment(let end)):
      throw NoRegion("what a round does depends on what it computes, \(end.cause)")
    case .whole(let workspace):
      if workspace.drawsAlike(as: copy.request.graph) {
        throw NoRegion("a random op in it has the name of one outside")
      }
      return workspace
    }
  }

  private static func tensors(_ tensors: [Tensor], in flat: FlatGraph) -> [Tensor]? {
    var found: [Tensor] = []
    for tensor in tensors {
      guard case .tensor(let endpoint) = flat.images[tensor.node.index][tensor.index] else {
        return nil
      }
      found.append(Tensor(flat.graph.node(at: endpoint.node), endpoint.output))
    }
    return found
  }
}

extension EndOfSegment {
  /// What it ends for.
  fileprivate var cause: String {
    switch action {
    case .decide: "such as \(fetched.last?.name ?? "")"
    case .compute(let node, _), .loop(let node, _, _), .assign(let node, _, _):
      "\(node.name) (\(node.op))"
    }
  }
}

extension Workspace {
  /// Whether something is done besides computing results.
  fileprivate var hasEffects: Bool { graph.operations.contains(where: \.mustRun) }

  /// Whether a random op has the name of one of another graph, and so its stream of numbers.
  fileprivate func drawsAlike(as other: Graph) -> Bool {
    graph.operations.contains {
      $0.definition is any RandomOp.Type && other.operation(named: $0.name) != nil
    }
  }
}
