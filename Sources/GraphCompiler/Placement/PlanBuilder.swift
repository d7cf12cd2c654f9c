import GraphCore
import StandardOps
import TensorCore

/// Gives every operand of the kernels a buffer and orders the steps.
struct PlanBuilder {
  static let name = "number-buffers"
  static let summary = "gives every operand a buffer"

  private var plan = Plan()
  private var buffers: [FusedKernel.Source: Int] = [:]
  private var variables: [String: Int] = [:]
  /// The handles of memory that lasts as long as the run, by name.
  private var memories: [String: Node] = [:]
  /// The variables that surely have a value by the place that the plan has come to.
  private var given = Set<Int>()
  /// By how much the rounds of the loop, or the side of the branch, that is being written advance random
  /// streams.
  private var streams: [(number: Int, advance: UInt64)] = []
  private var list: KernelList
  private var workspace: Workspace { list.workspace }

  /// The plan of kernels that compute everything that their workspace needs; what its buffers hold has
  /// no place in memory yet.
  static func plan(of list: KernelList) -> Plan {
    var builder = PlanBuilder(list: list)
    builder.build()
    return builder.plan
  }

  private init(list: KernelList) { self.list = list }

  private mutating func build() {
    plan.guardByteCount = list.options.guardByteCount
    declareVariables(workspace)
    plan.blocks = blocks(of: list)
    for tensor in workspace.fetches { plan.fetches.append(buffer(of: .tensor(tensor))) }
    for (position, tensor) in workspace.feeds {
      let index = buffer(of: .tensor(tensor))
      if case .feed = plan.buffers[index].location {
        plan.buffers[index].location = .feed(position)
        plan.feeds.append(position)
      }
    }
    plan.log = list.log
  }

  /// Lists the variables in the order of the nodes, with what the run needs of them.
  ///
  /// - Parameter isRound: whether they are those of a loop, which may have no rounds, or of a side of a
  ///   branch.
  private mutating func declareVariables(_ workspace: Workspace, isRound: Bool = false) {
    for node in workspace.neededNodes() {
      if node.isRegion {
        for (number, function) in node.regionFunctions.enumerated() {
          // A loop's condition is asked in any case.
          let isCertain = node.isLoop && number == 0
          declareVariables(Workspace(function), isRound: isRound || !isCertain)
        }
        continue
      }
      guard let op = node.definition as? any StateOp.Type, op.action != .declare else { continue }
      let handle = node.input(0).node
      let name = handle.variableName
      if handle.isRunMemory {
        memories[name] = handle
        continue
      }
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
        if !given.contains(index) { plan.variables[index].needsValue = true }
        plan.variables[index].shape = node.output(0).shape.fullyDefined ?? .scalar
      case .write:
        plan.variables[index].isWritten = true
        if !isRound { given.insert(index) }
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

  /// Appends the steps of a list.
  private mutating func blocks(of list: KernelList) -> [Plan.Block] {
    self.list = list
    var blocks: [Plan.Block] = []
    for item in list.kernels {
      let first = plan.steps.count
      switch item.work {
      case .kernel(let kernel):
        append(kernel, item, isLive: self.list.isLive(item))
        blocks.extend(by: first..<plan.steps.count)
      case .loop(let region):
        enter(region)
        blocks.extend(by: first..<plan.steps.count)
        blocks.append(.loop(loop(region)))
        self.list = list
      case .branch(let region):
        blocks.append(.branch(branch(region)))
        self.list = list
      }
    }
    return blocks
  }

  /// Gives a loop's values their buffers, and copies what it begins with there.
  private mutating func enter(_ region: LoopRegion) {
    for (number, argument) in region.arguments.enumerated() {
      let input = FusedKernel.Source.tensor(region.node.input(number))
      let index: Int
      if region.isCarried(number) {
        // What a condition holds is written before the rounds and in each of them.
        index = buffers[.tensor(argument)] ?? addBuffer(argument, .arena(0))
        buffers[.tensor(argument)] = index
        let copy = FusedKernel.copy(input, to: .tensor(argument), like: argument)
        // Rounds write over it, so that it is copied in every run.
        if let kernel = copy.kernel { append(kernel, copy, isLive: false) }
      } else {
        index = buffer(of: input)
        buffers[.tensor(argument)] = index
      }
      buffers[.tensor(region.conditionArguments[number])] = index
      buffers[.tensor(region.node.output(number))] = index
    }
  }

  private mutating func loop(_ region: LoopRegion) -> Plan.Loop {
    let (first, outer) = (plan.steps.count, streams)
    streams = []
    defer { streams = outer }
    let condition = blocks(of: region.condition)
    let predicate = buffer(of: .tensor(region.predicate))
    let body = blocks(of: region.body)
    return Plan.Loop(
      name: region.node.name, condition: condition, predicate: predicate, body: body,
      steps: first..<plan.steps.count, streams: streams)
  }

  private mutating func branch(_ region: BranchRegion) -> Plan.Branch {
    for output in region.node.outputs where buffers[.tensor(output)] == nil {
      buffers[.tensor(output)] = addBuffer(output, .arena(0))
    }
    for arguments in [region.arguments.whenTrue, region.arguments.whenFalse] {
      for (argument, input) in zip(arguments, region.node.inputs.dropFirst()) {
        buffers[.tensor(argument)] = buffer(of: .tensor(input))
      }
    }
    let predicate = buffer(of: .tensor(region.predicate))
    let first = plan.steps.count
    let whenTrue = side(region.whenTrue)
    let whenFalse = side(region.whenFalse)
    return Plan.Branch(
      name: region.node.name, predicate: predicate, whenTrue: whenTrue, whenFalse: whenFalse,
      steps: first..<plan.steps.count)
  }

  private mutating func side(_ list: KernelList) -> Plan.Branch.Side {
    let outer = streams
    streams = []
    defer { streams = outer }
    return Plan.Branch.Side(blocks: blocks(of: list), streams: streams)
  }

  private mutating func append(_ kernel: Kernel, _ item: FusedKernel, isLive: Bool) {
    let indices = item.operands.map { buffer(of: $0) }
    if isLive {
      for index in indices.prefix(item.outputCount) { plan.buffers[index].location = .live(0) }
    }
    if case .named(let call) = kernel, let counter = call.counter,
      case .randomCounter(let stream) = plan.buffers[indices[counter]].location
    {
      // As TensorFlow reserves: 256 blocks of the stream for each element.
      let advance = UInt64(call.outputs[0].shape.count) &* 256
      if list.isRound {
        streams.append((stream, advance))
      } else {
        plan.randomStreams[stream].advance = advance
      }
    }
    plan.steps.append(
      Plan.Step(
        kernel: kernel.sharing(indices), buffers: indices, outputCount: item.outputCount,
        nodes: item.nodes.map(\.name),
        origins: item.nodes.map { list.isRound ? -1 : $0.record.origin }, isLive: isLive))
  }

  private mutating func buffer(of operand: FusedKernel.Source) -> Int {
    if let known = buffers[operand] { return known }
    let index: Int
    switch operand {
    case .tensor(let tensor): index = source(tensor)
    case .kept(let tensor): index = addBuffer(tensor, .arena(0))
    case .variable(let name):
      plan.buffers.append(buffer(ofVariable: name))
      index = plan.buffers.count - 1
    case .stack(let name):
      plan.stacks.append(name)
      plan.buffers.append(
        Plan.Buffer(
          name: name, dtype: .uint64, shape: [8], location: .stack(plan.stacks.count - 1)))
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

  /// A variable's buffer; in the arena if it lasts no longer than the run.
  private func buffer(ofVariable name: String) -> Plan.Buffer {
    if let handle = memories[name] {
      return Plan.Buffer(
        name: name, dtype: handle[Ops.VarHandleOp.dtype],
        shape: handle[Ops.VarHandleOp.shape].fullyDefined ?? .scalar, location: .arena(0))
    }
    let variable = variables[name] ?? 0
    let use = plan.variables[variable]
    return Plan.Buffer(
      name: name, dtype: use.dtype, shape: use.shape, location: .variable(variable))
  }

  /// The buffer of a tensor: its own, or that of what it merely renames.
  private mutating func source(_ tensor: Tensor) -> Int {
    let node = tensor.node
    switch node.definition {
    case _ where node.op == Ops.Const.name:
      plan.constants.append(tensor.constantValue ?? TensorValue(zeros: [0], dtype: tensor.dtype))
      return addBuffer(tensor, .constant(plan.constants.count - 1))
    case _ where node.op == Ops.Placeholder.name: return addBuffer(tensor, .feed(-1))
    case _ where node.op == Ops.ReadVariableOp.name && !list.savedReads.contains(tensor):
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
