import GraphCore
import StandardOps
import TensorCore

/// Writes a flat graph: recursion goes over functions that call functions, never over the graph.
struct Flattener {
  let target: Graph
  let library: Graph
  var loops: [Int: FlatGraph.Loop] = [:]
  private var depth = 0

  /// Functions that call themselves would never end.
  private static let depthLimit = 64
  /// A few functions that each call the next one twice would not either.
  private let nodeLimit: Int

  /// - Parameter source: the graph whose calls are put in place.
  init(_ source: Graph, library: Graph) {
    self.library = library
    target = Graph(ops: library.ops)
    let own = source.count + library.functions.reduce(0) { $0 + $1.body.count }
    nodeLimit = 100_000 + 16 * own
  }

  /// What stands for an output.
  struct Value {
    var image: FlatGraph.Image
    /// Effects that come before whatever reads the variable by this edge.
    var after: [Int] = []
  }

  typealias Flat = (images: [[Value]], nodes: [[Int]])

  /// Copies a graph's nodes.
  ///
  /// - Parameters:
  ///   - arguments: what stands for the outputs of `_Arg` nodes, by their index.
  ///   - prefix: what the names begin with.
  ///   - pivot: control inputs of nodes without inputs, so that they are dead with their branch.
  mutating func flatten(
    _ source: Graph, arguments: [Int: Value], prefix: String, pivot: [Int]
  ) throws(GraphError) -> Flat {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.depthLimit else {
      throw GraphError("functions call one another more than \(Self.depthLimit) deep")
    }
    let (frames, inside) = try LoopFrame.all(in: source)
    var frameOfExit: [Int: LoopFrame] = [:]
    for frame in frames {
      for exit in frame.exits.joined() { frameOfExit[exit.index] = frame }
    }
    let nodes = source.operations
    var flat: Flat = (
      images: Array(repeating: [], count: nodes.count),
      nodes: Array(repeating: [], count: nodes.count)
    )
    for index in try order(nodes, frameOfExit, inside) {
      let node = nodes[index]
      if let argument = arguments[node.index] {
        flat.images[node.index] = [argument]
      } else if let frame = frameOfExit[node.index] {
        if flat.images[node.index].isEmpty { try place(frame, &flat, prefix, pivot) }
      } else if inside.contains(node.index) {
        flat.images[node.index] = node.record.outputs.map { _ in Value(image: .insideLoop) }
      } else {
        try place(node, &flat, prefix, pivot)
      }
    }
    for node in nodes where node.attributes[WhileGradient.recorded] != nil {
      guard let name = node.attributes[WhileGradient.recorded].flatMap({ String($0) }),
        let recorded = source.operation(named: name), let loop = flat.nodes[node.index].first
      else { continue }
      loops[loop]?.recorded = flat.nodes[recorded.index].first
    }
    return flat
  }

  /// The order in which nodes are placed: by index, except that a loop comes after everything that
  /// enters it, which gradients add to when the loop is long there.
  private func order(_ nodes: [Node], _ frameOfExit: [Int: LoopFrame], _ inside: Set<Int>)
    throws(GraphError) -> [Int]
  {
    if frameOfExit.isEmpty { return Array(nodes.indices) }
    var waiting = [Int](repeating: 0, count: nodes.count)
    var consumers = [[Int]](repeating: [], count: nodes.count)
    for node in nodes where !inside.contains(node.index) || frameOfExit[node.index] != nil {
      var sources: [Int]
      if let frame = frameOfExit[node.index] {
        sources = frame.enters.flatMap { $0.record.inputs.map(\.node) + $0.record.controlInputs }
      } else {
        sources = node.record.inputs.map(\.node) + node.record.controlInputs
      }
      sources.removeAll { inside.contains($0) && frameOfExit[$0] == nil }
      for source in sources {
        waiting[node.index] += 1
        consumers[source].append(node.index)
      }
    }
    var ready = Heap(nodes.indices.filter { waiting[$0] == 0 })
    var order: [Int] = []
    while let index = ready.popLeast() {
      order.append(index)
      for consumer in consumers[index] {
        waiting[consumer] -= 1
        if waiting[consumer] == 0 { ready.insert(consumer) }
      }
    }
    if let stuck = nodes.first(where: { waiting[$0.index] > 0 }) {
      throw GraphError("follows from a loop that needs it", node: stuck.name, op: stuck.op)
    }
    return order
  }

  // MARK: Nodes

  private mutating func place(_ node: Node, _ flat: inout Flat, _ prefix: String, _ pivot: [Int])
    throws(GraphError)
  {
    var inputs: [Value] = []
    for input in node.record.inputs {
      guard flat.images[input.node].indices.contains(input.output) else {
        throw GraphError(
          "takes \"\(node.graph.node(at: input.node).name)\", which follows it, but is in no loop",
          node: node.name, op: node.op, site: node.site)
      }
      inputs.append(flat.images[input.node][input.output])
    }
    var controls = node.record.controlInputs.flatMap { flat.nodes[$0] }
    if node.record.inputs.isEmpty, controls.isEmpty { controls = pivot }
    let name = prefix + node.name
    switch node.definition {
    case let op as any ReferenceOp.Type:
      try place(node, onResource: op, inputs, controls, name, &flat)
    case is any CallOp.Type:
      try call(node, inputs, controls, name, &flat)
    // TensorFlow's identity of a variable shares its memory, so that what takes it sees later writes.
    case _
    where node.op == Ops.RefIdentity.name
      || node.op == Ops.Identity.name
        && inputs[0].image.isVariable:
      flat.images[node.index] = [Value(image: inputs[0].image, after: inputs[0].after + controls)]
      flat.nodes[node.index] = inputs[0].after + controls
    case _
    where node.definition?.signature.outputs.contains(where: \.isReference) == true
      && node.record.inputs.isEmpty:
      let handle = try variable(node, controls, name)
      flat.images[node.index] = [
        Value(image: .variable(handle: Endpoint(node: handle, output: 0)))
      ]
      flat.nodes[node.index] = [handle]
    default:
      try copy(node, inputs, controls, name, &flat)
    }
  }

  /// A variable of the older kind as a resource.
  private func variable(_ node: Node, _ controls: [Int], _ name: String) throws(GraphError) -> Int {
    try append(
      name, Ops.VarHandleOp.self, [], controls,
      [
        "dtype": node.attributes["dtype"] ?? .type(.float32),
        "shape": .shape(Self.shape(ofVariable: node)),
        "shared_name": node.attributes["shared_name"].flatMap { String($0) }.flatMap {
          $0.isEmpty ? nil : $0.attribute
        } ?? name.attribute,
        "container": "".attribute, "debug_name": "".attribute, "allowed_devices": .list([]),
      ], [.init(dtype: .resource, shape: .scalar)], node
    ).index
  }

  /// What a node takes: variables where it takes variables, values read from them elsewhere; with what
  /// comes before it.
  private func taken(
    _ inputs: [Value], _ node: Node, _ references: [Int], _ controls: [Int], _ name: String
  ) throws(GraphError) -> (endpoints: [Endpoint], before: [Int]) {
    var endpoints: [Endpoint] = []
    var before = controls
    for (position, input) in inputs.enumerated() {
      switch input.image {
      case .tensor(let endpoint): endpoints.append(endpoint)
      case .variable(let handle) where references.contains(position):
        endpoints.append(handle)
        before += input.after
      case .variable(let handle):
        endpoints.append(
          try read(handle, node, controls + input.after, name + "/read_\(position)"))
      case .insideLoop:
        throw GraphError(
          "takes a value from inside of a loop without Exit", node: node.name, op: node.op)
      }
    }
    return (endpoints, before)
  }

  /// An ordinary node; where it takes the value of a variable, the variable is read first.
  private mutating func copy(
    _ node: Node, _ inputs: [Value], _ controls: [Int], _ name: String, _ flat: inout Flat
  ) throws(GraphError) {
    let references = Self.references(node)
    let (endpoints, before) = try taken(inputs, node, references, controls, name)
    let passesReference = !references.isEmpty && references.count == inputs.count - 1
    let isReference = node.definition?.signature.outputs.first?.isReference == true
    let op = Self.valueOp(of: node)
    var outputs = node.record.outputs
    if isReference, passesReference || node.op == Ops.RefMerge.name {
      outputs[0] = .init(dtype: .resource, shape: .scalar)
      if outputs.count > 1, outputs[1].dtype != .int32 { outputs[1] = outputs[0] }
    }
    var attributes = node.attributes
    if isReference { attributes["T"] = .type(.resource) }
    let made = try append(
      name, op, endpoints, before, attributes, outputs, node)
    flat.nodes[node.index] = [made.index]
    flat.images[node.index] = node.record.outputs.indices.map { output in
      let endpoint = Endpoint(node: made.index, output: output)
      return outputs[output].dtype == .resource && isReference
        ? Value(image: .variable(handle: endpoint)) : Value(image: .tensor(endpoint))
    }
  }

  /// The op on values that passes on what the older op passes as a variable.
  private static func valueOp(of node: Node) -> (any Op.Type)? {
    switch node.op {
    case Ops.RefSwitch.name: Ops.Switch.self
    case Ops.RefMerge.name: Ops.Merge.self
    case Ops.ZerosLike.name where isOnLists(node): Ops._ListZerosLike.self
    case Ops.AddN.name where isOnLists(node): Ops._ListAddN.self
    default: node.definition
    }
  }

  /// Whether an op that is elementwise elsewhere takes lists, which are added and emptied as values.
  static func isOnLists(_ node: Node) -> Bool {
    (node.op == Ops.ZerosLike.name || node.op == Ops.AddN.name)
      && node.attributes["T"] == .type(.variant)
  }

  /// The positions of the inputs that are variables themselves.
  private static func references(_ node: Node) -> [Int] {
    guard let signature = node.definition?.signature else { return [] }
    if signature.inputs.count == node.record.inputs.count {
      return signature.inputs.indices.filter { signature.inputs[$0].isReference }
    }
    return signature.inputs.first?.isReference == true ? Array(node.record.inputs.indices) : []
  }

  func read(_ handle: Endpoint, _ node: Node, _ controls: [Int], _ name: String)
    throws(GraphError) -> Endpoint
  {
    // The variable's type is what the reading node takes.
    let source = node.record.inputs.first
    let dtype =
      Self.declared(target.node(at: handle.node))?[Ops.VarHandleOp.dtype]
      ?? source.map { node.graph.node(at: $0.node).record.outputs[$0.output].dtype } ?? .float32
    let made = try append(
      name, Ops.ReadVariableOp.self, [handle], controls, ["dtype": .type(dtype)],
      [.init(dtype: dtype, shape: .unknown)], node)
    return Endpoint(node: made.index, output: 0)
  }

  /// The shape of a variable of the older kind.
  ///
  /// That of the oldest may be stated as empty, which then means a scalar or a shape that is not known:
  /// what sets it tells which.
  private static func shape(ofVariable node: Node) -> PartialShape {
    let stated = node.output(0).shape
    guard node.op == Ops.Variable.name, stated.rank == nil else { return stated }
    let handle = Endpoint(node: node.index, output: 0)
    let shapes = node.graph.operations.lazy
      .filter { $0.op == Ops.Assign.name && $0.record.inputs.first == handle }
      .map { $0.input(1).shape }
    return shapes.first { $0.fullyDefined != nil } ?? .scalar
  }

  /// The `VarHandleOp` behind switches and merges.
  static func declared(_ node: Node) -> Node? {
    var current = node
    while current.op != Ops.VarHandleOp.name {
      guard let first = current.record.inputs.first else { return nil }
      current = current.graph.node(at: first.node)
    }
    return current
  }

  /// An older op as the one on resources.
  private mutating func place(
    _ node: Node, onResource op: any ReferenceOp.Type, _ inputs: [Value], _ controls: [Int],
    _ name: String, _ flat: inout Flat
  ) throws(GraphError) {
    let references = Self.references(node)
    guard references.allSatisfy({ inputs[$0].image.isVariable }) else {
      return try leave(node, "what is no variable", inputs, controls, name, &flat)
    }
    let (endpoints, before) = try taken(inputs, node, references, controls, name)
    var attributes: [String: Attribute] = [:]
    let resource = op.resourceOp
    let known = Set(resource.signature.attributes.map(\.name))
    for (key, value) in node.attributes {
      let renamed = op.renamedAttributes[key] ?? key
      if known.contains(renamed) { attributes[renamed] = value }
    }
    for definition in resource.signature.attributes where attributes[definition.name] == nil {
      attributes[definition.name] = definition.defaultValue
    }
    let givesVariable = op.signature.outputs.first?.isReference == true
    let made = try append(
      name, resource, endpoints, before, attributes, givesVariable ? [] : node.record.outputs,
      node)
    flat.nodes[node.index] = [made.index]
    flat.images[node.index] = [
      givesVariable
        ? Value(image: inputs[0].image, after: [made.index])
        : Value(image: .tensor(Endpoint(node: made.index, output: 0)))
    ]
  }

  /// Adds a node as it is; what is inferred of it is inferred when a plan is made.
  func append(
    _ name: String, _ op: (any Op.Type)?, _ inputs: [Endpoint], _ controls: [Int],
    _ attributes: [String: Attribute], _ outputs: [NodeRecord.Output], _ source: Node,
    op unknown: String? = nil
  ) throws(GraphError) -> Node {
    guard target.count < nodeLimit else {
      throw GraphError(
        "calls and conditionals come to more than \(nodeLimit) nodes once they are put in place",
        node: source.name, op: source.op)
    }
    var seen = Set<Int>()
    return try target.append(
      NodeRecord(
        index: -2, name: target.freeName(name), op: unknown ?? op?.name ?? source.op,
        definition: op,
        inputs: inputs, controlInputs: controls.filter { seen.insert($0).inserted },
        attributes: attributes, device: source.device, site: source.site, outputs: outputs,
        partialValues: op?.name == source.op ? source.record.partialValues : []))
  }
}
