import GraphCore

extension OpSet {
  static let updateOps: [any Op.Type] = [
    Ops.ResourceApplyGradientDescent.self, Ops.ResourceApplyMomentum.self,
    Ops.ResourceApplyAdam.self,
    Ops.ApplyGradientDescent.self, Ops.ApplyMomentum.self, Ops.ApplyAdam.self,
  ]
}
