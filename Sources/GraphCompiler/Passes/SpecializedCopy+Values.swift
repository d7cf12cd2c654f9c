import GraphCore
import StandardOps
import TensorCore

/// What of a tensor's value is known while a copy is made.
extension SpecializedCopy {
  /// What may have to be computed before it is known.
  enum Decided<Value> {
    case known(Value)
    /// It follows from feeds, or must be computed first.
    case unknown(Halt)
  }

  /// The value of a predicate.
  func decision(_ predicate: Tensor?, at node: Node) throws -> Decided<Bool> {
    guard let predicate else { return .known(false) }
    guard (predicate.shape.rank ?? 0) == 0 else { throw notAPredicate(predicate, node) }
    switch try self.value(of: predicate, node, 1) {
    case .unknown(let halt): return .unknown(halt)
    case .known(let value):
      guard value.shape.rank == 0, let number = value.integers?.first else {
        throw notAPredicate(predicate, node)
      }
      return .known(number != 0)
    }
  }

  private func notAPredicate(_ tensor: Tensor, _ node: Node) -> CompilationError {
    .invalid(
      GraphError(
        "the predicate must be a Boolean scalar, found \(tensor)", node: node.name, op: node.op,
        site: node.site))
  }

  /// A small input as a constant, for a node whose shape depends on it.
  func decidedInput(_ tensor: Tensor, _ node: Node, _ position: Int) throws
    -> Decided<Tensor>
  {
    guard tensor.dtype.byteCount != nil, let count = tensor.shape.count,
      count <= PartialValue.longest, tensor.constantValue == nil
    else { return .known(tensor) }
    switch try value(of: tensor, node, position) {
    case .known(let value): return .known(target.constant(value))
    case .unknown(let halt): return .unknown(halt)
    }
  }

  /// A small tensor's value: a constant's, or what follows from constants.
  private func value(of tensor: Tensor, _ node: Node, _ position: Int) throws
    -> Decided<TensorValue>
  {
    if let value = tensor.constantValue { return .known(value) }
    guard let origin = Origin(tensor, self) else {
      return .unknown(try end(deciding: node.record.inputs[position]))
    }
    if !origin.feeds.isEmpty { return .unknown(.needsValues(origin.feeds)) }
    return .known(try Compiler.evaluate([tensor], options)[0])
  }

  /// The value of what follows from constants alone; nil if it does not.
  func constant(_ tensor: Tensor) throws -> TensorValue? {
    if let value = tensor.constantValue { return value }
    guard tensor.dtype.byteCount != nil, let origin = Origin(tensor, self), origin.feeds.isEmpty
    else { return nil }
    return try Compiler.evaluate([tensor], options)[0]
  }

  /// What a tensor follows from, if that is constants and small feeds alone.
  struct Origin {
    /// The feeds by position.
    var feeds: [Int] = []

    init?(_ tensor: Tensor, _ copy: SpecializedCopy) {
      let placeholders = Dictionary(
        copy.feeds.map { ($0.value.node.index, copy.positions[$0.key] ?? 0) },
        uniquingKeysWith: { first, _ in first })
      var seen = Set<Int>()
      var pending = [tensor.node]
      while let node = pending.popLast() {
        guard seen.insert(node.index).inserted else { continue }
        if node.op == Ops.Const.name { continue }
        if let position = placeholders[node.index] {
          guard copy.request.feeds[position].shape.count <= PartialValue.longest else { return nil }
          feeds.append(position)
          continue
        }
        guard node.isPure, !node.record.inputs.isEmpty else { return nil }
        pending += node.inputs.map(\.node)
      }
      feeds.sort()
    }
  }
}

extension NodeRecord {
  /// The values of the outputs, if all are known from shape arithmetic.
  var knownValues: [TensorValue]? {
    guard !outputs.isEmpty, partialValues.count == outputs.count else { return nil }
    var values: [TensorValue] = []
    for (output, partial) in zip(outputs, partialValues) {
      guard let partial, let known = partial.known,
        let value = try? TensorValue(
          integers: known, as: output.dtype,
          shape: partial.isScalar ? .scalar : Shape([known.count]))
      else { return nil }
      values.append(value)
    }
    return values
  }
}

extension Node {
  /// Whether what the node does depends on values that are not constants yet.
  var isUndecided: Bool {
    if record.outputs.contains(where: {
      $0.shape.fullyDefined == nil && $0.dtype.byteCount != nil
    }) {
      return true
    }
    let inputs = record.inputs
    for position in definition?.staticInputs ?? []
    where inputs.indices.contains(position) && input(position).constantValue == nil { return true }
    switch definition {
    case is any CompositeOp.Type:
      // The shape of what its expansion reads.
      return self.inputs.contains {
        $0.node.op == Ops.VarHandleOp.name && $0.node[Ops.VarHandleOp.shape].fullyDefined == nil
      }
    case let op as any ViewOp.Type: return op.view(of: self) == nil
    case let op as any ReductionOp.Type: return (try? op.axes(of: self)) == nil
    case is any ShapeOp.Type: return record.knownValues == nil
    default: return false
    }
  }
}
