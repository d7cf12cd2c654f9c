import GraphCore
import StandardOps
import TensorCore

/// Rewriting a graph for sizes that are not known yet, such as a batch's.
///
/// Rules look at sizes, so that each unknown one is given a number that stands for it, the same for
/// the same dimension of every placeholder. What would be computed from such a number stays to be
/// computed when the graph runs, and a rule that would put it into a constant is not applied. That
/// nothing of it is left is checked by doing all of it once more with other numbers.
package struct OpenSizes: Sendable {
  /// The shape of each fed tensor, by the position of its feed.
  let shapes: [PartialShape]
  /// The nodes that may become constants since they follow from known sizes; nil for all.
  let known: Set<Int>?

  /// Whether a node's value, if it follows from shapes, follows from known ones alone.
  func admits(_ node: Node) -> Bool { known?.contains(node.index) ?? true }

  /// Stand for the unknown sizes of the first dimension, the second and so on. Numbers that no layer
  /// has, and whose product still is a number of elements; even and odd ones.
  private static let standIns = [
    [10_007, 10_009, 10_037, 10_039], [20_014, 20_018, 20_074, 20_078],
  ]

  /// The request rewritten, with variables as constants.
  ///
  /// - Parameters:
  ///   - shapes: the shape of each feed that has no value.
  ///   - constants: the value of a variable by its name; nil if it has none.
  /// - Throws: `CompilationError` where the graph cannot be rewritten as a whole.
  package static func rewritten(
    _ request: CompilationRequest, shapes: [PartialShape], options: CompilerOptions,
    constants: (String) -> TensorValue?
  ) throws -> Workspace {
    var request = request
    request.open = OpenSizes(shapes: shapes, known: nil)
    let results = try rewritten(&request, shapes, options, constants)
    guard GraphDifference.isNone(results[0], results[1]) else {
      throw CompilationError.invalid(
        GraphError("what is left of the graph depends on sizes that are not known"))
    }
    return results[0]
  }

  /// The copies for each set of stand-ins.
  private static func rewritten(
    _ request: inout CompilationRequest, _ shapes: [PartialShape], _ options: CompilerOptions,
    _ constants: (String) -> TensorValue?
  ) throws -> [Workspace] {
    let known = try Specialize.knownNodes(of: request, options)
    return try standIns.map { sizes in
      request.open = OpenSizes(
        shapes: try shapes.map { try filled($0, sizes) }, known: known)
      var options = options
      options.standIns = sizes
      // Whether windows reach beyond an image depends on its size.
      if shapes.contains(where: { ($0.dimensions ?? []).dropFirst().contains(nil) }) {
        options.rules.removeAll { $0.name == "offset-from-input" }
      }
      return try workspace(request, options, constants)
    }
  }

  private static func filled(_ shape: PartialShape, _ sizes: [Int]) throws -> PartialShape {
    guard let dimensions = shape.dimensions else {
      throw CompilationError.invalid(GraphError("a fed tensor's rank is not known"))
    }
    return PartialShape(
      dimensions.enumerated().map { axis, size in size ?? sizes[min(axis, sizes.count - 1)] })
  }

  private static func workspace(
    _ request: CompilationRequest, _ options: CompilerOptions,
    _ constants: (String) -> TensorValue?
  ) throws -> Workspace {
    var workspace = try specialized(request, options)
    if let node = workspace.neededNodes().first(where: {
      $0.definition?.effects.contains(.writes) == true
    }) {
      throw CompilationError.invalid(
        GraphError(
          "writes a variable, so that what is fetched cannot be frozen", node: node.name,
          op: node.op, site: node.site))
    }
    try workspace.keepOnlyFetches()
    try freeze(&workspace, constants)
    workspace.log.finish("freeze", left: workspace.neededNodes().count, "node")
    try Compiler.rewrite(&workspace, options) {
      $0.keepsOps && (options.rewrites || $0 == FoldConstants.self)
    }
    return workspace
  }

  private static func specialized(_ request: CompilationRequest, _ options: CompilerOptions) throws
    -> Workspace
  {
    switch try Specialize.run(request, options) {
    case .whole(let workspace, _): return workspace
    case .halted(.needsValues(let positions)):
      let tensor = request.feeds[positions[0]].tensor
      throw CompilationError.invalid(
        GraphError(
          "what follows depends on the value of this, which is fed", node: tensor.node.name,
          op: tensor.node.op))
    case .halted(.endOfSegment(let end)):
      throw CompilationError.invalid(
        GraphError(
          "what follows depends on data that only running gives",
          node: end.fetched.last?.node.name, op: end.fetched.last?.node.op))
    }
  }

  private static func freeze(
    _ workspace: inout Workspace, _ constants: (String) -> TensorValue?
  ) throws {
    // What reads a variable by itself becomes a read and an op on it.
    func readsAlone(_ node: Node) -> Bool {
      node.op == Ops.ResourceGather.name || node.op == "ResourceGatherNd"
    }
    try workspace.rebuild(addsNodes: readsAlone) { node, inputs, target in
      readsAlone(node) ? ExpandComposites.expansion(of: node, on: inputs, in: target) : nil
    }
    try workspace.rebuild(addsNodes: { $0.op == Ops.ReadVariableOp.name }) { node, inputs, target in
      guard node.op == Ops.ReadVariableOp.name else { return nil }
      let handle = inputs[0].node
      guard handle.op == Ops.VarHandleOp.name, let value = constants(handle.variableName) else {
        throw CompilationError.invalid(
          GraphError(
            "the variable \"\(handle.variableName)\" has no value; name a checkpoint",
            node: node.name, op: node.op, site: node.site))
      }
      return [
        target.withScope({ $0.names = "" }) {
          target.add(
            Ops.Const.self, name: target.freeName(node.name) + "/",
            ["value": .tensor(value), "dtype": .type(value.dtype)]
          ).output(0)
        }
      ]
    }
  }

  /// Which nodes have known shapes, as everything has that they follow from.
  static func settledNodes(of graph: Graph) -> [Bool] {
    var settled: [Bool] = []
    for node in graph.operations {
      settled.append(
        node.record.outputs.allSatisfy {
          $0.shape.fullyDefined != nil || $0.dtype.byteCount == nil
        } && node.record.inputs.allSatisfy { settled[$0.node] })
    }
    return settled
  }
}

extension CompilationRequest {
  /// The shape that a fed tensor's placeholder has.
  func shape(of feed: Feed) -> PartialShape {
    guard let open, let position = feeds.firstIndex(where: { $0.tensor == feed.tensor }) else {
      return PartialShape(feed.shape)
    }
    return open.shapes[position]
  }
}

extension Graph {
  /// How far from a stand-in a number made from it may be, such as the end of a slice.
  private static let margin = 64

  /// Whether a node from `first` on holds a number that one of the stand-ins led to.
  func holds(_ standIns: [Int], from first: Int) -> Bool {
    func isSuspect(_ number: Int) -> Bool {
      standIns.contains { size in
        let rest = abs(number) % size
        return abs(number) >= size - Self.margin
          && (rest <= Self.margin || rest >= size - Self.margin)
      }
    }
    for index in first..<max(first, count) {
      let node = node(at: index)
      for case .shape(let shape) in node.attributes.values
      where (shape.dimensions ?? []).contains(where: { isSuspect($0 ?? 0) }) { return true }
      guard let value = node.output(0).constantValue, !value.dtype.isFloatingPoint,
        value.count <= 64, let numbers = value.integers
      else { continue }
      if numbers.contains(where: isSuspect) { return true }
    }
    return false
  }
}

/// What differs between two copies of a graph beside the sizes of placeholders.
private enum GraphDifference {
  static func isNone(_ a: Workspace, _ b: Workspace) -> Bool {
    let (left, right) = (a.neededNodes(), b.neededNodes())
    guard left.count == right.count else { return false }
    let places = [left, right].map { nodes in
      Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($0.element.index, $0.offset) })
    }
    func inputs(_ node: Node, _ side: Int) -> [Endpoint] {
      node.record.inputs.map { Endpoint(node: places[side][$0.node] ?? -1, output: $0.output) }
    }
    return zip(left, right).allSatisfy { x, y in
      x.op == y.op && x.name == y.name && inputs(x, 0) == inputs(y, 1)
        && (x.op == Ops.Placeholder.name || x.attributes == y.attributes)
    }
  }
}
