import GraphCore
import TensorCore

extension Graph {
  /// A variable that starts as a number, an array or a `TensorValue`.
  ///
  /// - Parameters:
  ///   - name: made unique within the open name scope; checkpoints hold the variable under it.
  ///   - dtype: the type that an untyped literal takes.
  ///   - trainable: whether optimizers train it, by the collection `trainable_variables`.
  ///   - collections: what else lists it; `variables` are what checkpoints hold.
  public func variable(
    _ initialValue: any TensorConvertible, name: String = "Variable", dtype: DType? = nil,
    trainable: Bool = true, collections: [CollectionKey] = [.globalVariables],
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    composed(name, at: SourceSite(file, line)) { scope in
      let value = atStart { constant(initialValue, dtype, name: "Initializer/initial_value") }
      return makeVariable(scope, value, trainable: trainable, collections: collections)
    }
  }

  /// A variable that starts as the value of a tensor.
  ///
  /// - Parameters:
  ///   - name: made unique within the open name scope; checkpoints hold the variable under it.
  ///   - trainable: whether optimizers train it, by the collection `trainable_variables`.
  ///   - collections: what else lists it; `variables` are what checkpoints hold.
  public func variable(
    _ initialValue: Tensor, name: String = "Variable", trainable: Bool = true,
    collections: [CollectionKey] = [.globalVariables], file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    composed(name, at: SourceSite(file, line)) {
      makeVariable($0, initialValue, trainable: trainable, collections: collections)
    }
  }

  /// The nodes of a variable whose name, with a trailing slash, is `scope`, added to its collections.
  package func makeVariable(
    _ scope: String, _ initialValue: Tensor, shape: PartialShape? = nil, trainable: Bool,
    collections: [CollectionKey], isReference: Bool = false
  ) -> Variable {
    if initialValue.isPoison { return poisonVariable }
    if isReference { return olderVariable(scope, initialValue, collections) }
    let dtype = Attribute.type(initialValue.dtype)
    let variable = withScope({
      $0.names = scope
      // A variable exists before whatever is running where it happens to be made.
      $0.controlInputs = []
    }) {
      let handle = add(
        Ops.VarHandleOp.self, name: scope,
        [
          "dtype": dtype, "shape": .shape(shape ?? initialValue.shape),
          "shared_name": String(scope.dropLast()).attribute,
        ]
      ).output(0)
      add(Ops.VarIsInitializedOp.self, [handle], name: "IsInitialized/VarIsInitializedOp")
      let initializer = add(
        Ops.AssignVariableOp.self, [handle, initialValue], name: "Assign", ["dtype": dtype])
      let value = handle.apply(
        Ops.ReadVariableOp.self, name: "Read/ReadVariableOp", ["dtype": dtype])
      return Variable(
        handle: handle, value: value, initializer: initializer, initialValue: initialValue,
        isTrainable: trainable)
    }
    register(variable)
    for key in collections { add(variable, to: key) }
    if trainable, !collections.contains(.trainableVariables) {
      add(variable, to: .trainableVariables)
    }
    return variable
  }

  /// What a failed builder of a variable gives: whatever follows from it stays silent.
  /// A variable of TensorFlow 1's older kind, as the slots of such variables are.
  private func olderVariable(
    _ scope: String, _ initialValue: Tensor, _ collections: [CollectionKey]
  ) -> Variable {
    let variable = withScope({
      $0.names = scope
      $0.controlInputs = []
    }) {
      let handle = add(
        Ops.VariableV2.self, name: scope,
        ["dtype": .type(initialValue.dtype), "shape": .shape(initialValue.shape)]
      ).output(0)
      let initializer = add(Ops.Assign.self, [handle, initialValue], name: "Assign")
      return Variable(
        handle: handle, value: identity(handle, name: "read"), initializer: initializer,
        initialValue: initialValue, isTrainable: false)
    }
    register(variable)
    for key in collections { add(variable, to: key) }
    return variable
  }

  package var poisonVariable: Variable {
    Variable(
      handle: poison, value: poison, initializer: poison.node, initialValue: nil,
      isTrainable: false)
  }

  /// Runs `body` in the open name scope but with no control dependencies.
  package func atStart<Result>(_ body: () -> Result) -> Result {
    withScope({ $0.controlInputs = [] }, body)
  }

  /// Sets every variable of the collection `variables` to its initial value.
  @discardableResult
  public func globalVariablesInitializer(
    name: String = "init", file: StaticString = #fileID, line: UInt = #line
  ) -> Node { variablesInitializer(variables(), name: name, file: file, line: line) }

  /// Sets every variable of the collection `local_variables` to its initial value.
  @discardableResult
  public func localVariablesInitializer(
    name: String = "init", file: StaticString = #fileID, line: UInt = #line
  ) -> Node {
    variablesInitializer(variables(in: .localVariables), name: name, file: file, line: line)
  }

  /// Sets the given variables to their initial values.
  @discardableResult
  public func variablesInitializer(
    _ variables: [Variable], name: String = "init", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node { group(variables.map(\.initializer), name: name, file: file, line: line) }

  /// The counter of training steps, an `int64` scalar called `global_step`; made if there is none.
  public var globalStep: Variable {
    if let existing = variables(in: .globalStep).first { return existing }
    return atRoot {
      nameScope("global_step") {
        let zero = constant(Int64(0), name: "Initializer/zeros")
        return makeVariable(
          scope.names, zero, trainable: false, collections: [.globalVariables, .globalStep])
      }
    }
  }
}
