import GraphCore
import StandardOps
import TensorCore

/// TensorFlow 1's arrays and stacks as memory of the plan.
///
/// An array is a variable that lasts as long as its run: reading and writing an element is what gathering
/// from a variable and scattering to it are, and all elements together are the variable's value. What
/// orders the ops in the source, the array's flow, has no value here.
extension SpecializedCopy {
  /// What stands for the outputs of an op on an array or a stack; nil for any other op, and where they
  /// are left to the session.
  mutating func inMemory(_ node: Node, _ inputs: [Tensor]) throws -> [Tensor]? {
    let isOnLists = node.definition is any TensorListOp.Type
    guard isOnLists || node.definition is any SharedValuesOp.Type else { return nil }
    guard options.makesRegions, request.open == nil, !memories.isRefused else {
      if let reason = memories.reason { record(node, "is left to the session, since \(reason)") }
      return nil
    }
    let outputs =
      try isOnLists ? listOutputs(node, inputs) : memoryOutputs(node, inputs)
    guard let outputs else {
      memories.refuse("\(node.name) (\(node.op)) has no fixed place in memory")
      return nil
    }
    return outputs
  }

  private mutating func memoryOutputs(_ node: Node, _ inputs: [Tensor]) throws -> [Tensor]? {
    switch node.op {
    case Ops.TensorArrayV3.name: return try array(node, inputs)
    case Ops.StackV2.name:
      guard case .type(let dtype)? = node.attributes["elem_type"], dtype.byteCount != nil else {
        return nil
      }
      return [emptyStack(memoryName(node.name), dtype, node)]
    default:
      guard let handle = inputs.first?.node, handle.isRunMemory,
        let memory = memories.memory(handle.variableName)
      else { return nil }
      return try access(node, inputs, handle.output(0), handle.variableName, memory)
    }
  }

  /// A new array of zeros, and those that gradients of it are collected in.
  private mutating func array(_ node: Node, _ inputs: [Tensor]) throws -> [Tensor]? {
    guard case .type(let dtype)? = node.attributes["dtype"], dtype.byteCount != nil,
      node.attributes["dynamic_size"] != .bool(true),
      let count = try constant(inputs[0])?.integers?.first, (0...(1 << 24)).contains(count)
    else { return nil }
    let name = memoryName(node.name)
    var memory = RunMemories.Memory(
      dtype: dtype, count: count, accumulates: false, isChecked: true)
    if case .shape(let stated)? = node.attributes["element_shape"],
      let shape = stated.fullyDefined
    {
      memory.isChecked = false
      guard memories.learn(shape, of: name) else { return nil }
    }
    let handle = declared(name, memory, node)
    for source in memories.sources(of: name) {
      guard let shape = memories.element(name) else { break }
      let own = Self.name(of: name, collecting: source)
      _ = memories.learn(shape, of: own)
      _ = declared(own, .init(dtype: dtype, count: count, accumulates: true), node)
    }
    return [handle, target.constant(Float(0))]
  }

  /// The name of memory that an op of the source makes.
  func memoryName(_ name: String) -> String {
    "\(Node.runMemoryPrefix)\(request.region.path)\(name)"
  }

  private static func name(of array: String, collecting source: String) -> String {
    "\(array)@\(source)"
  }

  /// The handle of memory, which begins as zeros once its size is known.
  func declared(_ name: String, _ memory: RunMemories.Memory, _ node: Node)
    -> Tensor
  {
    memories.declare(name, memory)
    let handle = self.handle(name, memory, node)
    guard let shape = handle.node[Ops.VarHandleOp.shape].fullyDefined else { return handle }
    target.withScope({ $0.origin = node.index }) {
      let zeros = fill(
        target.constant(shape.dimensions, .int32), with: target.constant(0, memory.dtype))
      target.add(
        Ops.AssignVariableOp.self, [handle, zeros], name: node.name + "/zeros",
        ["dtype": .type(memory.dtype)])
      if memory.isChecked {
        let none = fill(target.constant([memory.count], .int32), with: target.constant(false))
        target.add(
          Ops.AssignVariableOp.self, [flags(name, memory, node), none], name: node.name + "/unset",
          ["dtype": .type(.bool)])
      }
    }
    return handle
  }

  /// The handle of what tells which elements of an array have been written.
  private func flags(_ name: String, _ memory: RunMemories.Memory, _ node: Node) -> Tensor {
    target.add(
      Ops.VarHandleOp.self, name: node.name + "_written",
      [
        "dtype": .type(.bool), "shape": .shape([memory.count]),
        "shared_name": (name + ":written").attribute, Node.runMemory: .bool(true),
      ]
    ).output(0)
  }

  /// Notes that elements of an array are written.
  ///
  /// - Parameter indices: which ones; nil for all.
  private func noteWriting(
    _ indices: Tensor?, _ name: String, _ memory: RunMemories.Memory, _ node: Node
  ) {
    guard memory.isChecked else { return }
    // A round may never come.
    if indices == nil, request.region.depth == 0 { memories.fill(name) }
    let shape = indices?.shape.fullyDefined ?? [memory.count]
    let set = fill(target.constant(shape.dimensions, .int32), with: target.constant(true))
    let handle = flags(name, memory, node)
    if let indices {
      add(Ops.ResourceScatterUpdate.self, [handle, indices, set], node, ["dtype": .type(.bool)])
    } else {
      add(Ops.AssignVariableOp.self, [handle, set], node, ["dtype": .type(.bool)])
    }
  }

  /// Has the run end where it reads an element that nobody has written.
  ///
  /// - Parameter indices: which are read; nil for all.
  private func checkReading(
    _ indices: Tensor?, _ name: String, _ memory: RunMemories.Memory, _ node: Node
  ) {
    guard memory.isChecked, !memories.isFilled(name) else { return }
    let handle = flags(name, memory, node)
    let own = ["dtype": Attribute.type(.bool)]
    let read =
      indices.map { add(Ops.ResourceGather.self, [handle, $0], node, own) }
      ?? add(Ops.ReadVariableOp.self, [handle], node, own)
    let isWritten = reduceAll(read.output(0))
    _ = target.withScope({ $0.origin = node.index }) {
      target.add(
        Ops.Assert.self, [isWritten, isWritten], name: node.name + "/everyElementIsWritten",
        ["T": .list([.type(.bool)])])
    }
  }

  func handle(_ name: String, _ memory: RunMemories.Memory, _ node: Node) -> Tensor {
    let shape = memories.element(name).map { PartialShape(Shape([memory.count] + $0.dimensions)) }
    return target.withScope({ $0.origin = node.index }) {
      target.add(
        Ops.VarHandleOp.self, name: node.name,
        [
          "dtype": .type(memory.dtype), "shape": .shape(shape ?? .unknown),
          "shared_name": name.attribute, Node.runMemory: .bool(true),
        ]
      ).output(0)
    }
  }

  /// An op on an array that exists.
  private mutating func access(
    _ node: Node, _ inputs: [Tensor], _ handle: Tensor, _ name: String,
    _ memory: RunMemories.Memory
  ) throws -> [Tensor]? {
    let flow = target.constant(Float(0))
    let dtype = ["dtype": Attribute.type(memory.dtype)]
    switch node.op {
    case Ops.StackPushV2.name:
      return try push(inputs[1], onto: name, memory, handle, node) ? [inputs[1]] : nil
    case Ops.StackPopV2.name:
      return pop(from: name, memory, handle, node).map { [$0] }
    case Ops.TensorArraySizeV3.name: return [target.constant(Int32(memory.count))]
    case Ops.TensorArrayGradV3.name:
      guard let source = node.attributes["source"].flatMap({ String($0) }) else { return nil }
      memories.collect(source, of: name)
      let own = Self.name(of: name, collecting: source)
      let collecting = RunMemories.Memory(
        dtype: memory.dtype, count: memory.count, accumulates: true)
      if memories.memory(own) == nil { memories.declare(own, collecting) }
      if let shape = memories.element(name) { _ = memories.learn(shape, of: own) }
      return [self.handle(own, collecting, node), flow]
    case Ops.TensorArrayWriteV3.name:
      let value = inputs[2]
      guard value.dtype == memory.dtype, let shape = value.shape.fullyDefined,
        memories.learn(shape, of: name)
      else { return nil }
      // Of a place that was not known before, the next copy knows.
      guard handle.node[Ops.VarHandleOp.shape].fullyDefined != nil else { return [flow] }
      let op: any Op.Type =
        memory.accumulates ? Ops.ResourceScatterAdd.self : Ops.ResourceScatterUpdate.self
      noteWriting(inputs[1], name, memory, node)
      return add(op, [handle, inputs[1], value], node, dtype).isPoison ? nil : [flow]
    case Ops.TensorArrayReadV3.name:
      guard let shape = memories.element(name) else { return nil }
      guard handle.node[Ops.VarHandleOp.shape].fullyDefined != nil else {
        return [placeholder(memory.dtype, shape)]
      }
      checkReading(inputs[1], name, memory, node)
      return [add(Ops.ResourceGather.self, [handle, inputs[1]], node, dtype).output(0)]
    case Ops.TensorArrayGatherV3.name:
      guard let shape = memories.element(name), let count = inputs[1].shape.count else {
        return nil
      }
      guard handle.node[Ops.VarHandleOp.shape].fullyDefined != nil else {
        return [placeholder(memory.dtype, Shape([count] + shape.dimensions))]
      }
      let isWhole = try isEvery(inputs[1], memory.count)
      checkReading(isWhole ? nil : inputs[1], name, memory, node)
      if isWhole {
        return [add(Ops.ReadVariableOp.self, [handle], node, dtype).output(0)]
      }
      return [add(Ops.ResourceGather.self, [handle, inputs[1]], node, dtype).output(0)]
    case Ops.TensorArrayScatterV3.name:
      let value = inputs[2]
      guard value.dtype == memory.dtype, let shape = value.shape.fullyDefined, shape.rank > 0,
        memories.learn(Shape(Array(shape.dimensions.dropFirst())), of: name)
      else { return nil }
      guard handle.node[Ops.VarHandleOp.shape].fullyDefined != nil else { return [flow] }
      let op: any Op.Type
      var inputs = [handle, inputs[1], value]
      let isWhole = try isEvery(inputs[1], memory.count) && shape[0] == memory.count
      noteWriting(isWhole ? nil : inputs[1], name, memory, node)
      if isWhole {
        inputs = [handle, value]
        op = memory.accumulates ? Ops.AssignAddVariableOp.self : Ops.AssignVariableOp.self
      } else {
        op = memory.accumulates ? Ops.ResourceScatterAdd.self : Ops.ResourceScatterUpdate.self
      }
      return add(op, inputs, node, dtype).isPoison ? nil : [flow]
    case Ops.TensorArrayConcatV3.name:
      guard let shape = memories.element(name), shape.rank > 0 else { return nil }
      let sizes = [memory.count * shape[0]] + shape.dimensions.dropFirst()
      let lengths = target.constant(
        Array(repeating: shape[0], count: memory.count), .int64)
      guard handle.node[Ops.VarHandleOp.shape].fullyDefined != nil else {
        return [placeholder(memory.dtype, Shape(sizes)), lengths]
      }
      checkReading(nil, name, memory, node)
      let all = add(Ops.ReadVariableOp.self, [handle], node, dtype).output(0)
      return [reshape(all, to: sizes), lengths]
    case Ops.TensorArraySplitV3.name:
      let value = inputs[1]
      // Elements of one shape each.
      guard value.dtype == memory.dtype, let shape = value.shape.fullyDefined, shape.rank > 0,
        let lengths = try constant(inputs[2])?.integers, lengths.count == memory.count,
        let length = lengths.first, lengths.allSatisfy({ $0 == length }),
        [length, lengths.count].sizeProduct == shape[0],
        memories.learn(Shape([length] + shape.dimensions.dropFirst()), of: name)
      else { return nil }
      guard handle.node[Ops.VarHandleOp.shape].fullyDefined != nil else { return [flow] }
      noteWriting(nil, name, memory, node)
      let rows = reshape(value, to: [lengths.count, length] + shape.dimensions.dropFirst())
      let op: any Op.Type =
        memory.accumulates ? Ops.AssignAddVariableOp.self : Ops.AssignVariableOp.self
      return add(op, [handle, rows], node, dtype).isPoison ? nil : [flow]
    default: return nil
    }
  }

  // MARK: Stacks

  /// The handle of a stack that nothing is on.
  func emptyStack(_ name: String, _ dtype: DType, _ node: Node) -> Tensor {
    let memory = RunMemories.Memory(dtype: dtype, count: 0, accumulates: false, isStack: true)
    memories.declare(name, memory)
    let handle = handle(name, memory, node)
    add(Ops._StackClear.self, [handle], node)
    return handle
  }

  /// Pushes a tensor, if it may lie on the stack.
  func push(
    _ value: Tensor, onto name: String, _ memory: RunMemories.Memory, _ handle: Tensor, _ node: Node
  ) throws -> Bool {
    guard value.dtype == memory.dtype, let shape = value.shape.fullyDefined,
      memories.learn(shape, of: name)
    else { return false }
    // Gradients push sizes and permutations, on which their own sizes depend.
    let known = shape.count <= PartialValue.longest ? try constant(value) : nil
    if memories.push(known, onto: name) { add(Ops._StackPush.self, [handle, value], node) }
    return true
  }

  /// What is popped from a stack; nil if nothing is ever pushed.
  func pop(
    from name: String, _ memory: RunMemories.Memory, _ handle: Tensor, _ node: Node
  ) -> Tensor? {
    guard let shape = memories.element(name) else { return nil }
    if let constant = memories.pop(from: name) { return target.constant(constant) }
    let popped = add(
      Ops._StackPop.self, [handle], node,
      ["dtype": .type(memory.dtype), "shape": .shape(PartialShape(shape))])
    return popped.isPoison ? nil : popped.output(0)
  }

  @discardableResult
  func add(
    _ op: any Op.Type, _ inputs: [Tensor], _ node: Node, _ attributes: [String: Attribute] = [:]
  ) -> Node {
    target.withScope({ $0.origin = node.index }) {
      target.add(op, inputs, name: node.name, attributes)
    }
  }

  /// A value that only a copy has which is made again.
  func placeholder(_ dtype: DType, _ shape: Shape) -> Tensor {
    target.add(
      Ops.Placeholder.self, name: "unknown",
      ["dtype": .type(dtype), "shape": .shape(PartialShape(shape))]
    ).output(0)
  }

  /// Whether indices name each of so many places once, in order.
  private func isEvery(_ indices: Tensor, _ count: Int) throws -> Bool {
    guard indices.shape.count == count, let value = try constant(indices)?.integers else {
      return false
    }
    return value.elementsEqual(0..<count)
  }
}

extension Node {
  /// Marks the handle of what lasts as long as a run.
  static let runMemory = "_run_memory"
  /// What the names of such memory begin with, apart from those of variables.
  static let runMemoryPrefix = "run memory: "

  /// Whether the node is the handle of memory that lasts as long as a run.
  var isRunMemory: Bool { attributes[Self.runMemory] == .bool(true) }
}
