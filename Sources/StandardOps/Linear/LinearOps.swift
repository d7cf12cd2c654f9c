import GraphCore

extension OpSet {
  static let linearOps: [any Op.Type] = [
    Ops.MatMul.self,
    Ops.BatchMatMul.self, Ops.BatchMatMulV2.self,
    Ops.BiasAdd.self, Ops.BiasAddGrad.self,
    Ops.MatrixBandPart.self, Ops.MatrixDiagPartV3.self, Ops.MatrixDiagV3.self, Ops.MatrixDiag.self,
    Ops.MatrixDiagPart.self, Ops.Einsum.self, Ops.Qr.self,
  ]
}
