import GraphCore

extension OpSet {
  static let shapingOps: [any Op.Type] = [
    Ops.Shape.self, Ops.Size.self, Ops.Rank.self, Ops.Reshape.self, Ops.ExpandDims.self,
    Ops.BroadcastTo.self, Ops.BroadcastGradientArgs.self, Ops.Fill.self, Ops.Range.self,
    Ops.DynamicStitch.self,
  ]
}
