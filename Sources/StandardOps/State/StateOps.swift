import GraphCore

extension OpSet {
  static let stateOps: [any Op.Type] = [
    Ops.VarHandleOp.self, Ops.ReadVariableOp.self, Ops.AssignVariableOp.self,
    Ops.AssignAddVariableOp.self, Ops.AssignSubVariableOp.self, Ops.VarIsInitializedOp.self,
    Ops.VariableV2.self, Ops.Variable.self, Ops.Assign.self, Ops.AssignAdd.self,
    Ops.AssignSub.self, Ops.IsVariableInitialized.self, Ops.RefIdentity.self,
  ]
}
