import GraphCore
import StandardOps
import TensorCore

/// Conditionals whose predicates the plan itself computes: both sides are functions of the copy, of which
/// a run takes one.
extension SpecializedCopy {
  /// The conditional that a `Switch` belongs to, if it is to be decided while the plan runs.
  ///
  /// - Parameter halt: why its predicate is not known. One that follows from fed Booleans decides how the
  ///   run is planned, for which there are few ways.
  mutating func conditional(decidedBy node: Node, _ halt: Halt) -> Conditional? {
    guard options.makesRegions, request.open == nil, !memories.hasSegments else { return nil }
    if case .needsValues(let positions) = halt, request.region.depth == 0,
      positions.allSatisfy({ request.feeds[$0].tensor.dtype == .bool })
    {
      return nil
    }
    guard let predicate = map(node.record.inputs[1]), predicate.dtype == .bool,
      predicate.shape == .scalar
    else { return nil }
    let feeds = feeds
    let isInside = request.region.depth > 0
    if let found = conditionals.find(node, in: needed, isInside: isInside, fed: { feeds[$0] }) {
      return found
    }
    if let fault = conditionals.fault {
      record(node, "is decided before what follows it is planned, since \(fault)")
    }
    return nil
  }

  /// Adds a node of a conditional: all of it at its place.
  mutating func add(_ node: Node, of conditional: Conditional) throws -> Halt? {
    guard node.index == conditional.place else { return nil }
    let graph = request.graph
    let switches = conditional.nodes.flatMap { graph.node(at: $0).record.inputs.map(\.node) }
      .filter { conditional.switches[$0] != nil }
    let data = conditional.own.union(switches).map { map(graph.node(at: $0).record.inputs[0]) }
    if !data.isEmpty, data.allSatisfy({ $0 == nil }) {
      for index in conditional.nodes { markDead(request.graph.node(at: index)) }
      return nil
    }
    do throws(NoRegion) {
      try place(conditional, at: node)
      return nil
    } catch {
      // A part of a plan has no segments.
      if request.region.depth > 0 { throw error }
      let first = conditional.switches.keys.min().map { request.graph.node(at: $0) } ?? node
      record(first, "is decided before what follows it is planned, since \(error.reason)")
      loopFault = loopFault ?? "\(first.name) is decided in between: \(error.reason)"
      switch try decision(map(conditional.predicate), at: first) {
      case .unknown(let halt): return halt
      case .known: return try end(deciding: conditional.predicate)
      }
    }
  }

  private mutating func place(_ conditional: Conditional, at node: Node) throws(NoRegion) {
    if conditional.merges.isEmpty, conditional.sides.allSatisfy(\.isEmpty) { return }
    guard let inner = request.region.entering(node.name) else {
      throw NoRegion("there are too many conditionals, or it lies in too many")
    }
    guard let predicate = map(conditional.predicate) else {
      throw NoRegion("its predicate has no value")
    }
    try supply(conditional)
    let results = try wanted(of: conditional)
    var sides = [
      try BranchSide(0, conditional, results, of: self, in: inner),
      try BranchSide(1, conditional, results, of: self, in: inner),
    ]
    // What both sides give alike is known; the rest are results.
    var computed: [Int] = []
    var values: [Tensor?] = results.map { _ in nil }
    for (number, result) in results.enumerated() {
      if let side = result.side, let outer = try passed(sides[side], number) {
        values[number] = outer
        continue
      } else if let side = result.side, let given = sides[side].results[number] {
        sides[1 - side].addZeros(number, like: given)
      } else if let same = try alike(sides, number, result.endpoint) {
        values[number] = same
        continue
      }
      guard let a = sides[0].results[number], let b = sides[1].results[number], a.dtype == b.dtype,
        a.dtype.byteCount != nil, a.shape == b.shape, a.shape.fullyDefined != nil
      else {
        let found = sides.map { side in side.results[number].map { "\($0.dtype)\($0.shape)" } ?? ""
        }
        throw NoRegion("one side gives \(found[0]) and the other \(found[1])")
      }
      computed.append(number)
    }
    let hasEffects = sides.contains { $0.workspace.hasEffects }
    if !computed.isEmpty || hasEffects {
      let made = try added(node, predicate, sides.reversed(), computed, hasEffects)
      for (number, result) in computed.enumerated() { values[result] = made.output(number) }
      for index in conditional.nodes {
        keep(made, as: request.graph.node(at: index))
      }
    }
    for index in conditional.merges { setOutputs([nil, nil], of: index) }
    for index in conditional.own {
      let data = map(request.graph.node(at: index).record.inputs[0])
      setOutputs([data, data], of: index)
    }
    for (value, result) in zip(values, results) {
      let node = request.graph.node(at: result.endpoint.node)
      var outputs = self.outputs[node.index] ?? node.record.outputs.map { _ in nil }
      outputs[result.endpoint.output] = value
      setOutputs(outputs, of: node.index)
    }
    placedConditionals.insert(conditional.place)
    record(node, "is decided inside of the plan")
  }

  /// What later parts take of a side that lies outside of it: what it only passes on, constants, and
  /// lists in memory.
  private mutating func passed(_ side: BranchSide, _ number: Int) throws(NoRegion) -> Tensor? {
    if let list = side.lists[number] {
      guard case .memory(let name, let version) = list, memories.version(of: name) == version else {
        throw NoRegion("a side keeps a list that is not in memory")
      }
      return token(list)
    }
    if let value = side.results[number].flatMap({ RegionBody.knownConstant($0) }) {
      return target.constant(value)
    }
    return side.passed(number)
  }

  /// Adds what the sides take that has not had its turn.
  ///
  /// - Throws: `NoRegion` if what they take is there no more.
  private mutating func supply(_ conditional: Conditional) throws(NoRegion) {
    let graph = request.graph
    let own = Set(conditional.nodes)
    for index in conditional.nodes {
      for control in graph.node(at: index).record.controlInputs where !own.contains(control) {
        try expectDone(graph.node(at: control))
      }
      for input in graph.node(at: index).record.inputs where !own.contains(input.node) {
        let isSwitch = conditional.switches[input.node] != nil
        let source = isSwitch ? graph.node(at: input.node).record.inputs[0] : input
        do {
          if map(source) == nil { _ = try addEarly(graph.node(at: source.node)) }
        } catch {
          throw NoRegion("\(error)")
        }
        // Its switch had its turn before the list was changed, the conditional has it afterwards.
        if let value = map(source), case .memory(let name, let version)? = list(value),
          memories.version(of: name) != version
        {
          throw NoRegion("a list that it takes has been changed")
        }
      }
    }
  }

  /// Adds what comes before a node of a side, if it has not had its turn and only orders others.
  private mutating func expectDone(_ node: Node) throws(NoRegion) {
    if let other = conditionals.taken(by: node) {
      if placedConditionals.contains(other.place) { return }
    } else if request.completed.contains(node.index) {
      return
    } else {
      do {
        if try addEarly(node) { return }
      } catch {
        throw NoRegion("\(error)")
      }
    }
    throw NoRegion("\"\(node.name)\", which comes before it, comes after one of its results")
  }

  /// The results that something takes which is not part of it.
  private func wanted(of conditional: Conditional) throws(NoRegion) -> [BranchSide.Result] {
    let own = conditional.own.union(conditional.sides[0]).union(conditional.sides[1])
    var kept = conditional.kept
    let merges = Set(conditional.merges)
    var wanted: Set<Endpoint> = []
    for tensor in request.fetches where !isFed(tensor.endpoint) {
      if own.contains(tensor.node.index) {
        guard request.region.depth > 0 else {
          throw NoRegion("\(tensor.name) is fetched from inside of it")
        }
        // A part that comes later in the conditional around this one takes it.
        let side = conditional.sides.firstIndex { $0.contains(tensor.node.index) }
        if let side { kept[tensor.endpoint] = side }
      }
      if merges.contains(tensor.node.index) { wanted.insert(tensor.endpoint) }
    }
    for node in needed {
      for input in node.record.inputs where merges.contains(input.node) { wanted.insert(input) }
    }
    if request.targets.contains(where: { own.contains($0.index) && !$0.mustRun }) {
      throw NoRegion("a target lies inside of it")
    }
    let results =
      wanted.map { BranchSide.Result(endpoint: $0, side: nil) }
      + kept.map { BranchSide.Result(endpoint: $0.key, side: $0.value) }
    return results.sorted {
      ($0.endpoint.node, $0.endpoint.output) < ($1.endpoint.node, $1.endpoint.output)
    }
  }

  /// What both sides give, if that is the same.
  private mutating func alike(_ sides: [BranchSide], _ number: Int, _ result: Endpoint)
    throws(NoRegion) -> Tensor?
  {
    guard let a = sides[0].results[number], let b = sides[1].results[number] else { return nil }
    if let value = a.constantValue, value == b.constantValue, a.shape.count ?? 0 <= 1 {
      return target.withScope({ $0.origin = result.node }) { target.constant(value) }
    }
    switch a.dtype {
    case .resource:
      guard let outer = sides[0].outer(a), sides[1].outer(b) == outer else {
        throw NoRegion("its sides give different variables")
      }
      return outer
    case .variant:
      guard case .memory(let name, _)? = sides[0].lists[number],
        case .memory(name, _)? = sides[1].lists[number]
      else { throw NoRegion("its sides give different lists") }
      return token(.memory(name: name, version: memories.version(of: name)))
    default: return nil
    }
  }

  /// The node that calls the sides.
  private func added(
    _ node: Node, _ predicate: Tensor, _ sides: [BranchSide], _ computed: [Int],
    _ hasEffects: Bool
  ) throws(NoRegion) -> Node {
    let given = sides.flatMap(\.passed)
    let names = ["then", "else"].map { target.uniqueFunctionName("\(node.name)/\($0)") }
    for (number, side) in sides.enumerated() {
      let before = sides[..<number].reduce(0) { $0 + $1.passed.count }
      target.add(
        side.function(names[number], given: given, from: before, giving: computed))
    }
    let results = computed.compactMap { sides[0].results[$0] }
    let made = target.withScope({
      $0.origin = node.index
      $0.names = ""
    }) {
      target.add(
        hasEffects ? Ops.If.self : Ops.StatelessIf.self, [predicate] + given,
        name: target.freeName(node.name) + "/",
        [
          "Tcond": .type(.bool), "Tin": .list(given.map { .type($0.dtype) }),
          "Tout": .list(results.map { .type($0.dtype) }),
          "then_branch": .function(names[0], [:]), "else_branch": .function(names[1], [:]),
          "output_shapes": .list(results.map { .shape($0.shape) }),
        ])
    }
    if made.isPoison { throw NoRegion("its sides do not fit one another") }
    return made
  }
}
