#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// Loops that share outer dimensions, without their numbers: the whole of what decides their code.
  struct NestForm: CodeForm {
    /// How many of each loop's parallel dimensions, the first ones, are shared.
    let sharedRank: Int
    /// Whether the last shared dimension runs along the lanes of vectors.
    let sharesVector: Bool
    let stages: [LoopForm]
    /// For each stage and load: the earlier stage whose result it is, at the same place, if it is one.
    let forwarded: [[Int?]]

    /// The number of elements in a vector: as many as a reduction has lanes, whatever the machine.
    static let laneCount = LoopReduction.laneCount

    func emit(_ library: LLVMLibrary) -> Emitter? {
      stages.allSatisfy(\.isEmittable) ? NestEmitter(self, library).emit() : nil
    }
  }

  /// Loops as functions take them: the form of a nest, and its words for one piece of it.
  struct Nest {
    let form: NestForm
    private let loops: [LoopKernel]

    /// - Parameters:
    ///   - loops: each with its shared dimensions first.
    init(_ loops: [LoopKernel], sharedRank: Int) {
      let sharesVector = Self.sharesVector(loops, sharedRank)
      self.loops = loops
      let stages = loops.map { loop in
        LoopForm.make(
          loop, vector: sharesVector ? .parallel(sharedRank - 1) : loop.ownVector(sharedRank)
        ).form
      }
      let forwarded = loops.indices.map { stage in
        loops[stage].loads.map { load -> Int? in
          Self.source(of: load, before: stage, loops, sharedRank)
        }
      }
      form = NestForm(
        sharedRank: sharedRank, sharesVector: sharesVector, stages: stages, forwarded: forwarded)
    }

    /// The words of all stages, one after the other.
    func words(_ piece: [LoopKernel]) -> [Int64] {
      zip(piece, form.stages).flatMap { LoopForm.make($0, vector: $1.vector).words }
    }

    /// The loops restricted to a range of one shared dimension, or of any of a single loop's.
    func restricted(to range: Range<Int>, of dimension: Int) -> [LoopKernel] {
      loops.map { loop in
        var box = loop.extents.map { 0..<$0 }
        box[dimension] = range
        return loop.restricted(to: box)
      }
    }

    /// Whether more accesses have neighbours in memory along the last shared dimension than along the
    /// stages' own.
    private static func sharesVector(_ loops: [LoopKernel], _ sharedRank: Int) -> Bool {
      if sharedRank == 0 { return false }
      var (shared, own) = (0, 0)
      for loop in loops {
        let rank = loop.extents.count
        // A stage that is elements of the shared dimensions alone fits either way.
        for load in loop.loads {
          if load.access.strides[sharedRank - 1] == 1 { shared += loop.work }
          if load.access.strides.last == 1, load.access.strides.count > sharedRank {
            own += loop.work
          }
        }
        for store in loop.stores {
          if store.access.strides[sharedRank - 1] == 1 { shared += loop.count }
          if rank > sharedRank, store.access.strides.last == 1 { own += loop.count }
        }
      }
      return shared >= own && shared > 0
    }

    /// The earlier stage that computes what a load reads, at the same index of the shared dimensions
    /// and with no dimensions of its own, so that the value need not come from memory.
    private static func source(
      of load: Operand, before stage: Int, _ loops: [LoopKernel], _ sharedRank: Int
    ) -> Int? {
      let writer = loops[..<stage].lastIndex { $0.stores.contains { $0.buffer == load.buffer } }
      guard let writer, loops[writer].extents.count == sharedRank,
        loops[stage].extents.count + loops[stage].reducedExtents.count == sharedRank,
        loops[writer].stores.count == 1, loops[writer].stores[0].access == load.access,
        loops[writer].stores[0].dtype == load.dtype
      else { return nil }
      return writer
    }
  }

  extension LoopKernel {
    /// The dimension of the loop's own that vectors run along.
    fileprivate func ownVector(_ sharedRank: Int) -> VectorDimension {
      let rank = extents.count
      func unitSteps(_ dimension: Int) -> Int {
        loads.count { $0.access.strides[dimension] == 1 }
      }
      if reduction != nil, let inner = reducedExtents.last {
        let isRegular =
          reducedExtents.count == 1 || inner % LoopReduction.laneCount == 0
        let rows = unitSteps(rank + reducedExtents.count - 1)
        let columns = rank > sharedRank ? unitSteps(rank - 1) : 0
        if isRegular, rows >= columns, rows > 0 || rank == sharedRank { return .reduced }
      }
      return rank > sharedRank ? .parallel(rank - 1) : .none
    }

    /// The loop with its parallel dimensions in another order.
    func permuted(_ order: [Int]) -> LoopKernel {
      var kernel = self
      let all = order + (0..<reducedExtents.count).map { $0 + extents.count }
      kernel.extents = order.map { extents[$0] }
      for index in loads.indices {
        kernel.loads[index].access.strides = all.map { loads[index].access.strides[$0] }
      }
      for index in finishLoads.indices {
        kernel.finishLoads[index].access.strides = order.map {
          finishLoads[index].access.strides[$0]
        }
      }
      for index in stores.indices {
        kernel.stores[index].access.strides = order.map { stores[index].access.strides[$0] }
      }
      kernel.body = body.mapCoordinates { coefficients in all.map { coefficients[$0] } }
      kernel.finish = finish?.mapCoordinates { coefficients in order.map { coefficients[$0] } }
      return kernel
    }
  }
#endif
