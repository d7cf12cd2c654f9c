import GraphCore

extension OpSet {
  static let neuralNetworkOps: [any Op.Type] = [
    Ops.Softmax.self, Ops.LogSoftmax.self,
    Ops.SoftmaxCrossEntropyWithLogits.self, Ops.SparseSoftmaxCrossEntropyWithLogits.self,
    Ops.InTopK.self, Ops.InTopKV2.self,
  ]
}
