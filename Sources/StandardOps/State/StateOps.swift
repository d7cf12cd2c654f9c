import GraphCore

extension OpSet {
  static let stateOps: [any Op.Type] = [
    Ops.VarHandleOp.self, Ops.ReadVariableOp.self, Ops.AssignVariableOp.self,
    Ops.AssignAddVariableOp.self, Ops.AssignSubVariableOp.self, Ops.VarIsInitializedOp.self,
  ]
}
