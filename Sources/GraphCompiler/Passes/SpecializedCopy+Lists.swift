import GraphCore
import StandardOps
import TensorCore

/// TensorFlow 2's lists of tensors as memory of the plan, or as the tensors whose rows they are.
extension SpecializedCopy {
  /// What stands for the outputs of an op on lists; nil where they are left to the session.
  mutating func listOutputs(_ node: Node, _ inputs: [Tensor]) throws -> [Tensor]? {
    memories.noteLists()
    switch node.op {
    case Ops.EmptyTensorList.name:
      return node.listElementType.map { [token(.empty($0))] }
    case Ops.TensorListReserve.name:
      guard let dtype = node.listElementType, let stated = try statedShape(inputs[0]),
        let count = try listCount(inputs[1])
      else { return nil }
      return [token(.unset(.init(dtype: dtype, count: count, shape: stated.fullyDefined)))]
    case Ops.TensorListFromTensor.name:
      guard let row = inputs[0].rowShape, try fits(row, inputs[1]) else { return nil }
      return [token(.rows(inputs[0]))]
    case Ops._ListAddN.name: return try sum(node, inputs).map { [token($0)] }
    default: break
    }
    if node.op == Ops.TensorListScatterV2.name || node.op == Ops.TensorListSplit.name {
      return try made(node, inputs).map { [token($0)] }
    }
    guard let list = inputs.first.flatMap({ list($0) }) else { return nil }
    if (node.definition as? any TensorListOp.Type)?.changesList == true {
      return try changed(list, node, inputs)
    }
    return try read(list, node, inputs)
  }

  /// What stands for a list that a tensor of the copy is.
  func list(_ tensor: Tensor) -> ListValue? { lists[tensor.endpoint] }

  // MARK: New lists

  /// A list of the rows of a tensor, some of which are next to one another.
  private func made(_ node: Node, _ inputs: [Tensor]) throws -> ListValue? {
    guard let dtype = node.listElementType, let row = inputs[0].rowShape else { return nil }
    if node.op == Ops.TensorListSplit.name {
      // Elements of one shape each.
      guard let lengths = try constant(inputs[2])?.integers, let length = lengths.first,
        lengths.allSatisfy({ $0 == length }), let rows = inputs[0].shape[0],
        [length, lengths.count].sizeProduct == rows,
        try fits(Shape([length] + row.dimensions), inputs[1])
      else { return nil }
      return .rows(reshape(inputs[0], to: [lengths.count, length] + row.dimensions))
    }
    guard try fits(row, inputs[2]), let count = try listCount(inputs[3]) else { return nil }
    let unset = ListValue.Unset(dtype: dtype, count: count, shape: row)
    guard let place = place(of: .unset(unset), node, 0) else { return nil }
    return change(place, Ops.ResourceScatterUpdate.self, [inputs[1], inputs[0]], node)
  }

  // MARK: Changed lists

  private mutating func changed(_ list: ListValue, _ node: Node, _ inputs: [Tensor]) throws
    -> [Tensor]?
  {
    switch node.op {
    case Ops.TensorListSetItem.name:
      guard !node[Ops.TensorListSetItem.resizes], let shape = inputs[2].shape.fullyDefined else {
        return nil
      }
      if case .unset(let unset) = list, unset.dtype == inputs[2].dtype,
        unset.shape == nil || unset.shape == shape
      {
        return [token(.single(unset, index: inputs[1], item: inputs[2]))]
      }
      return scattered(list, inputs[1], inputs[2], element: shape, node).map { [token($0)] }
    case Ops.TensorListScatterIntoExistingList.name:
      guard let row = inputs[1].rowShape else { return nil }
      return scattered(list, inputs[2], inputs[1], element: row, node).map { [token($0)] }
    case Ops.TensorListResize.name:
      return try listCount(inputs[1]) == count(of: list) ? [inputs[0]] : nil
    case Ops.TensorListPushBack.name:
      guard let place = place(of: list, node, 0), place.memory.isStack,
        try push(inputs[1], onto: place.name, place.memory, place.handle, node)
      else { return nil }
      return [token(advanced(place))]
    case Ops.TensorListPopBack.name:
      guard let place = place(of: list, node, 0), place.memory.isStack,
        let stated = try statedShape(inputs[1]),
        let item = pop(from: place.name, place.memory, place.handle, node),
        item.shape.fullyDefined.map(stated.matches) == true
      else { return nil }
      return [token(advanced(place)), item]
    default: return nil
    }
  }

  private func scattered(
    _ list: ListValue, _ indices: Tensor, _ values: Tensor, element: Shape, _ node: Node
  ) -> ListValue? {
    guard let place = place(of: list, node, 0), !place.memory.isStack,
      place.memory.dtype == values.dtype, memories.learn(element, of: place.name)
    else { return nil }
    return change(place, Ops.ResourceScatterUpdate.self, [indices, values], node)
  }

  /// The sum of lists, in the memory of one of them: where the others have elements that nobody has set,
  /// nothing is added.
  private func sum(_ node: Node, _ inputs: [Tensor]) throws -> ListValue? {
    var addends: [(position: Int, list: ListValue)] = []
    var rest: ListValue?
    for (position, input) in inputs.enumerated() {
      guard let list = list(input), let own = count(of: list), own == count(of: rest ?? list)
      else { return nil }
      rest = list
      if case .unset = list { continue }
      addends.append((position, list))
    }
    // What lies in memory stays there; what is one element is added to it.
    func order(_ list: ListValue) -> Int {
      switch list {
      case .memory: 0
      case .rows: 1
      default: 2
      }
    }
    addends.sort { (order($0.list), $0.position) < (order($1.list), $1.position) }
    guard let first = addends.first else { return rest }
    if addends.count == 1 { return first.list }
    guard var place = place(of: first.list, node, first.position), !place.memory.isStack else {
      return nil
    }
    var result = first.list
    for (_, list) in addends.dropFirst() {
      let op: any Op.Type
      let operands: [Tensor]
      if case .single(_, let index, let item) = list {
        guard item.dtype == place.memory.dtype, let shape = item.shape.fullyDefined,
          memories.learn(shape, of: place.name)
        else { return nil }
        (op, operands) = (Ops.ResourceScatterAdd.self, [index, item])
      } else {
        guard let all = try rows(of: list, node, stated: .unknown),
          all.dtype == place.memory.dtype, let row = all.rowShape,
          memories.learn(row, of: place.name)
        else { return nil }
        (op, operands) = (Ops.AssignAddVariableOp.self, [all])
      }
      guard let next = change(place, op, operands, node),
        let nextPlace = self.place(of: next, node, 0)
      else { return nil }
      (result, place) = (next, nextPlace)
    }
    return result
  }

  // MARK: What lists hold

  private mutating func read(_ list: ListValue, _ node: Node, _ inputs: [Tensor]) throws
    -> [Tensor]?
  {
    switch node.op {
    case Ops._ListZerosLike.name:
      guard let count = count(of: list), let dtype = dtype(of: list) else { return nil }
      return [token(.unset(.init(dtype: dtype, count: count, shape: element(of: list))))]
    case Ops.TensorListLength.name:
      return count(of: list).map { [target.constant(Int32($0))] }
    case Ops.TensorListElementShape.name:
      guard let shape = element(of: list) else { return nil }
      return [target.constant(shape.dimensions, node.output(0).dtype)]
    case Ops.TensorListGetItem.name, Ops.TensorListGather.name:
      return try gathered(list, inputs[1], node, stated: inputs[2]).map { [$0] }
    case Ops.TensorListStack.name:
      let expected = node[Ops.TensorListStack.count]
      guard let stated = try statedShape(inputs[1]), expected < 0 || expected == count(of: list),
        let all = try rows(of: list, node, stated: stated)
      else { return nil }
      return all.rowShape.map(stated.matches) == true ? [all] : nil
    case Ops.TensorListConcat.name, Ops.TensorListConcatV2.name:
      let stated =
        node.op == Ops.TensorListConcat.name
        ? node[Ops.TensorListConcat.elementShape] : try statedShape(inputs[1])
      // Elements that nobody has set have the length that the op states.
      guard let stated, list.isRows, let all = try rows(of: list, node, stated: stated),
        let shape = all.shape.fullyDefined, shape.rank > 1, all.rowShape.map(stated.matches) == true
      else { return nil }
      let lengths = Array(repeating: shape[1], count: shape[0])
      let joined = reshape(all, to: [shape[0] * shape[1]] + shape.dimensions.dropFirst(2))
      return [joined, target.constant(lengths, .int64)]
    default: return nil
    }
  }

  /// The elements at the places of the indices.
  private func gathered(_ list: ListValue, _ indices: Tensor, _ node: Node, stated: Tensor) throws
    -> Tensor?
  {
    guard let stated = try statedShape(stated), let places = indices.shape.fullyDefined else {
      return nil
    }
    if case .rows(let rows) = list {
      guard rows.rowShape.map(stated.matches) == true else { return nil }
      return add(
        Ops.GatherV2.self, [rows, indices, target.constant(0, .int32)], node
      ).output(0)
    }
    guard let place = place(of: list, node, 0), !place.memory.isStack else { return nil }
    if place.element == nil, let shape = stated.fullyDefined {
      _ = memories.learn(shape, of: place.name)
    }
    guard let element = memories.element(place.name), stated.matches(element) else { return nil }
    if place.element == nil {
      return placeholder(place.memory.dtype, Shape(places.dimensions + element.dimensions))
    }
    return add(
      Ops.ResourceGather.self, [place.handle, indices], node,
      ["dtype": .type(place.memory.dtype)]
    ).output(0)
  }

  /// All elements along a first axis.
  private func rows(of list: ListValue, _ node: Node, stated: PartialShape) throws -> Tensor? {
    if case .rows(let rows) = list { return rows }
    guard let place = place(of: list, node, 0), !place.memory.isStack else { return nil }
    if place.element == nil, let shape = stated.fullyDefined {
      _ = memories.learn(shape, of: place.name)
    }
    guard let element = memories.element(place.name) else { return nil }
    guard place.element != nil else {
      return placeholder(place.memory.dtype, Shape([place.memory.count] + element.dimensions))
    }
    return add(
      Ops.ReadVariableOp.self, [place.handle], node, ["dtype": .type(place.memory.dtype)]
    ).output(0)
  }

  /// What a value of sizes states; nil if it is not known.
  private func statedShape(_ sizes: Tensor) throws -> PartialShape? {
    guard let value = try constant(sizes), let dimensions = value.integers else { return nil }
    if value.shape.rank == 0 { return dimensions == [-1] ? .unknown : nil }
    guard value.shape.rank == 1 else { return nil }
    return PartialShape(dimensions.map { $0 < 0 ? nil : $0 })
  }

  private func fits(_ shape: Shape, _ sizes: Tensor) throws -> Bool {
    try statedShape(sizes)?.matches(shape) == true
  }

  private func listCount(_ tensor: Tensor) throws -> Int? {
    guard let count = try constant(tensor)?.integers?.first, (0...(1 << 24)).contains(count)
    else { return nil }
    return count
  }
}

extension Tensor {
  /// The shape of a row, if the tensor's is known and has rows.
  var rowShape: Shape? {
    guard let shape = shape.fullyDefined, shape.rank > 0 else { return nil }
    return Shape(Array(shape.dimensions.dropFirst()))
  }
}

extension Node {
  /// The type of a list's elements, if memory can hold them.
  fileprivate var listElementType: DType? {
    let dtype = self[Ops.elementType]
    return dtype.byteCount == nil ? nil : dtype
  }
}
