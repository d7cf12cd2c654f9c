import GraphCore

extension OpSet {
  static let randomOps: [any Op.Type] = [
    Ops.RandomUniform.self, Ops.RandomUniformInt.self, Ops.RandomStandardNormal.self,
    Ops.TruncatedNormal.self,
    Ops.StatelessRandomGetKeyCounter.self, Ops.StatelessRandomGetAlg.self,
    Ops.StatelessRandomUniform.self,
    Ops.StatelessRandomNormal.self, Ops.StatelessTruncatedNormal.self,
    Ops.StatelessRandomUniformInt.self,
    Ops.StatelessRandomUniformV2.self, Ops.StatelessRandomNormalV2.self,
    Ops.StatelessTruncatedNormalV2.self, Ops.StatelessRandomUniformIntV2.self,
  ]
}
