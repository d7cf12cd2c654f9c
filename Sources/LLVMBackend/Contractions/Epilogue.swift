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
    ///   - boxes: ranges of its dimensions, of which all but the last two have one index each.
    ///   - strides: how a box of the product lies in scratch.
    init(
      _ loop: LoopKernel, dtype: DType, boxes: [[Range<Int>]], strides: ([Range<Int>]) -> [Int]
    ) {
      let loops = boxes.map { box in
        var part = loop.restricted(to: box)
        part.loads.insert(
          Operand(
            buffer: OperandForm.provided, dtype: dtype, access: Access(strides: strides(box))),
          at: 0)
        return part.droppingDimensions(before: 2)
      }
      let nest = Nest([loops[0]], sharedRank: 0)
      form = nest.form
      words = loops.map { nest.words([$0]) }
    }
  }

  extension LoopKernel {
    /// The loop without its outer dimensions, which have one index each, keeping the last `count`.
    fileprivate func droppingDimensions(before count: Int) -> LoopKernel {
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
