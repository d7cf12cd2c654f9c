#if LLVM
  import GraphCompiler
  import StandardOps

  /// The function of a kernel: `status(buffers, words, provided)`.
  typealias KernelFunction =
    @convention(c) (
      UnsafePointer<UnsafeMutableRawPointer>, UnsafePointer<Int64>, UnsafeMutableRawPointer?
    ) -> Int32

  /// A loop or stages on the way to code: the form, and the words of each piece.
  struct NestRecipe: Recipe {
    var forms: [any CodeForm] { [form] }
    let form: NestForm
    let pieces: [[Int64]]
    let estimatedNanoseconds: Int

    /// The elements of one piece: enough work to be worth a thread's while.
    private static let pieceElements = 16_384
    /// More pieces give no more balance.
    private static let pieceLimit = 64

    /// A plain or reducing loop, whose pieces are ranges of its longest dimension.
    ///
    /// - Parameter isWhole: whether it is to be one piece.
    init(_ loop: LoopKernel, isWhole: Bool = false) {
      // The results' neighbours along vectors.
      let order = loop.extents.indices.sorted { a, b in
        let (x, y) = (
          loop.stores[0].access.strides[a].magnitude, loop.stores[0].access.strides[b].magnitude
        )
        return x != y ? x > y : a < b
      }
      self.init(
        [loop.permuted(order)], sharedRank: 0, work: loop.work,
        cut: isWhole ? [] : Array(loop.extents.indices))
    }

    /// Stages, whose pieces are ranges of the longest dimension that they share.
    init(_ kernel: StagedKernel) {
      // The shared dimension along which most results are contiguous comes last.
      let shared = kernel.extents.indices
      func unitSteps(_ dimension: Int) -> Int {
        kernel.stages.reduce(0) { sum, stage in
          let place = stage.shared[dimension]
          let accesses = (stage.loop.stores + stage.loop.loads).map(\.access)
          return sum + accesses.count { $0.strides[place] == 1 }
        }
      }
      let order = shared.sorted { a, b in
        let (x, y) = (unitSteps(a), unitSteps(b))
        return x != y ? x < y : a < b
      }
      let loops = kernel.stages.map { stage in
        let first = order.map { stage.shared[$0] }
        return stage.loop.permuted(
          first + stage.loop.extents.indices.filter { !first.contains($0) })
      }
      self.init(
        loops, sharedRank: kernel.extents.count, work: kernel.work, cut: Array(shared))
    }

    private init(_ loops: [LoopKernel], sharedRank: Int, work: Int, cut dimensions: [Int]) {
      let nest = Nest(loops, sharedRank: sharedRank)
      form = nest.form
      let extents = loops[0].extents
      let wanted = min(Self.pieceLimit, max(1, work / Self.pieceElements))
      if wanted > 1, let dimension = dimensions.max(by: { extents[$0] < extents[$1] }) {
        let extent = extents[dimension]
        var step = (extent + wanted - 1) / wanted
        let isContiguous = loops.contains { $0.stores[0].access.strides[dimension] == 1 }
        if isContiguous { step = (step + 63) / 64 * 64 }
        pieces = stride(from: 0, to: extent, by: max(step, 1)).map {
          nest.words(nest.restricted(to: $0..<min($0 + step, extent), of: dimension))
        }
      } else {
        pieces = [nest.words(loops)]
      }
      let steps = loops.reduce(0.0) { sum, loop in
        sum + Double(loop.work * (loop.body.instructions.count + 1))
      }
      estimatedNanoseconds = Int(steps * 0.08)
    }
  }

  extension NestRecipe {
    func callable(_ code: [Code]) -> any KernelCallable { NestCallable(self, code[0]) }
  }

  /// The compiled function of a nest, run piece by piece.
  final class NestCallable: KernelCallable, @unchecked Sendable {
    private let function: KernelFunction
    private let words: UnsafeMutableBufferPointer<Int64>
    private let wordCount: Int
    let tileCount: Int
    let scratchByteCount = 64
    let estimatedNanoseconds: Int

    init(_ recipe: NestRecipe, _ code: Code) {
      function = unsafeBitCast(code.address, to: KernelFunction.self)
      let all = recipe.pieces.flatMap { $0 }
      wordCount = recipe.pieces.first?.count ?? 0
      words = .allocate(capacity: max(all.count, 1))
      _ = words.initialize(from: all)
      tileCount = recipe.pieces.count
      estimatedNanoseconds = recipe.estimatedNanoseconds
    }

    deinit { words.deallocate() }

    func run(
      tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
      scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      run(tiles: tiles, operands: operands, provided: nil)
    }

    /// Runs some pieces of a loop whose load 0 reads what the caller provides.
    func run(
      tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
      provided: UnsafeMutableRawPointer?
    ) -> KernelStatus {
      guard let base = words.baseAddress else { return .success }
      for tile in tiles {
        let status = function(operands, base + tile * wordCount, provided)
        if status != 0 { return KernelStatus(rawValue: status) ?? .success }
      }
      return .success
    }
  }
#endif
