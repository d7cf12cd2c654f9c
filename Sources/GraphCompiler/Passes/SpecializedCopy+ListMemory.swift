import GraphCore
import StandardOps
import TensorCore

/// Where lists of tensors lie, and what changes them there.
extension SpecializedCopy {
  /// Stands for a list wherever the copy hands it on.
  mutating func token(_ list: ListValue) -> Tensor {
    let token = placeholder(.variant, .scalar)
    keep(list, as: token)
    return token
  }

  /// Where a list lies that an op takes; what lies nowhere is put into memory of its own.
  ///
  /// - Parameter position: which of the node's inputs the list is.
  /// - Returns: nil if what lies there has been changed since: it is the value of another list by now.
  func place(of list: ListValue, _ node: Node, _ position: Int) -> ListPlace? {
    // No name of a node holds a colon.
    let name = memoryName("\(node.name)::\(position)")
    switch list {
    case .memory(let name, let version):
      guard memories.version(of: name) == version else { return nil }
      return place(name, node)
    case .empty(let dtype):
      _ = emptyStack(name, dtype, node)
      return place(name, node)
    case .rows(let rows):
      guard let shape = rows.shape.fullyDefined, let row = rows.rowShape,
        memories.learn(row, of: name)
      else { return nil }
      let memory = RunMemories.Memory(dtype: rows.dtype, count: shape[0], accumulates: false)
      memories.declare(name, memory)
      add(
        Ops.AssignVariableOp.self, [handle(name, memory, node), rows], node,
        ["dtype": .type(rows.dtype)])
      return place(name, node)
    case .unset(let unset): return zeros(unset, name, node)
    case .single(let unset, let index, let item):
      guard let shape = item.shape.fullyDefined, memories.learn(shape, of: name),
        let place = zeros(unset, name, node),
        change(place, Ops.ResourceScatterUpdate.self, [index, item], node) != nil
      else { return nil }
      return place
    }
  }

  private func place(_ name: String, _ node: Node) -> ListPlace? {
    guard let memory = memories.memory(name) else { return nil }
    let handle = handle(name, memory, node)
    let isKnown = handle.node[Ops.VarHandleOp.shape].fullyDefined != nil
    return ListPlace(
      name: name, memory: memory, handle: handle, element: isKnown ? memories.element(name) : nil)
  }

  private func zeros(_ unset: ListValue.Unset, _ name: String, _ node: Node) -> ListPlace? {
    if let shape = unset.shape, !memories.learn(shape, of: name) { return nil }
    _ = declared(name, .init(dtype: unset.dtype, count: unset.count, accumulates: false), node)
    return place(name, node)
  }

  /// Writes into the memory of a list, where the size of its elements is known.
  ///
  /// - Returns: the list that it is then; nil if that cannot be written.
  func change(_ place: ListPlace, _ op: any Op.Type, _ operands: [Tensor], _ node: Node)
    -> ListValue?
  {
    // Of a place that was not known before, the next copy knows.
    if place.element != nil {
      let made = add(
        op, [place.handle] + operands, node, ["dtype": .type(place.memory.dtype)])
      if made.isPoison { return nil }
    }
    return advanced(place)
  }

  /// The list that memory is after a change.
  func advanced(_ place: ListPlace) -> ListValue {
    .memory(name: place.name, version: memories.advance(place.name))
  }

  // MARK: What is known

  /// The number of elements; nil if only running tells.
  func count(of list: ListValue) -> Int? {
    switch list {
    case .rows(let rows): rows.shape[0]
    case .unset(let unset), .single(let unset, _, _): unset.count
    case .empty: 0
    case .memory(let name, _):
      memories.memory(name).flatMap { $0.isStack ? nil : $0.count }
    }
  }

  /// The type of the elements.
  func dtype(of list: ListValue) -> DType? {
    switch list {
    case .rows(let rows): rows.dtype
    case .unset(let unset), .single(let unset, _, _): unset.dtype
    case .empty(let dtype): dtype
    case .memory(let name, _): memories.memory(name)?.dtype
    }
  }

  /// The shape of an element, if it is known.
  func element(of list: ListValue) -> Shape? {
    switch list {
    case .rows(let rows): rows.rowShape
    case .unset(let unset): unset.shape
    case .single(let unset, _, let item): unset.shape ?? item.shape.fullyDefined
    case .empty: nil
    case .memory(let name, _): memories.element(name)
    }
  }
}
