import GraphCore

extension OpSet {
  static let reductionOps: [any Op.Type] = [Ops.Sum.self, Ops.Mean.self]
}
