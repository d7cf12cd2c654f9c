import GraphCore

extension OpSet {
  static let neuralNetworkOps: [any Op.Type] = []
}
