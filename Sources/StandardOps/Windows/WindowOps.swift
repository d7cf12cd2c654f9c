import GraphCore

extension OpSet {
  static let windowOps: [any Op.Type] = [
    Ops.Conv2D.self, Ops.Conv2DBackpropInput.self, Ops.Conv2DBackpropFilter.self,
    Ops.DepthwiseConv2dNative.self, Ops.DepthwiseConv2dNativeBackpropInput.self,
    Ops.DepthwiseConv2dNativeBackpropFilter.self,
    Ops.MaxPool.self, Ops.MaxPoolGrad.self, Ops.MaxPoolGradGrad.self, Ops.MaxPoolV2.self,
    Ops.MaxPoolGradV2.self, Ops.MaxPoolGradGradV2.self, Ops.AvgPool.self, Ops.AvgPoolGrad.self,
  ]
}
