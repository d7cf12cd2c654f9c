import StandardOps

/// Joins loops that share outer dimensions into kernels of several stages.
///
/// Kernels are taken in order. A loop becomes the last stage of an earlier kernel whose results it
/// takes, if whatever it touches of that kernel's buffers belongs to the same index of the dimensions
/// that stay shared, and if everything else that it needs is there by then. Each stage computes just
/// what it would compute alone, so this changes no bit.
package struct MergeLoops: KernelPass {
  package static let name = "merge-loops"
  package static let summary =
    "makes loops that share outer dimensions one kernel"

  private var groups: [StageGroup] = []
  /// Where each group runs: groups are written in ascending order of this.
  private var positions: [Int] = []
  /// Whether another group needs something of this one, so that it cannot move.
  private var isNeeded: [Bool] = []
  /// Whether the kernels run again and again, so that calling one costs as much as what it does.
  private var isRound = false
  private var nextPosition = 0
  private var firstPosition = 0
  private var writer: [FusedKernel.Source: Int] = [:]
  private var readers: [FusedKernel.Source: [Int]] = [:]
  /// The last group that may fail the run, and the groups since then that write variables.
  private var lastCheck: Int?
  private var writesSinceCheck: [Int] = []

  package static func run(_ list: inout KernelList) {
    var merging = MergeLoops()
    merging.isRound = list.isRound
    for kernel in list.kernels { merging.add(kernel, list.location, list.isLive(kernel)) }
    list.kernels = merging.groups.indices.sorted { merging.positions[$0] < merging.positions[$1] }
      .map { merging.groups[$0].fused() }
  }

  private mutating func add(
    _ kernel: FusedKernel, _ location: (FusedKernel.Source) -> FusedKernel.Source, _ isLive: Bool
  ) {
    let locations = kernel.operands.map(location)
    let written = Array(locations.prefix(kernel.outputCount))
    let read = Array(locations.dropFirst(kernel.outputCount))
    var needed = Set<Int>()
    for place in read { if let group = writer[place] { needed.insert(group) } }
    for place in written {
      if let group = writer[place] { needed.insert(group) }
      needed.formUnion(readers[place] ?? [])
    }
    let changesVariable = written.contains { if case .variable = $0 { true } else { false } }
    if changesVariable, let lastCheck { needed.insert(lastCheck) }
    if kernel.mayFail { needed.formUnion(writesSinceCheck) }

    let group = place(kernel, locations, needed, siblings: read, isLive)
    for other in needed where other != group { isNeeded[other] = true }
    for place in read where readers[place]?.last != group {
      readers[place, default: []].append(group)
    }
    for place in written {
      writer[place] = group
      readers[place] = nil
    }
    if changesVariable { writesSinceCheck.append(group) }
    if kernel.mayFail {
      lastCheck = group
      writesSinceCheck = []
    }
  }

  /// The group that the kernel joins, or a new one.
  private mutating func place(
    _ kernel: FusedKernel, _ locations: [FusedKernel.Source], _ needed: Set<Int>,
    siblings read: [FusedKernel.Source], _ isLive: Bool
  ) -> Int {
    if let loop = kernel.loop, loop.work > 0 {
      // What else reads the same, so that the stages of an update find one another.
      let siblings = Set(read.compactMap { readers[$0]?.last }).subtracting(needed)
      let order = needed.sorted { positions[$0] > positions[$1] }
      let last = isRound ? positions.indices.max { positions[$0] < positions[$1] } : nil
      let candidates = order + siblings.sorted(by: >) + (last.map { [$0] } ?? [])
      for group in candidates where groups[group].isLive == isLive {
        let isLast = needed.allSatisfy { positions[$0] <= positions[group] }
        guard isLast || !isNeeded[group] else { continue }
        guard let joined = groups[group].joined(by: kernel, loop, locations, isRound: isRound)
        else { continue }
        groups[group] = joined
        if !isLast { move(group) }
        return group
      }
    }
    groups.append(StageGroup(kernel, locations, isLive: isLive))
    isNeeded.append(false)
    if needed.isEmpty, kernel.isScalar {
      // A step size: computed before all else, so that it keeps no loop from joining its producer.
      firstPosition -= 1
      positions.append(firstPosition)
    } else {
      positions.append(0)
      move(groups.count - 1)
    }
    return groups.count - 1
  }

  private mutating func move(_ group: Int) {
    positions[group] = nextPosition
    nextPosition += 1
  }
}

extension FusedKernel {
  /// Whether the kernel computes a single element of its own, which it sets no variable to.
  fileprivate var isScalar: Bool {
    guard let loop, case .tensor = operands[0] else { return false }
    return loop.work == 1
  }

  /// Whether the kernel may end the run, so that effects stay on their side of it.
  var mayFail: Bool {
    switch work {
    case .kernel(.named(let call)):
      if case .assertion = call.kernel { return true }
      return false
    case .kernel: return false
    case .loop, .branch: return innerLists.contains { $0.kernels.contains(where: \.mayFail) }
    }
  }
}
