import GraphCore

extension OpSet {
  static let imageOps: [any Op.Type] = [
    Ops.ResizeBilinear.self, Ops.ResizeBilinearGrad.self, Ops.ResizeNearestNeighbor.self,
    Ops.ResizeNearestNeighborGrad.self, Ops.SpaceToDepth.self, Ops.DepthToSpace.self,
  ]
}
