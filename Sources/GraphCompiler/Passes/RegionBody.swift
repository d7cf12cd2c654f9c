import GraphCore
import StandardOps
import TensorCore

/// Why a loop cannot be part of its plan.
struct NoRegion: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// A loop's body, specialised for what the loop is given.
struct RegionBody {
  /// The copy of the body.
  private(set) var workspace: Workspace
  /// Which of the loop's inputs the copies take; the others are known where they are used.
  private(set) var passed: [Int] = []
  /// For each of these what the next round has in its place; nil for what stays the same.
  private(set) var results: [Tensor?] = []
  /// What the loop is given; in place of a list of rows, the tensor whose rows they are.
  let inputs: [Tensor]
  /// What the inputs that are lists are, before the first round and after the last.
  private(set) var lists: [Int: ListValue]
  private let loop: FlatGraph.Loop
  private let region: RegionContext
  /// Whether an input has the same value in every round.
  private let isFixed: [Bool]

  /// - Throws: `NoRegion` if the body cannot be specialised, or changes the size of a variable.
  init(
    _ loop: FlatGraph.Loop, _ given: [Tensor], of copy: SpecializedCopy, at node: Node,
    in region: RegionContext
  ) throws(NoRegion) {
    self.loop = loop
    self.region = region
    var isFixed = given.indices.map { index in
      index >= loop.variableCount || loop.body.outputs[index] == loop.body.inputs[index]
        || given[index].dtype == .resource
    }
    let variables = given.indices.filter { !isFixed[$0] }
    var lists = try RegionLists(given, isFixed, of: copy, at: node)
    let inputs = lists.inputs
    // No round may have set an element of it.
    for index in variables where lists.values[index]?.isUnset == true { isFixed[index] = true }
    var made: CompilationRequest.Region
    while true {
      lists.enter()
      made = try Self.specialized(
        loop.body, variables.map { loop.body.outputs[$0] }, inputs, isFixed, lists.values,
        of: copy, region)
      // A constant that follows itself in every round, such as an array's flow, is no variable.
      let same = zip(variables, made.workspace.fetches).filter { index, next in
        !isFixed[index] && next.constantValue != nil
          && next.constantValue == inputs[index].constantValue
      }
      for (index, _) in same { isFixed[index] = true }
      let next = zip(variables, made.workspace.fetches).map { ($0, made.lists[$1.endpoint]) }
      let moved = try lists.leave(next)
      for index in moved { isFixed[index] = false }
      if same.isEmpty, moved.isEmpty { break }
    }
    self.isFixed = isFixed
    self.inputs = inputs
    self.lists = lists.last
    workspace = made.workspace
    let next = Dictionary(uniqueKeysWithValues: zip(variables, made.workspace.fetches))
    for index in variables where !isFixed[index] && lists.values[index] == nil {
      let (next, first) = (next[index] ?? inputs[index], inputs[index])
      guard next.dtype == first.dtype, next.shape == first.shape else {
        throw NoRegion(
          "its variable \(index) is \(first.dtype)\(first.shape) at first and "
            + "\(next.dtype)\(next.shape) after a round")
      }
    }
    for index in inputs.indices where !isKnown(index) {
      passed.append(index)
      results.append(isFixed[index] ? nil : next[index])
    }
  }

  /// The copy of the condition.
  ///
  /// - Throws: `NoRegion` if it does not give a Boolean scalar.
  func condition(of copy: SpecializedCopy) throws(NoRegion) -> (
    workspace: Workspace, fetches: [Tensor?]
  ) {
    let versions = copy.memories.versions(of: lists)
    let (made, _) = try Self.specialized(
      loop.condition, loop.condition.outputs, inputs, isFixed, lists, of: copy, region)
    guard made.fetches.count == 1, made.fetches[0].dtype == .bool,
      made.fetches[0].shape == .scalar
    else { throw NoRegion("its condition is no Boolean scalar") }
    if copy.memories.versions(of: lists) != versions {
      throw NoRegion("its condition changes a list")
    }
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

  /// Whether an input is known where it is used: a variable, a list in memory, or a small constant that
  /// stays the same.
  private func isKnown(_ index: Int) -> Bool {
    if let list = lists[index] { return !list.isRows }
    return inputs[index].dtype == .resource
      || isFixed[index] && Self.knownConstant(inputs[index]) != nil
  }

  /// The value of a small constant, which is known where it is used.
  static func knownConstant(_ input: Tensor) -> TensorValue? {
    (input.shape.count ?? 0) <= knownCount ? input.constantValue : nil
  }

  /// Larger constants are read where they are.
  private static let knownCount = 1024

  private static func specialized(
    _ function: Function, _ outputs: [Tensor], _ inputs: [Tensor], _ isFixed: [Bool],
    _ lists: [Int: ListValue], of copy: SpecializedCopy, _ region: RegionContext
  ) throws(NoRegion) -> CompilationRequest.Region {
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
        : isFixed[index] ? knownConstant(input) : nil
      var feed = CompilationRequest.Feed(
        tensor: argument, shape: input.shape.fullyDefined ?? .scalar, value: value)
      feed.list = lists[index]
      return feed
    }
    let targets = (function.targets + function.effectNodes).flatMap { flat.nodes[$0.index] }
    var request = CompilationRequest(
      graph: flat.graph, feeds: feeds, fetches: fetches,
      targets: targets.map { flat.graph.node(at: $0) })
    request.loops = flat.loops
    request.library = library
    request.region = region
    let made = try request.specialized(copy.options)
    if made.workspace.drawsAlike(as: copy.request.graph) {
      throw NoRegion("a random op in it has the name of one outside")
    }
    return made
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

extension CompilationRequest {
  /// A copy of what a loop or a branch does, and what its tensors stand for that are lists.
  typealias Region = (workspace: Workspace, lists: [Endpoint: ListValue])

  /// The copy of a request that is part of another's plan.
  func specialized(_ options: CompilerOptions) throws(NoRegion) -> Region {
    // What is wrong with it is said when it runs: it may never do so.
    let outcome: Specialize.Outcome
    do {
      outcome = try Specialize.run(self, options)
    } catch let error as NoRegion {
      throw error
    } catch {
      throw NoRegion("\(error)")
    }
    switch outcome {
    case .halted(.needsValues):
      throw NoRegion("what it does depends on values that are not known before")
    case .halted(.endOfSegment(let end)):
      throw NoRegion("what it does depends on what it computes, \(end.cause)")
    case .whole(let workspace, let lists): return (workspace, lists)
    }
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
  /// Whether a random op has the name of one of another graph, and so its stream of numbers.
  fileprivate func drawsAlike(as other: Graph) -> Bool {
    graph.operations.contains {
      $0.definition is any RandomOp.Type && other.operation(named: $0.name) != nil
    }
  }
}
