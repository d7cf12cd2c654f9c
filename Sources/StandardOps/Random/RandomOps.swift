import GraphCore

extension OpSet {
  static let randomOps: [any Op.Type] = [
    Ops.RandomUniform.self, Ops.RandomUniformInt.self, Ops.RandomStandardNormal.self,
    Ops.TruncatedNormal.self,
  ]
}
