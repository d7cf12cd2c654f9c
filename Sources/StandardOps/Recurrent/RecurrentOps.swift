import GraphCore

extension OpSet {
  static let recurrentOps: [any Op.Type] = [Ops.ReverseSequence.self]
}
