import GraphCore

extension OpSet {
  static let reductionOps: [any Op.Type] = [
    Ops.Sum.self, Ops.Mean.self,
    Ops.Prod.self,
    Ops.Max.self, Ops.Min.self,
    Ops.All.self, Ops.`Any`.self,
    Ops.ArgMax.self, Ops.ArgMin.self,
    Ops.L2Loss.self, Ops.EuclideanNorm.self,
    Ops.Cumsum.self, Ops.Cumprod.self,
  ]
}
