import GraphCore
import StandardOps
import TensorCore

/// Which nodes are computed by one kernel: each kernel has a root, whose result is stored; what only
/// roots need is computed inside them.
///
/// A node is computed inside a consumer's kernel if it is computed nowhere else, or so cheaply that
/// computing it again beats storing it; never if that would repeat it for every element of a larger
/// loop. A kernel holds at most one reduction or product — a contraction or a convolution —, the rest
/// of it being element-wise.
package struct Grouping {
  /// The nodes whose results are stored, in order.
  package private(set) var roots: [Node] = []
  /// The reduction or product inside the kernel of a root, by the root's index.
  package private(set) var heavy: [Int: Int] = [:]

  /// Why each node that is computed is stored rather than computed inside of what takes it.
  package private(set) var reasons: [(node: Node, reason: String)] = []

  /// The views that kernels read in place, by their nodes.
  private var views: [Int: MemoryView] = [:]
  private var isRoot: [Int: Bool] = [:]
  private var state: [Int: Inlining] = [:]
  private let fuses: Bool
  private var liveness: Liveness

  /// How a node is computed inside other nodes' kernels.
  private struct Inlining {
    /// The roots whose kernels compute it.
    var roots: Set<Int> = []
    /// Whether each of its elements belongs to the root's element of the same number.
    var isAligned = true
    /// How many of its elements the kernel computes, repetitions counted.
    var evaluations = 0
    /// The number of nodes between it and the root.
    var depth = 0
    /// The steps that computing one element takes.
    var cost = 0
    var uses = 0
    /// Whether a kernel reads the node, a view, in the memory of what it is a view of.
    var isReadInPlace = false
  }

  /// Deeper chains are cut, so that lowering's recursion stays shallow.
  private static let depthLimit = 100
  /// What is computed again in every kernel that needs it: two or three steps without a function call.
  private static let duplicationLimit = 3

  package init(_ workspace: Workspace, fuses: Bool = true) {
    self.fuses = fuses
    liveness = Liveness(written: ApplyRules.writtenVariables(workspace))
    let nodes = workspace.neededNodes()
    for tensor in workspace.fetches where isRoot[tensor.node.index] == nil {
      isRoot[tensor.node.index] = true
      reasons.append((tensor.node, "is stored, since it is fetched"))
    }
    let consumers = Self.consumers(nodes)
    let costs = Self.costs(nodes)
    for node in nodes.reversed() { place(node, consumers[node.index] ?? [], costs) }
    roots = nodes.filter { isRoot[$0.index] == true }
  }

  /// Whether the node's result is stored in a buffer.
  package func isStored(_ node: Node) -> Bool { isRoot[node.index] ?? false }

  private static func consumers(_ nodes: [Node]) -> [Int: [(node: Node, input: Int)]] {
    var result: [Int: [(Node, Int)]] = [:]
    for node in nodes {
      for (input, endpoint) in node.record.inputs.enumerated() {
        result[endpoint.node, default: []].append((node, input))
      }
    }
    return result
  }

  /// The element steps of each node with what it would be computed from, were all of it inlined.
  private static func costs(_ nodes: [Node]) -> [Int: Int] {
    var costs: [Int: Int] = [:]
    for node in nodes {
      switch node.definition {
      case is any ElementwiseOp.Type:
        let below = node.record.inputs.reduce(0) { $0 + (costs[$1.node] ?? 0) }
        costs[node.index] = min(below + stepCost(of: node), 1 << 20)
      case is any ViewOp.Type: costs[node.index] = costs[node.record.inputs.first?.node ?? -1] ?? 0
      case is any SourceOp.Type, is any StateOp.Type: costs[node.index] = 0
      default: costs[node.index] = 1 << 20
      }
    }
    return costs
  }

  private static func stepCost(of node: Node) -> Int {
    guard let op = node.definition as? any ElementwiseOp.Type else { return 0 }
    return Lowering.expression(of: op, node).stepCost
  }

  private mutating func place(
    _ node: Node, _ consumers: [(node: Node, input: Int)], _ costs: [Int: Int]
  ) {
    let index = node.index
    switch node.definition {
    case is any SourceOp.Type, is any StateOp.Type:
      if node.mustRun { isRoot[index] = true }
      if isRoot[index] == true || node.mustRun { start(node) }
      return
    case is any ElementwiseOp.Type, is any ViewOp.Type, is any ReductionOp.Type,
      is any KernelOp.Type:
      break
    default:
      isRoot[index] = true
      return
    }
    if isRoot[index] != true,
      let reason = fuses
        ? inline(node, consumers, costs) : "is stored, as each node is without fusion"
    {
      isRoot[index] = true
      reasons.append((node, reason))
    }
    if isRoot[index] == true { start(node) }
  }

  /// Makes the node the root of a kernel of its own.
  private mutating func start(_ node: Node) {
    let count = node.outputs.first?.shape.count ?? node.inputs.last?.shape.count ?? 0
    state[node.index] = Inlining(roots: [node.index], evaluations: count)
    if node.definition is any ReductionOp.Type || node.isProduct {
      heavy[node.index] = node.index
      state[node.index]?.evaluations = node.inputs.first?.shape.count ?? 0
    }
  }

  /// Tries to compute the node inside its consumers' kernels.
  ///
  /// - Returns: why it cannot be; nil if it is.
  private mutating func inline(
    _ node: Node, _ consumers: [(node: Node, input: Int)], _ costs: [Int: Int]
  ) -> String? {
    guard node.outputs.count == 1, let count = node.output(0).shape.count else {
      return "is stored, since it has \(node.outputs.count) results"
    }
    let isView = node.definition is any ViewOp.Type
    if !isView, liveness.followsVariables(node.output(0)),
      let other = consumers.first(where: {
        $0.node.outputs.isEmpty || !liveness.isLive($0.node.output(0))
      })
    {
      return
        "is stored, since it changes with its variables alone and \"\(other.node.name)\" does not"
    }
    var result = Inlining()
    var view: MemoryView?
    for (consumer, input) in consumers {
      if let found = viewReadInPlace(node, by: consumer) {
        view = found
        result.isReadInPlace = true
        continue
      }
      guard let edge = edge(from: node, to: consumer, input) else {
        return "is stored, since \"\(consumer.name)\" (\(consumer.op)) reads it from memory"
      }
      result.roots.formUnion(edge.roots)
      result.isAligned = result.isAligned && edge.isAligned
      result.evaluations = max(result.evaluations, edge.evaluations)
      result.depth = max(result.depth, edge.depth)
      result.uses += 1
      result.isReadInPlace = result.isReadInPlace || edge.isReadInPlace
    }
    guard !result.roots.isEmpty || result.isReadInPlace, result.depth < Self.depthLimit else {
      return "is stored, since the chain after it is \(result.depth) nodes long"
    }
    let takers = consumers.map { "\"\($0.node.name)\"" }.joined(separator: ", ")
    let isHeavy = node.definition is any ReductionOp.Type || node.isProduct
    let cost = costs[node.index] ?? 0
    if isHeavy {
      guard result.roots.count == 1, let root = result.roots.first else {
        return "is stored, since several kernels take it: \(takers)"
      }
      guard heavy[root] == nil else {
        return "is stored, since the kernel of \"\(node.graph.node(at: root).name)\" holds a "
          + "reduction or product already"
      }
      // The kernel of another backend would round what follows otherwise than that would be alone.
      if let convolution = node.convolution, !convolution.isCommon, !roundsAlike(root, above: node)
      {
        return
          "is stored, since not every backend has its kernel and what follows is not rounded alike"
      }
      // Only a kernel whose elements are the heavy node's own can finish it.
      guard result.isAligned, state[root]?.evaluations == count,
        result.uses == 1 || node.definition is any ReductionOp.Type
      else {
        return "is stored, since \(takers) would compute it again for other elements"
      }
      heavy[root] = node.index
      result.evaluations = node.input(0).shape.count ?? 0
      result.isAligned = false
      state[node.index] = result
      return nil
    }
    if node.definition is any KernelOp.Type {
      return "is stored, since its kernel writes memory"
    }
    if !isView, cost > Self.duplicationLimit {
      if result.roots.count > 1 {
        return "is stored, since several kernels take it: \(takers)"
      }
      if result.evaluations > count {
        return "is stored, since \(takers) would compute it again for each repetition"
      }
    }
    if isView, result.roots.count > 4 {
      return "is stored, since \(result.roots.count) kernels take it: \(takers)"
    }
    if isView, node.isConcatenation {
      return "is stored, since its pieces come from different places"
    }
    if let view {
      views[node.index] = view
      if isRoot[view.base.node.index] != true {
        isRoot[view.base.node.index] = true
        reasons.append(
          (view.base.node, "is stored, since \(takers) reads it by way of \"\(node.name)\""))
      }
    }
    state[node.index] = result
    return nil
  }

  /// Whether every backend gives the same bits for what a root's kernel computes besides a heavy node.
  private func roundsAlike(_ root: Int, above heavy: Node) -> Bool {
    var seen: Set<Int> = [heavy.index]
    var pending = [heavy.graph.node(at: root)]
    while let node = pending.popLast() {
      guard seen.insert(node.index).inserted else { continue }
      guard node.index == root || isRoot[node.index] != true else { continue }
      if let op = node.definition as? any ElementwiseOp.Type,
        !Lowering.expression(of: op, node).isRoundedAlike
      {
        return false
      }
      pending += node.inputs.map(\.node)
    }
    return true
  }

  /// The memory in which a kernel of its own reads a view; nil if it must be stored for that.
  private func viewReadInPlace(_ node: Node, by consumer: Node) -> MemoryView? {
    guard node.definition is any ViewOp.Type, !node.isConcatenation,
      consumer.definition is any KernelOp.Type,
      let sizes = node.output(0).shape.fullyDefined?.dimensions
    else { return nil }
    let view = MemoryView(through: node.output(0)) { isRoot[$0.index] == true }
    return view.suits(consumer, sizes) ? view : nil
  }

  /// Where kernels find a tensor that is in memory: its own, or what it is a view of.
  func memory(of tensor: Tensor) -> MemoryView {
    views[tensor.node.index].flatMap { isStored(tensor.node) ? nil : $0 } ?? MemoryView(of: tensor)
  }

  private struct Edge {
    var roots: Set<Int>
    var isAligned: Bool
    var evaluations: Int
    var depth: Int
    var isReadInPlace: Bool
  }

  /// How a node would be computed if its consumer computes it; nil if it must be stored for that.
  private func edge(from node: Node, to consumer: Node, _ input: Int) -> Edge? {
    guard let inner = state[consumer.index] else { return nil }
    var edge = Edge(
      roots: inner.roots, isAligned: inner.isAligned, evaluations: inner.evaluations,
      depth: inner.depth + 1,
      isReadInPlace: inner.isReadInPlace && consumer.definition is any ViewOp.Type)
    let shape = node.output(0).shape
    switch consumer.definition {
    case let op as any ElementwiseOp.Type:
      let same = shape == consumer.output(0).shape && op.axes(ofInput: input, of: consumer) == nil
      edge.isAligned = edge.isAligned && same
    case let op as any ViewOp.Type:
      guard let view = op.view(of: consumer) else { return nil }
      switch view {
      case .reshape:
        // Anything but adding and dropping dimensions of size 1 needs the elements in memory.
        let a = shape.fullyDefined?.dimensions.filter { $0 != 1 }
        let b = consumer.output(0).shape.fullyDefined?.dimensions.filter { $0 != 1 }
        guard input == 0, a == b else { return nil }
      case .pieces(let pieces):
        edge.isAligned = false
        if pieces.count > 1 { edge.evaluations = shape.count ?? 0 }
      }
    case is any ReductionOp.Type:
      guard input == 0 else { return nil }
      edge.isAligned = false
    case is any StateOp.Type:
      guard consumer.mustRun, input == 1 else { return nil }
    default: return nil
    }
    return edge
  }
}

extension KernelSpecification {
  /// Whether it is among the convolutions that every backend has a kernel for: of channels last, and
  /// depthwise with one filter a channel and not for the filter's gradient.
  fileprivate var isCommon: Bool {
    guard case .convolution(let geometry, let part, let isDepthwise) = self else { return true }
    if geometry.isChannelsFirst { return false }
    if isDepthwise {
      return part != .filterGradient && geometry.outputChannels == geometry.inputChannels
    }
    return part != .filterGradient || geometry.groups == 1
  }
}

extension ElementExpression {
  /// What computing it costs, in additions.
  var stepCost: Int {
    instructions.reduce(0) { total, step in
      switch step {
      case .load, .constant, .coordinate: total
      case .unary(let operation, _):
        total + ([.negate, .absolute, .not].contains(operation) ? 1 : 20)
      case .binary(.divide, _, _), .binary(.power, _, _), .binary(.arcTangent2, _, _): total + 10
      default: total + 1
      }
    }
  }
}

extension LoopKernel {
  /// What an element costs with what follows from it, in additions.
  var stepCost: Int { body.stepCost + (finish?.stepCost ?? 0) }
}

extension Node {
  /// Whether the node is a matrix product.
  package var isContraction: Bool {
    guard let op = definition as? any KernelOp.Type else { return false }
    if case .contraction = op.kernel(of: self) { return true }
    return false
  }

  /// The convolution that the node is, if it is one.
  fileprivate var convolution: KernelSpecification? {
    (definition as? any ConvolutionOp.Type)?.kernel(of: self)
  }

  /// Whether the node is computed by a kernel whose finished tiles can go through an epilogue: a matrix
  /// product or a convolution.
  package var isProduct: Bool { definition is any ConvolutionOp.Type || isContraction }

  /// Whether the node is a view of several pieces.
  var isConcatenation: Bool {
    guard let op = definition as? any ViewOp.Type, case .pieces(let pieces)? = op.view(of: self)
    else { return false }
    return pieces.count != 1
  }
}
