import GraphCore

/// The namespace of every op, under TensorFlow's names.
public enum Ops {}

extension OpSet {
  /// Every op that the compiler knows: one line each, in the order of their pages.
  public static let standard = OpSet(
    sourceOps + elementwiseOps + reductionOps + shapingOps + linearOps + neuralNetworkOps
      + recurrentOps
      + randomOps + stateOps + updateOps + hostOps + controlFlowOps + indexingOps
      + windowOps + imageOps + summaryOps)
}

extension Graph {
  /// An empty graph whose nodes may be of every standard op.
  public convenience init() { self.init(ops: .standard) }
}
