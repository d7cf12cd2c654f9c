import StandardOps

/// Loops that run as stages of one kernel, or one kernel of any other form.
struct StageGroup {
  let isLive: Bool
  private var stages: [Member]
  /// The sizes of the dimensions that the stages share.
  private var extents: [Int]
  /// The sum of all stages' elements.
  private var work: Int
  /// The sum of what one element of each stage costs.
  private var steps: Int
  /// The bytes of the largest buffer that one stage hands to another.
  private var handedBytes = 0

  /// One kernel of the group.
  private struct Member {
    var kernel: FusedKernel
    var loop: LoopKernel?
    var locations: [FusedKernel.Source]
    /// Which parallel dimension of the loop each shared one is.
    var shared: [Int]
  }

  /// A piece of a kernel, with all it hands from stage to stage, should stay in the second-level cache.
  private static let cacheBytes = 1 << 18
  /// Loops of fewer elements gain nothing from a second thread.
  private static let serialWork = 1 << 15
  /// Loops of fewer elements cost less than being handed to a thread.
  private static let tinyWork = 1 << 12
  /// Longer lists of stages gain nothing more.
  private static let stageLimit = 64
  /// Of all stages together, since what makes code of a kernel takes the square of its length.
  private static let stepLimit = 4096

  init(_ kernel: FusedKernel, _ locations: [FusedKernel.Source], isLive: Bool) {
    self.isLive = isLive
    let loop = kernel.loop
    let shared = loop?.extents.indices.filter { loop?.extents[$0] != 1 } ?? []
    stages = [Member(kernel: kernel, loop: loop, locations: locations, shared: shared)]
    extents = shared.map { loop?.extents[$0] ?? 1 }
    work = loop?.work ?? 0
    steps = loop?.stepCost ?? 0
  }

  // MARK: Joining

  /// The group with one more stage; nil if the loop shares no dimension with it, or sharing costs more
  /// than it saves.
  ///
  /// - Parameter isRound: whether they run again and again, so that even small loops that have nothing to
  ///   do with one another had better be one kernel.
  func joined(
    by kernel: FusedKernel, _ loop: LoopKernel, _ locations: [FusedKernel.Source], isRound: Bool
  ) -> StageGroup? {
    guard stages.count < Self.stageLimit, stages[0].loop != nil,
      steps + loop.stepCost <= Self.stepLimit
    else { return nil }
    let new = Member(kernel: kernel, loop: loop, locations: locations, shared: [])
    var shared = [Int?](repeating: nil, count: extents.count)
    var isDropped = [Bool](repeating: false, count: extents.count)
    var links: [(old: StageAccess, new: StageAccess, stage: Int, handsOver: Bool)] = []
    let own = accesses(of: new)
    for (number, stage) in stages.enumerated() {
      for old in accesses(of: stage) {
        for access in own where access.location == old.location {
          let conflicts = access.isWrite || old.isWrite
          for dimension in extents.indices where !isDropped[dimension] {
            let stride = old.access.strides[stage.shared[dimension]]
            if stride == 0, !conflicts { continue }
            let match = loop.extents.indices.first {
              loop.extents[$0] == extents[dimension] && access.access.strides[$0] == stride
                && stride != 0
            }
            if let match, shared[dimension] == nil || shared[dimension] == match {
              shared[dimension] = match
            } else if conflicts {
              isDropped[dimension] = true
            }
          }
          if conflicts { links.append((old, access, number, old.isWrite && !access.isWrite)) }
        }
      }
    }
    let kept = extents.indices.filter { !isDropped[$0] && shared[$0] != nil }
    for link in links {
      for dimension in kept {
        let stride = link.old.access.strides[stages[link.stage].shared[dimension]]
        guard link.old.separates(stride: stride, extent: extents[dimension]),
          link.new.separates(stride: stride, extent: extents[dimension])
        else { return nil }
      }
    }
    let isScalar = loop.count == 1 && stages.allSatisfy { $0.loop?.count == 1 }
    // Stages that share nothing follow one another in a single piece, if one thread does all anyway.
    let isTiny = (isRound || !links.isEmpty) && work + loop.work <= Self.tinyWork
    guard !kept.isEmpty || isScalar || isTiny, Set(kept.map { shared[$0] }).count == kept.count
    else {
      return nil
    }
    var result = self
    result.extents = kept.map { extents[$0] }
    for index in stages.indices {
      result.stages[index].shared = kept.map { stages[index].shared[$0] }
    }
    result.stages.append(new)
    result.stages[stages.count].shared = kept.compactMap { shared[$0] }
    result.work += loop.work
    result.steps += loop.stepCost
    for link in links where link.handsOver {
      result.handedBytes = max(result.handedBytes, link.old.byteCount)
    }
    return result.pays ? result : nil
  }

  /// Whether pieces of the shared dimensions are small enough to stay in cache, and enough of them to
  /// occupy several threads.
  private var pays: Bool {
    if work <= Self.serialWork { return true }
    let pieces = extents.reduce(1, *) / (isContiguous ? StagedKernel.granule : 1)
    return pieces >= 4 && handedBytes / pieces <= Self.cacheBytes
  }

  /// Whether neighbours along the shared dimensions are neighbours in memory.
  private var isContiguous: Bool {
    stages.contains { stage in
      stage.loop?.stores.contains { store in
        stage.shared.contains { store.access.strides[$0] == 1 }
      } ?? false
    }
  }

  private func accesses(of member: Member) -> [StageAccess] {
    guard let loop = member.loop else { return [] }
    let sizes = loop.extents + loop.reducedExtents
    func access(_ operand: Operand, isWrite: Bool) -> StageAccess {
      StageAccess(
        location: member.locations[operand.buffer], access: operand.access, sizes: sizes,
        isWrite: isWrite,
        byteCount: isWrite ? loop.count * (operand.dtype.byteCount ?? 8) : 0)
    }
    return (loop.loads + loop.finishLoads).map { access($0, isWrite: false) }
      + loop.stores.map { access($0, isWrite: true) }
  }

  // MARK: Finishing

  /// The group as one kernel.
  func fused() -> FusedKernel {
    guard stages.count > 1 else { return stages[0].kernel }
    var outputs: [FusedKernel.Source] = []
    var inputs: [FusedKernel.Source] = []
    for stage in stages {
      for output in stage.kernel.operands.prefix(stage.kernel.outputCount)
      where !outputs.contains(output) { outputs.append(output) }
    }
    for stage in stages {
      for input in stage.kernel.operands.dropFirst(stage.kernel.outputCount)
      where !outputs.contains(input) && !inputs.contains(input) { inputs.append(input) }
    }
    let operands = outputs + inputs
    let position = Dictionary(
      operands.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let loops = stages.compactMap { stage in
      stage.loop?.renumbered { position[stage.kernel.operands[$0]] ?? 0 }
    }
    var seen = Set<Int>()
    return FusedKernel(
      work: .kernel(.staged(StagedKernel(loops, stages.map(\.shared), extents))),
      operands: operands,
      outputCount: outputs.count, root: stages[0].kernel.root,
      nodes: stages.flatMap(\.kernel.nodes).filter { seen.insert($0.index).inserted })
  }
}

/// A read or write of a stage.
private struct StageAccess {
  let location: FusedKernel.Source
  let access: Access
  let sizes: [Int]
  let isWrite: Bool
  /// The bytes written.
  let byteCount: Int

  /// Whether the step of `stride` and `extent` alone decides which part of the buffer is touched:
  /// all other dimensions stay inside one step or go over whole periods of it.
  func separates(stride: Int, extent: Int) -> Bool {
    guard stride > 0 else { return false }
    let period = stride * extent
    var span = access.offset % period
    var isFound = false
    for (size, step) in zip(sizes, access.strides) where size > 1 && step != 0 {
      if step == stride, size == extent, !isFound {
        isFound = true
      } else if step < 0 {
        return false
      } else if step % period != 0 {
        span += step * (size - 1)
      }
    }
    return isFound && access.offset >= 0 && span < stride
  }
}
