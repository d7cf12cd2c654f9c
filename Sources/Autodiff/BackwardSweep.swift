import GraphCore
import StandardOps

/// One reverse-mode sweep: from outputs with known gradients back to the inputs asked for.
///
/// Works on the records of the nodes between them alone, each once, without recursion over the graph.
struct BackwardSweep {
  /// An input that received nothing although its op's output had a gradient.
  struct Cut {
    let node: Node
    let reason: String
  }

  let graph: Graph
  /// The name of the whole calculation that the sweep is part of.
  private let source: String
  private let targets: [Endpoint]
  private let wanted: Set<Endpoint>
  private let stops: Set<Endpoint>
  /// The nodes between, inputs before users; a loop is one of them, by the negative of its number.
  private var order: [Int] = []
  /// The loops made of separate nodes, and which loop and variable each `Exit` belongs to.
  private var frames: [LoopFrame] = []
  private var exits: [Int: Endpoint] = [:]
  /// The nodes whose outputs depend on a target.
  private var leading: Set<Int> = []
  private var contributions: [Endpoint: [GradientValue]] = [:]
  /// Where gradients ended on the way, for explanations.
  private(set) var cuts: [Cut] = []
  /// Whether a path of data edges leads from a target to an output.
  private(set) var isConnected = false

  /// Prepares a sweep.
  ///
  /// - Parameter source: what the calculation is called that this sweep belongs to; by default it is
  ///   one of its own.
  init(
    graph: Graph, from outputs: [Tensor], to targets: [Tensor], stops: [Tensor],
    source: String? = nil
  ) {
    self.graph = graph
    self.source = source ?? Ops.TensorArrayGradV3.unusedSource(in: graph)
    self.targets = targets.map(\.endpoint)
    wanted = Set(self.targets)
    self.stops = Set(stops.map(\.endpoint))
    let starts = outputs.filter { !$0.isPoison }.map(\.endpoint)
    findFrames()
    findOrder(from: starts)
    for key in order where dependencies(of: key).contains(where: { carries($0) }) {
      leading.insert(key)
    }
    isConnected = starts.contains { carries($0) }
  }

  private mutating func findFrames() {
    guard graph.operations.contains(where: \.isExit) else { return }
    do throws(GraphError) {
      frames = try LoopFrame.all(in: graph).frames
    } catch {
      graph.record(error)
    }
    for (number, frame) in frames.enumerated() {
      for (variable, own) in frame.exits.enumerated() {
        for exit in own { exits[exit.index] = Endpoint(node: -1 - number, output: variable) }
      }
    }
  }

  /// What a node or loop is computed from.
  private func dependencies(of key: Int) -> [Endpoint] {
    if key < 0 { return frames[-1 - key].enters.map { $0.record.inputs[0] } }
    if let variable = exits[key] { return [variable] }
    return graph.node(at: key).record.inputs
  }

  /// Whether the gradient with respect to an endpoint is of any use.
  private func carries(_ endpoint: Endpoint) -> Bool {
    wanted.contains(endpoint) || (leading.contains(endpoint.node) && !stops.contains(endpoint))
  }

  /// Lists the ancestors of `starts` in an order in which every node follows its inputs.
  private mutating func findOrder(from starts: [Endpoint]) {
    // A stack of our own: chains are longer than the machine's stack is deep.
    var open: [(key: Int, inputs: [Endpoint], next: Int)] = []
    var isOpen: [Int: Bool] = [:]
    func enter(_ key: Int) {
      isOpen[key] = true
      open.append((key, dependencies(of: key), 0))
    }
    for start in starts where isOpen[start.node] == nil && !stops.contains(start) {
      enter(start.node)
      while let (key, inputs, next) = open.last {
        guard next < inputs.count else {
          order.append(key)
          isOpen[key] = false
          open.removeLast()
          continue
        }
        open[open.count - 1].next += 1
        let input = inputs[next]
        if stops.contains(input) { continue }
        switch isOpen[input.node] {
        case nil: enter(input.node)
        case true?:
          let node = graph.node(at: max(key, 0))
          graph.record(
            GraphError(
              "is part of a loop that has no gradient", node: node.name, op: node.op,
              site: node.site))
        case false?: break
        }
      }
    }
  }

  /// Adds a part of the gradient with respect to an endpoint.
  mutating func contribute(_ value: GradientValue, to endpoint: Endpoint) {
    contributions[endpoint, default: []].append(value)
  }

  /// The sum of what an endpoint has received, added to the graph once.
  private mutating func total(at endpoint: Endpoint) -> GradientValue? {
    guard let parts = contributions[endpoint] else { return nil }
    let sum = GradientValue.sum(of: parts)
    if parts.count > 1 { contributions[endpoint] = [sum] }
    return sum
  }

  /// Goes back through all nodes and gives the gradient with respect to each target.
  mutating func run() -> [GradientValue?] {
    for key in order.reversed() where leading.contains(key) {
      if key < 0 {
        passLoop(-1 - key)
      } else if let variable = exits[key] {
        if let upstream = total(at: Endpoint(node: key, output: 0)) {
          contribute(upstream, to: variable)
        }
      } else {
        let node = graph.node(at: key)
        let upstream = node.record.outputs.indices.map { output in
          let endpoint = Endpoint(node: key, output: output)
          return stops.contains(endpoint) ? nil : total(at: endpoint)
        }
        if upstream.contains(where: { $0 != nil }) { pass(upstream, through: node) }
      }
    }
    return targets.map { total(at: $0) }
  }

  /// Gives what enters a loop its gradients.
  private mutating func passLoop(_ number: Int) {
    let frame = frames[number]
    let upstream = (0..<frame.variableCount).map { variable in
      total(at: Endpoint(node: -1 - number, output: variable))?.densified
    }
    let inputs = frame.enters.map { $0.input(0) }
    let gradients = graph.nameScope(frame.name + "_grad") {
      WhileGradient.gradients(
        frame.condition, frame.body, inputs, upstream, frame.variableCount,
        of: frame.exits.joined().first, context)
    }
    for (input, gradient) in zip(inputs, gradients) where carries(input.endpoint) {
      if let gradient { contribute(.dense(gradient), to: input.endpoint) }
    }
  }

  /// Gives a node's inputs their gradients.
  private mutating func pass(_ upstream: [GradientValue?], through node: Node) {
    let inputs = node.record.inputs
    guard let op = node.definition else {
      graph.record(
        GraphError(
          "the op is not known here, so gradients cannot pass it", node: node.name, op: node.op,
          site: node.site))
      cuts.append(Cut(node: node, reason: "the op is not known here"))
      return
    }
    let gradient: Gradient
    if op == Ops.ReadVariableOp.self || op == Ops.Identity.self {
      // Rows stay rows on their way to the variable.
      gradient = .inputs(upstream)
    } else {
      gradient = graph.nameScope(scopeName(of: node)) {
        op.gradient(of: node, upstream.map { $0?.densified }, in: context)
      }
    }
    switch gradient {
    case .none(let reason): cuts.append(Cut(node: node, reason: reason))
    case .unavailable(let reason):
      graph.record(
        GraphError(
          "its gradient cannot be built: \(reason)", node: node.name, op: node.op, site: node.site))
      cuts.append(Cut(node: node, reason: reason))
    case .inputs(let values):
      precondition(values.count == inputs.count, "\(op.name) gives a wrong number of gradients")
      for (index, (input, value)) in zip(inputs, values).enumerated() where carries(input) {
        if let value {
          contribute(value, to: input)
        } else {
          let reason = "its output does not depend differentiably on input \(index)"
          cuts.append(Cut(node: node, reason: reason))
        }
      }
    }
  }

  /// TensorFlow's name: the forward node's with `_grad`, relative to the open scope where a
  /// composite's expansion lies in it.
  private func scopeName(of node: Node) -> String {
    let open = graph.scope.names
    let name = node.name.hasPrefix(open) ? String(node.name.dropFirst(open.count)) : node.name
    return name + "_grad"
  }

  private var context: GradientContext {
    let (graph, source) = (graph, source)
    return GradientContext(graph: graph, source: source) { outputs, upstream, inputs in
      // A loop's gradient is built in a function's graph.
      let graph = outputs.first?.graph ?? graph
      var inner = BackwardSweep(
        graph: graph, from: outputs, to: inputs, stops: inputs, source: source)
      for (output, value) in zip(outputs, upstream) {
        if let value { inner.contribute(.dense(value), to: output.endpoint) }
      }
      let totals = inner.run().map { $0?.densified }
      // A tensor that is taken twice has one total, which counts once.
      var seen: Set<Tensor> = []
      return zip(inputs, totals).map { seen.insert($0).inserted ? $1 : nil }
    }
  }
}
