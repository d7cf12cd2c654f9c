import GraphCore

extension OpSet {
  static let elementwiseOps: [any Op.Type] = [
    Ops.Neg.self, Ops.Exp.self, Ops.Log.self, Ops.Reciprocal.self, Ops.AddV2.self, Ops.Add.self,
    Ops.Sub.self, Ops.Mul.self, Ops.RealDiv.self, Ops.Cast.self, Ops.FloorMod.self,
    Ops.Floor.self, Ops.AddN.self, Ops.Identity.self, Ops.Snapshot.self, Ops.StopGradient.self,
    Ops.PreventGradient.self, Ops.ZerosLike.self, Ops.OnesLike.self,
  ]
}
