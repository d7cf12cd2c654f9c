#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// What follows a product, box by box of it.
  struct EpilogueRecipe {
    let form: NestForm
    /// The words of each box.
    let words: [[Int64]]

    /// - Parameters:
    ///   - loop: over the whole product, whose element is load 0.
    ///   - boxes: places in its dimensions, of which the outer ones have one index each.
    ///   - keeping: how many dimensions boxes have.
    ///   - strides: how a box of the product lies in scratch, in the dimensions that are kept.
    init(
      _ loop: LoopKernel, dtype: DType, boxes: [[StridedRange]], keeping: Int,
      strides: ([StridedRange]) -> [Int]
    ) {
      let loops = boxes.map { box in
        var part = loop.sampled(box)
        let outer = [Int](repeating: 0, count: box.count - keeping)
        part.loads.insert(
          Operand(
            buffer: OperandForm.provided, dtype: dtype,
            access: Access(strides: outer + strides(box.suffix(keeping)))), at: 0)
        return part.keepingDimensions(last: keeping)
      }
      let nest = Nest([loops[0]], sharedRank: 0)
      form = nest.form
      words = loops.map { nest.words([$0]) }
    }
  }

  /// Evenly spaced indices of a dimension.
  struct StridedRange {
    var start = 0
    var step = 1
    var count: Int

    init(start: Int = 0, step: Int = 1, count: Int) {
      (self.start, self.step, self.count) = (start, step, count)
    }

    init(_ range: Range<Int>) { self.init(start: range.lowerBound, count: range.count) }
  }

  extension LoopKernel {
    /// The part of a plain loop at some places of its dimensions.
    fileprivate func sampled(_ box: [StridedRange]) -> LoopKernel {
      var kernel = restricted(to: box.map { $0.start..<($0.start + $0.count) })
      func spread(_ strides: [Int]) -> [Int] { zip(strides, box).map { $0 * $1.step } }
      for index in kernel.loads.indices {
        kernel.loads[index].access.strides = spread(kernel.loads[index].access.strides)
      }
      for index in kernel.stores.indices {
        kernel.stores[index].access.strides = spread(kernel.stores[index].access.strides)
      }
      kernel.body = kernel.body.mapCoordinates(spread)
      return kernel
    }

    /// The loop without its outer dimensions, which have one index each, keeping the last `count`.
    fileprivate func keepingDimensions(last count: Int) -> LoopKernel {
      let dropped = extents.count - count
      var kernel = self
      func inner(_ values: [Int]) -> [Int] { Array(values.dropFirst(dropped)) }
      kernel.extents = inner(extents)
      for index in loads.indices {
        kernel.loads[index].access.strides = inner(loads[index].access.strides)
      }
      for index in stores.indices {
        kernel.stores[index].access.strides = inner(stores[index].access.strides)
      }
      kernel.body = body.mapCoordinates(inner)
      return kernel
    }
  }

  /// A compiled epilogue.
  final class EpilogueCallable: @unchecked Sendable {
    private let function: KernelFunction
    private let words: UnsafeMutablePointer<Int64>
    private let wordCount: Int

    init(_ recipe: EpilogueRecipe, _ code: Code) {
      function = unsafeBitCast(code.address, to: KernelFunction.self)
      wordCount = recipe.words.first?.count ?? 0
      words = .allocate(capacity: max(1, wordCount * recipe.words.count))
      for (number, box) in recipe.words.enumerated() {
        (words + number * wordCount).initialize(from: box, count: wordCount)
      }
    }

    deinit { words.deallocate() }

    /// Runs over the `box`th box, whose product the caller has.
    func run(
      box: Int, operands: UnsafePointer<UnsafeMutableRawPointer>, product: UnsafeMutableRawPointer
    ) -> KernelStatus {
      KernelStatus(rawValue: function(operands, words + box * wordCount, product)) ?? .success
    }
  }
#endif
