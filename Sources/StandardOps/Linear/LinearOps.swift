import GraphCore

extension OpSet {
  static let linearOps: [any Op.Type] = [
    Ops.MatMul.self,
    Ops.BatchMatMul.self, Ops.BatchMatMulV2.self,
    Ops.BiasAdd.self, Ops.BiasAddGrad.self,
  ]
}
