import GraphCore

extension OpSet {
  static let shapingOps: [any Op.Type] = [
    Ops.Shape.self, Ops.Size.self, Ops.Rank.self, Ops.Reshape.self, Ops.ExpandDims.self,
    Ops.BroadcastTo.self, Ops.BroadcastGradientArgs.self, Ops.Fill.self, Ops.Range.self,
    Ops.DynamicStitch.self,
    Ops.Squeeze.self, Ops.Transpose.self, Ops.InvertPermutation.self, Ops.ConcatV2.self,
    Ops.Concat.self, Ops.ConcatOffset.self, Ops.Pack.self, Ops.Unpack.self, Ops.Split.self,
    Ops.SplitV.self, Ops.Slice.self, Ops.StridedSlice.self, Ops.StridedSliceGrad.self,
    Ops.Pad.self, Ops.PadV2.self, Ops.Tile.self, Ops.ReverseV2.self, Ops.OneHot.self,
    Ops.BroadcastArgs.self, Ops.MirrorPad.self, Ops.MirrorPadGrad.self,
    Ops.SpaceToBatchND.self, Ops.BatchToSpaceND.self, Ops.ShapeN.self, Ops.IdentityN.self,
    Ops.LinSpace.self,
  ]
}
