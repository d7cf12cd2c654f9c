import GraphCore

extension OpSet {
  static let linearOps: [any Op.Type] = [
    Ops.MatMul.self,
    Ops.BatchMatMul.self, Ops.BatchMatMulV2.self,
    Ops.BiasAdd.self, Ops.BiasAddGrad.self,
    Ops.MatrixBandPart.self, Ops.MatrixDiagPartV3.self, Ops.MatrixDiagPartV2.self,
    Ops.MatrixDiagPart.self, Ops.MatrixDiagV3.self, Ops.MatrixDiagV2.self, Ops.MatrixDiag.self,
    Ops.MatrixSetDiagV3.self, Ops.MatrixSetDiagV2.self, Ops.MatrixSetDiag.self,
    Ops.Diag.self, Ops.DiagPart.self, Ops.Einsum.self, Ops.Qr.self,
  ]
}
