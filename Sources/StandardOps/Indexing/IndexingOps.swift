import GraphCore

extension OpSet {
  static let indexingOps: [any Op.Type] = [
    Ops.GatherV2.self, Ops.Gather.self, Ops.ResourceGather.self, Ops.GatherNd.self,
    Ops.TensorScatterUpdate.self, Ops.TensorScatterAdd.self, Ops.TensorScatterSub.self,
    Ops.TensorScatterMin.self, Ops.TensorScatterMax.self, Ops.ScatterNd.self,
    Ops.ResourceScatterUpdate.self, Ops.ResourceScatterAdd.self, Ops.ResourceScatterSub.self,
    Ops.ResourceScatterMul.self, Ops.ResourceScatterDiv.self, Ops.ResourceScatterMin.self,
    Ops.ResourceScatterMax.self,
    Ops.ScatterUpdate.self, Ops.ScatterAdd.self, Ops.ScatterSub.self, Ops.ScatterMul.self,
    Ops.ScatterDiv.self, Ops.ScatterMin.self, Ops.ScatterMax.self,
    Ops.SegmentSum.self, Ops.SegmentMean.self, Ops.SegmentProd.self, Ops.SegmentMin.self,
    Ops.SegmentMax.self, Ops.UnsortedSegmentSum.self, Ops.UnsortedSegmentProd.self,
    Ops.UnsortedSegmentMin.self, Ops.UnsortedSegmentMax.self,
    Ops.TopKV2.self, Ops.Where.self, Ops.Unique.self, Ops.UniqueWithCounts.self,
    Ops.ListDiff.self,
  ]
}
