import GraphCore

extension OpSet {
  static let linearOps: [any Op.Type] = [Ops.MatMul.self, Ops.BiasAdd.self, Ops.BiasAddGrad.self]
}
