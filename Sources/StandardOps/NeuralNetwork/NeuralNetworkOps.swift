import GraphCore

extension OpSet {
  static let neuralNetworkOps: [any Op.Type] = [
    Ops.Softmax.self, Ops.LogSoftmax.self,
    Ops.SoftmaxCrossEntropyWithLogits.self, Ops.SparseSoftmaxCrossEntropyWithLogits.self,
    Ops.InTopK.self, Ops.InTopKV2.self,
    Ops.FusedBatchNorm.self, Ops.FusedBatchNormV2.self, Ops.FusedBatchNormV3.self,
    Ops.FusedBatchNormGrad.self, Ops.FusedBatchNormGradV2.self, Ops.FusedBatchNormGradV3.self,
    Ops.LRN.self, Ops.LRNGrad.self,
  ]
}
