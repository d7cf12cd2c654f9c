import GraphCore

extension OpSet {
  static let updateOps: [any Op.Type] = []
}
