import GraphCore
import StandardOps
import TensorCore

/// Writes the plan: gives every operand a buffer, orders the steps, and places buffers in memory.
package struct PlanBuilder {
  private var plan = Plan()
  private var buffers: [FusedKernel.Source: Int] = [:]
  private var variables: [String: Int] = [:]
  private let workspace: Workspace
  private let merges: Bool
  private let guardByteCount: Int
  /// Values of variables that are used after the variable was written.
  private var savedReads: Set<Tensor> = []
  private var liveness: Liveness

  /// - Parameters:
  ///   - merges: whether loops that share dimensions become stages of one kernel.
  ///   - guardByteCount: the bytes behind each buffer that are no buffer's.
  package init(_ workspace: Workspace, merges: Bool = true, guardByteCount: Int = 0) {
    self.workspace = workspace
    self.merges = merges
    self.guardByteCount = guardByteCount
    liveness = Liveness(written: ApplyRules.writtenVariables(workspace))
  }

  /// The plan of the given kernels, which compute everything that the workspace needs.
  ///
  /// - Throws: `GraphError` if a kernel would leave its buffers.
  package mutating func build(_ kernels: [FusedKernel]) throws(GraphError) -> Plan {
    declareVariables()
    let ordered = keepingReadValues(in: kernels)
    for kernel in merges ? stages(of: ordered) : ordered { append(kernel.collapsed()) }
    for tensor in workspace.fetches { plan.fetches.append(buffer(of: .tensor(tensor))) }
    for (position, tensor) in workspace.feeds {
      let index = buffer(of: .tensor(tensor))
      if case .feed = plan.buffers[index].location {
        plan.buffers[index].location = .feed(position)
        plan.feeds.append(position)
      }
    }
    plan.log = workspace.log
    try AccessProof.check(plan)
    Arena.place(&plan, inPlace: merges, guardByteCount: guardByteCount)
    return plan
  }

  /// Lists the variables in the order of the nodes, with what the run needs of them.
  private mutating func declareVariables() {
    for node in workspace.neededNodes() {
      guard let op = node.definition as? any StateOp.Type, op.action != .declare else { continue }
      let handle = node.input(0).node
      let name = handle.variableName
      let index = variables[name] ?? plan.variables.count
      if index == plan.variables.count {
        variables[name] = index
        plan.variables.append(
          Plan.VariableUse(
            name: name, node: handle.name, dtype: handle[Ops.VarHandleOp.dtype], shape: .scalar,
            needsValue: false, isWritten: false))
      }
      switch op.action {
      case .read:
        // What an earlier write of the same run gives needs no value from before.
        if !plan.variables[index].isWritten { plan.variables[index].needsValue = true }
        plan.variables[index].shape = node.output(0).shape.fullyDefined ?? .scalar
      case .write:
        plan.variables[index].isWritten = true
        plan.variables[index].shape = node.input(1).shape.fullyDefined ?? .scalar
      case .isInitialized:
        let buffer = addBuffer(node.output(0), .feed(0))
        buffers[.tensor(node.output(0))] = buffer
        plan.presence.append((index, buffer))
        plan.buffers[buffer].location = .arena(0)
      case .declare: break
      }
    }
  }

  /// A value read before a write keeps its value: where something after the write still takes it, the
  /// value is copied before its first use.
  private mutating func keepingReadValues(in kernels: [FusedKernel]) -> [FusedKernel] {
    var uses: [Tensor: ClosedRange<Int>] = [:]
    var writes: [String: [Int]] = [:]
    for (position, kernel) in kernels.enumerated() {
      for case .variable(let name) in kernel.operands.prefix(kernel.outputCount) {
        writes[name, default: []].append(position)
      }
      for operand in kernel.operands.dropFirst(kernel.outputCount) {
        guard case .tensor(let tensor) = operand else { continue }
        uses[tensor] = (uses[tensor]?.lowerBound ?? position)...position
      }
    }
    for tensor in workspace.fetches {
      uses[tensor] = (uses[tensor]?.lowerBound ?? kernels.count)...kernels.count
    }
    var copies: [Int: [FusedKernel]] = [:]
    for (tensor, use) in uses where tensor.node.op == Ops.ReadVariableOp.name {
      let name = tensor.node.input(0).node.variableName
      let write = writes[name]?.first { kernels[$0].root.index > tensor.node.index }
      guard let write, use.upperBound > write else { continue }
      savedReads.insert(tensor)
      copies[min(use.lowerBound, write), default: []].append(.copy(of: name, to: tensor))
    }
    if copies.isEmpty { return kernels }
    return kernels.enumerated().flatMap { (copies[$0.offset] ?? []) + [$0.element] }
  }

  /// The kernels with loops joined where they share dimensions.
  private mutating func stages(of kernels: [FusedKernel]) -> [FusedKernel] {
    let saved = savedReads
    func location(_ source: FusedKernel.Source) -> FusedKernel.Source {
      guard case .tensor(let tensor) = source, tensor.node.op == Ops.ReadVariableOp.name,
        !saved.contains(tensor)
      else { return source }
      return .variable(tensor.node.input(0).node.variableName)
    }
    let stored = StoringThrough.applied(
      to: kernels, fetched: Set(workspace.fetches.map { .tensor($0) }), location: location)
    return StageMerging.merged(stored, location: location, isLive: { isLive($0) })
  }

  /// Whether the kernel runs only after a variable changed.
  private mutating func isLive(_ kernel: FusedKernel) -> Bool {
    guard kernel.outputCount > 0, case .tensor(let tensor) = kernel.operands[0] else {
      return false
    }
    return tensor.node.op != Ops.ReadVariableOp.name && liveness.isLive(tensor)
  }

  private mutating func append(_ kernel: FusedKernel) {
    let indices = kernel.operands.map { buffer(of: $0) }
    let isLive = isLive(kernel)
    if isLive {
      for index in indices.prefix(kernel.outputCount) { plan.buffers[index].location = .live(0) }
    }
    if case .named(let call) = kernel.kernel, let counter = call.counter,
      case .randomCounter(let stream) = plan.buffers[indices[counter]].location
    {
      // As TensorFlow reserves: 256 blocks of the stream for each element.
      plan.randomStreams[stream].advance = UInt64(call.outputs[0].shape.count) &* 256
    }
    plan.steps.append(
      Plan.Step(
        kernel: kernel.kernel.sharing(indices), buffers: indices, outputCount: kernel.outputCount,
        nodes: kernel.nodes.map(\.name),
        origins: kernel.nodes.map(\.record.origin), isLive: isLive))
  }

  private mutating func buffer(of operand: FusedKernel.Source) -> Int {
    if let known = buffers[operand] { return known }
    let index: Int
    switch operand {
    case .tensor(let tensor): index = source(tensor)
    case .variable(let name):
      let variable = variables[name] ?? 0
      let use = plan.variables[variable]
      plan.buffers.append(
        Plan.Buffer(name: name, dtype: use.dtype, shape: use.shape, location: .variable(variable)))
      index = plan.buffers.count - 1
    case .randomCounter(let name):
      plan.randomStreams.append(Plan.RandomStream(name: name, advance: 0))
      plan.buffers.append(
        Plan.Buffer(
          name: name, dtype: .uint64, shape: .scalar,
          location: .randomCounter(plan.randomStreams.count - 1)))
      index = plan.buffers.count - 1
    }
    buffers[operand] = index
    return index
  }

  /// The buffer of a tensor: its own, or that of what it merely renames.
  private mutating func source(_ tensor: Tensor) -> Int {
    let node = tensor.node
    switch node.definition {
    case _ where node.op == Ops.Const.name:
      plan.constants.append(tensor.constantValue ?? TensorValue(zeros: [0], dtype: tensor.dtype))
      return addBuffer(tensor, .constant(plan.constants.count - 1))
    case _ where node.op == Ops.Placeholder.name: return addBuffer(tensor, .feed(-1))
    case _ where node.op == Ops.ReadVariableOp.name && !savedReads.contains(tensor):
      return buffer(of: .variable(node.input(0).node.variableName))
    default: return addBuffer(tensor, .arena(0))
    }
  }

  private mutating func addBuffer(_ tensor: Tensor, _ location: Plan.Location) -> Int {
    plan.buffers.append(
      Plan.Buffer(
        name: tensor.name, dtype: tensor.dtype, shape: tensor.shape.fullyDefined ?? .scalar,
        location: location))
    return plan.buffers.count - 1
  }
}
