/// Loops one after the other that share outer dimensions, such as the stages of a softmax.
///
/// What a stage reads of an earlier one's results, or overwrites of what an earlier one reads, belongs
/// to the same index of the shared dimensions. So pieces of these may run in any order, each through
/// all of its stages while their data is in cache, and every element is what the loops alone compute.
public struct StagedKernel: Hashable, Sendable {
  /// One loop.
  public struct Stage: Hashable, Sendable {
    /// The loop over all of its own dimensions, the shared ones among them.
    public var loop: LoopKernel
    /// Which of the loop's parallel dimensions each shared one is.
    public var shared: [Int]
  }

  /// The sizes of the shared dimensions; empty if every stage computes a single element.
  public var extents: [Int]
  /// The loops in order.
  public var stages: [Stage]

  /// The loops restricted to a range of one shared dimension.
  package func stages(within range: Range<Int>, of dimension: Int) -> [LoopKernel] {
    stages.map { stage in
      var box = stage.loop.extents.map { 0..<$0 }
      if stage.shared.indices.contains(dimension) { box[stage.shared[dimension]] = range }
      return stage.loop.restricted(to: box).collapsed()
    }
  }

  /// The number of elements that all stages compute or combine.
  package var work: Int { stages.reduce(0) { $0 + $1.loop.work } }
}

extension LoopKernel {
  /// The number of elements that the body computes.
  package var work: Int { count * max(reducedCount, 1) }
}

extension StagedKernel {
  /// Pieces of a dimension whose neighbours are neighbours in memory are multiples of this, a cache
  /// line of `float32`.
  package static let granule = 16

  /// Stages with as few dimensions as possible.
  ///
  /// - Parameters:
  ///   - loops: the loops over all of their dimensions.
  ///   - shared: which of each loop's parallel dimensions the shared ones are.
  package init(_ loops: [LoopKernel], _ shared: [[Int]], _ extents: [Int]) {
    var (loops, shared, extents) = (loops, shared, extents)
    var dimension = 0
    while dimension + 1 < extents.count {
      let next = dimension + 1
      if zip(loops, shared).allSatisfy({ $0.mergeable($1[dimension], $1[next]) }) {
        for stage in loops.indices {
          loops[stage] = loops[stage].merging(shared[stage][dimension], into: shared[stage][next])
          shared[stage].remove(at: dimension)
        }
        extents[next] *= extents[dimension]
        extents.remove(at: dimension)
      } else {
        dimension = next
      }
    }
    self.extents = extents
    stages = zip(loops, shared).map { loop, shared in
      let (collapsed, places) = loop.collapsed(keeping: shared)
      return Stage(loop: collapsed, shared: places)
    }
  }
}

extension LoopKernel {
  /// The same loop on operands of other numbers.
  package func renumbered(_ number: (Int) -> Int) -> LoopKernel {
    var kernel = self
    for index in loads.indices { kernel.loads[index].buffer = number(loads[index].buffer) }
    for index in finishLoads.indices {
      kernel.finishLoads[index].buffer = number(finishLoads[index].buffer)
    }
    for index in stores.indices { kernel.stores[index].buffer = number(stores[index].buffer) }
    return kernel
  }
}

extension Kernel {
  /// The kernel with one operand number for each buffer, where stages reach one by several: so that
  /// a backend sees by the numbers which stage takes what another stores.
  package func sharing(_ buffers: [Int]) -> Kernel {
    guard case .staged(var kernel) = self else { return self }
    for stage in kernel.stages.indices {
      kernel.stages[stage].loop = kernel.stages[stage].loop.renumbered { operand in
        buffers.firstIndex(of: buffers[operand]) ?? operand
      }
    }
    return .staged(kernel)
  }
}
