/// Computes at the end of each round whether another follows, so that the kernels of the condition can
/// join those of the body: what is left before the loop tells whether there is a first round.
package enum RotateLoops: KernelPass {
  package static let name = "rotate-loops"
  package static let summary = "computes at the end of each round whether another follows"
  package static let isNeeded = true

  package static func run(_ list: inout KernelList) {
    for index in list.kernels.indices {
      guard case .loop(var region) = list.kernels[index].work else { continue }
      let names = Dictionary(
        zip(region.conditionArguments, region.arguments).map {
          (FusedKernel.Source.tensor($0), FusedKernel.Source.tensor($1))
        }, uniquingKeysWith: { first, _ in first })
      region.body.kernels += region.condition.kernels.map { kernel in
        var own = kernel
        own.operands = kernel.operands.map { names[$0] ?? $0 }
        return own
      }
      list.kernels[index].work = .loop(region)
    }
  }
}
