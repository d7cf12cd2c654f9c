import GraphCore

extension OpSet {
  static let updateOps: [any Op.Type] = [
    Ops.ResourceApplyGradientDescent.self, Ops.ResourceApplyMomentum.self,
    Ops.ResourceApplyAdam.self,
    Ops.ApplyGradientDescent.self, Ops.ApplyMomentum.self, Ops.ApplyAdam.self,
    Ops.ResourceApplyAdagrad.self, Ops.ResourceApplyAdagradV2.self,
    Ops.ResourceApplyAdadelta.self, Ops.ResourceApplyRMSProp.self,
    Ops.ResourceApplyCenteredRMSProp.self, Ops.ResourceApplyAdaMax.self,
    Ops.ResourceApplyFtrl.self, Ops.ResourceApplyFtrlV2.self,
    Ops.ResourceApplyKerasMomentum.self,
    Ops.ApplyAdagrad.self, Ops.ApplyAdagradV2.self, Ops.ApplyAdadelta.self,
    Ops.ApplyRMSProp.self, Ops.ApplyCenteredRMSProp.self, Ops.ApplyAdaMax.self,
    Ops.ApplyFtrl.self, Ops.ApplyFtrlV2.self,
    Ops.ResourceApplyAdamWithAmsgrad.self,
    Ops.ResourceSparseApplyMomentum.self, Ops.ResourceSparseApplyKerasMomentum.self,
    Ops.ResourceSparseApplyAdagrad.self, Ops.ResourceSparseApplyAdagradV2.self,
    Ops.ResourceSparseApplyAdadelta.self, Ops.ResourceSparseApplyRMSProp.self,
    Ops.ResourceSparseApplyCenteredRMSProp.self, Ops.ResourceSparseApplyFtrl.self,
    Ops.ResourceSparseApplyFtrlV2.self,
    Ops.SparseApplyMomentum.self, Ops.SparseApplyAdagrad.self, Ops.SparseApplyAdagradV2.self,
    Ops.SparseApplyAdadelta.self, Ops.SparseApplyRMSProp.self,
    Ops.SparseApplyCenteredRMSProp.self, Ops.SparseApplyFtrl.self, Ops.SparseApplyFtrlV2.self,
  ]
}
