import GraphCore
import TensorCore

extension Variable {
  /// A new read of the variable, at this place among effects: after the open control dependencies.
  ///
  /// `value` is the read that was made beside the variable and comes before everything else.
  public func read(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if handle.isPoison { return handle }
    if isReference { return identity(handle, name: name, file: file, line: line) }
    return handle.apply(
      Ops.ReadVariableOp.self, name: name, ["dtype": .type(dtype)], site: SourceSite(file, line))
  }

  /// Sets the variable to a tensor's value.
  @discardableResult
  public func assign(
    _ value: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Node {
    update(
      Ops.AssignVariableOp.self, value, name, SourceSite(file, line),
      ["validate_shape": .bool(true)])
  }

  /// Sets the variable to a value of its type.
  @discardableResult
  public func assign(
    _ value: any TensorConvertible, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node { assign(operand(value, file, line), name: name, file: file, line: line) }

  /// Adds a tensor's value to the variable.
  @discardableResult
  public func assignAdd(
    _ value: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Node { update(Ops.AssignAddVariableOp.self, value, name, SourceSite(file, line)) }

  /// Adds a value of its type to the variable.
  @discardableResult
  public func assignAdd(
    _ value: any TensorConvertible, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node { assignAdd(operand(value, file, line), name: name, file: file, line: line) }

  /// Subtracts a tensor's value from the variable.
  @discardableResult
  public func assignSub(
    _ value: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Node { update(Ops.AssignSubVariableOp.self, value, name, SourceSite(file, line)) }

  /// Subtracts a value of its type from the variable.
  @discardableResult
  public func assignSub(
    _ value: any TensorConvertible, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node { assignSub(operand(value, file, line), name: name, file: file, line: line) }

  private func update(
    _ op: any Op.Type, _ value: Tensor, _ name: String?, _ site: SourceSite,
    _ attributes: [String: Attribute] = [:]
  ) -> Node {
    if isReference {
      let older: any Op.Type =
        switch op.name {
        case Ops.AssignVariableOp.name: Ops.Assign.self
        case Ops.AssignAddVariableOp.name: Ops.AssignAdd.self
        default: Ops.AssignSub.self
        }
      return graph.add(older, [handle, value], name: name, site: site)
    }
    return graph.add(op, [handle, value], name: name, attributes, site: site)
  }

  private func operand(
    _ value: any TensorConvertible, _ file: StaticString, _ line: UInt
  ) -> Tensor {
    if handle.isPoison { return handle }
    return graph.constant(value, dtype, file: file, line: line)
  }
}
