import GraphCore
import StandardOps
import TensorCore

/// One side of a conditional, specialised for what it is given.
struct BranchSide {
  /// What is taken of a conditional from outside of it.
  struct Result {
    /// An output of a merge, or of a node of a side.
    let endpoint: Endpoint
    /// That side; what the other gives instead nothing looks at.
    let side: Int?
  }

  /// The copy of its nodes.
  let workspace: Workspace
  /// What it takes.
  private(set) var passed: [Tensor] = []
  /// What stands for that in the copy.
  private var arguments: [Tensor] = []
  /// What it gives, in the order of the wanted results; nil for what belongs to the other side.
  private(set) var results: [Tensor?] = []
  /// What the results are that are lists.
  private(set) var lists: [Int: ListValue] = [:]
  /// The variables that it is given.
  private var handles: [String: Tensor] = [:]

  /// - Parameters:
  ///   - side: 1 for that of a true predicate.
  ///   - wanted: the outputs of the conditional's merges that are taken.
  /// - Throws: `NoRegion` if the side cannot be specialised.
  init(
    _ side: Int, _ conditional: Conditional, _ wanted: [Result], of copy: SpecializedCopy,
    in region: RegionContext
  ) throws(NoRegion) {
    let nodes = conditional.sides[side]
    let graph = copy.request.graph
    /// The input of a merge that comes from this side.
    func source(_ merge: Int) throws(NoRegion) -> (position: Int, endpoint: Endpoint) {
      guard let position = conditional.mergedSides[merge]?.firstIndex(of: side) else {
        throw NoRegion("a merge takes nothing from one of its sides")
      }
      return (position, graph.node(at: merge).record.inputs[position])
    }
    var crossing: Set<Endpoint> = []
    for index in nodes {
      for input in graph.node(at: index).record.inputs where !nodes.contains(input.node) {
        crossing.insert(input)
      }
    }
    var fetches: [Tensor] = []
    for result in wanted where result.side == nil || result.side == side {
      let endpoint =
        try result.side == nil ? source(result.endpoint.node).endpoint : result.endpoint
      if !nodes.contains(endpoint.node) { crossing.insert(endpoint) }
      fetches.append(Tensor(graph.node(at: endpoint.node), endpoint.output))
    }
    var feeds: [CompilationRequest.Feed] = []
    var outer: [Tensor] = []
    var positions: [Tensor: Int] = [:]
    for endpoint in crossing.sorted(by: { ($0.node, $0.output) < ($1.node, $1.output) }) {
      var (feed, value) = try Self.feed(endpoint, side, conditional, copy)
      if feed.value == nil, feed.list == nil {
        feed.same = positions[value]
        if feed.same == nil { positions[value] = feeds.count }
      }
      feeds.append(feed)
      outer.append(value)
    }
    handles = Dictionary(
      outer.filter { $0.dtype == .resource }.map { ($0.node.variableName, $0) },
      uniquingKeysWith: { first, _ in first })
    var request = CompilationRequest(
      graph: graph, feeds: feeds, fetches: fetches,
      targets: nodes.sorted().map { graph.node(at: $0) }.filter(\.mustRun))
    request.loops = copy.request.loops
    request.library = copy.request.library
    request.region = region
    // Whatever comes before it has run.
    request.completed = copy.request.completed.union(
      copy.needed.map(\.index).filter { !nodes.contains($0) })
    let made = try request.specialized(copy.options)
    workspace = made.workspace
    for (position, tensor) in made.workspace.feeds {
      passed.append(outer[position])
      arguments.append(tensor)
    }
    var fetched = made.workspace.fetches[...]
    for (number, result) in wanted.enumerated() {
      if let other = result.side, other != side {
        results.append(nil)
        continue
      }
      guard let fetched = fetched.popFirst() else { continue }
      if result.side == nil, result.endpoint.output == 1 {
        let position = try source(result.endpoint.node).position
        results.append(workspace.graph.constant(Int32(position)))
      } else {
        results.append(fetched)
      }
      guard let list = made.lists[fetched.endpoint] else { continue }
      if case .memory(let name, let version) = list, version != copy.memories.version(of: name) {
        throw NoRegion("a list is changed after it was given")
      }
      lists[number] = list
    }
  }

  /// What a side takes from outside of it, as it is fed to the copy.
  private static func feed(
    _ endpoint: Endpoint, _ side: Int, _ conditional: Conditional, _ copy: SpecializedCopy
  ) throws(NoRegion) -> (CompilationRequest.Feed, Tensor) {
    let node = copy.request.graph.node(at: endpoint.node)
    let isSwitch = conditional.switches[node.index] != nil && !copy.isFed(endpoint)
    let source = isSwitch ? node.record.inputs[0] : endpoint
    guard var value = copy.map(source) else {
      throw NoRegion("\(node.name) has no value where it is decided")
    }
    let list = copy.list(value)
    guard value.dtype != .variant || list != nil else {
      throw NoRegion("\(node.name) is no list that memory can hold")
    }
    if case .rows(let rows)? = list { value = rows }
    guard let shape = value.shape.fullyDefined,
      value.dtype.byteCount != nil || value.dtype == .resource || list != nil
    else { throw NoRegion("\(node.name) is no tensor of a known size") }
    var feed = CompilationRequest.Feed(
      tensor: Tensor(node, endpoint.output), shape: shape,
      value: value.dtype == .resource
        ? value.node.op == Ops.VarHandleOp.name ? ResourceValue(value.node).tensorValue : nil
        : RegionBody.knownConstant(value))
    feed.list = list
    // Each side knows how it came to run.
    if let isOpposite = conditional.predicates[source] {
      feed.value = TensorValue((side == 1) != isOpposite)
    }
    if value.dtype == .resource, feed.value == nil {
      throw NoRegion("\(node.name) is no variable")
    }
    return (feed, value)
  }

  /// Gives zeros in place of what belongs to the other side.
  mutating func addZeros(_ number: Int, like tensor: Tensor) {
    let graph = workspace.graph
    let sizes = graph.constant(tensor.shape.fullyDefined?.dimensions ?? [], .int32)
    results[number] = fill(
      sizes, with: graph.constant(TensorValue(zeros: .scalar, dtype: tensor.dtype)))
  }

  /// What a result is outside of the side that only passes it on.
  func passed(_ number: Int) -> Tensor? {
    guard var tensor = results[number] else { return nil }
    while tensor.node.op == Ops.Identity.name { tensor = tensor.node.input(0) }
    return arguments.firstIndex(of: tensor).map { passed[$0] }
  }

  /// The variable outside of the side that a handle in it stands for.
  func outer(_ handle: Tensor) -> Tensor? {
    handle.node.op == Ops.VarHandleOp.name ? handles[handle.node.variableName] : nil
  }

  /// The copy as a function of what both sides take.
  ///
  /// - Parameters:
  ///   - given: what that is.
  ///   - start: the position in it of what this side takes.
  ///   - computed: which of the results it gives.
  func function(_ name: String, given: [Tensor], from start: Int, giving computed: [Int])
    -> Function
  {
    let graph = workspace.graph
    let inputs = given.enumerated().map { position, tensor in
      (start..<(start + arguments.count)).contains(position)
        ? arguments[position - start]
        : graph.add(
          Ops.Placeholder.self, name: "unused",
          ["dtype": .type(tensor.dtype), "shape": .shape(tensor.shape)]
        ).output(0)
    }
    return Function(
      name: name, body: graph, inputs: inputs, outputs: computed.compactMap { results[$0] })
  }
}
