import StandardOps

/// Ends the round of a loop: what was computed for the next round takes the place of what this one had.
package enum CarryValues: KernelPass {
  package static let name = "carry-values"
  package static let summary = "ends each round of a loop by giving its values to the next"
  package static let isNeeded = true

  package static func run(_ list: inout KernelList) {
    let overwritten = Set(list.carries.map(\.argument))
    var kept: [FusedKernel] = []
    var moves: [FusedKernel] = []
    for (result, argument) in list.carries {
      var source = FusedKernel.Source.tensor(result)
      if overwritten.contains(result) {
        // Another value of this round, which may have been overwritten when its turn comes.
        source = .kept(result)
        if !kept.contains(where: { $0.operands[0] == source }) {
          kept.append(.copy(.tensor(result), to: source, like: result))
        }
      }
      moves.append(.copy(source, to: .tensor(argument), like: argument))
    }
    list.kernels += kept + moves
  }
}
