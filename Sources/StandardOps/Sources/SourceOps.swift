import GraphCore

extension OpSet {
  static let sourceOps: [any Op.Type] = [
    Ops.Const.self, Ops.Placeholder.self, Ops.PlaceholderWithDefault.self, Ops.NoOp.self,
  ]
}
