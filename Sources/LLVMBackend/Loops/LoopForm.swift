#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// How an access moves along a dimension.
  enum StepForm: Hashable {
    /// Not at all.
    case none
    /// To the neighbour in memory.
    case one
    /// By a stride that is an argument.
    case any
  }

  /// An access without its numbers.
  struct OperandForm: Hashable {
    /// The position among the buffers; `provided` for what the caller of the function hands over.
    let buffer: Int
    let dtype: DType
    var steps: [StepForm]

    /// The number of the buffer that comes as an argument of its own.
    static let provided = -1

    /// - Parameter vector: the dimension whose neighbours share a vector, the only one where a step of
    ///   one is worth knowing.
    init(_ operand: Operand, vector: Int?) {
      buffer = operand.buffer
      dtype = operand.dtype
      steps = operand.access.strides.enumerated().map { dimension, stride in
        stride == 0 ? .none : stride == 1 && dimension == vector ? .one : .any
      }
    }
  }

  /// Which dimension of a loop runs along the lanes of vectors.
  enum VectorDimension: Hashable {
    /// None: elements are computed one at a time.
    case none
    /// A parallel one, by its number.
    case parallel(Int)
    /// The reduced ones, whose elements are contiguous.
    case reduced
  }

  /// A loop without its sizes, strides and constants, which are words of the function's argument.
  struct LoopForm: Hashable {
    /// The numbers of dimensions.
    let rank: Int, reducedRank: Int
    let vector: VectorDimension
    let loads: [OperandForm]
    /// Constants and coordinates hold the number of their first word.
    let body: ElementExpression
    /// The types of the state's parts and how two states combine; empty and nil for a plain loop.
    let state: [DType]
    let combine: ElementExpression?
    let finish: ElementExpression?
    let finishLoads: [OperandForm]
    let stores: [OperandForm]
    /// The words of each expression.
    let bodyWords: Int, combineWords: Int, finishWords: Int

    /// The form of a loop, and its words.
    static func make(_ loop: LoopKernel, vector: VectorDimension) -> (
      form: LoopForm, words: [Int64]
    ) {
      let rank = loop.extents.count
      let dimension: Int? =
        switch vector {
        case .none: nil
        case .parallel(let dimension): dimension
        case .reduced: rank + loop.reducedExtents.count - 1
        }
      var words = (loop.extents + loop.reducedExtents).map(Int64.init)
      func forms(_ operands: [Operand]) -> [OperandForm] {
        for operand in operands {
          words.append(Int64(operand.access.offset))
          words += operand.access.strides.map(Int64.init)
        }
        return operands.map { OperandForm($0, vector: dimension) }
      }
      let loads = forms(loop.loads)
      let finishLoads = forms(loop.finishLoads)
      let stores = forms(loop.stores)
      let (body, bodyWords) = loop.body.abstracted
      words += bodyWords
      let combined = loop.reduction?.combine.abstracted
      words += combined?.words ?? []
      words += (loop.reduction?.initial ?? []).map { Int64(bitPattern: $0) }
      let finished = loop.finish?.abstracted
      words += finished?.words ?? []
      let form = LoopForm(
        rank: rank, reducedRank: loop.reducedExtents.count, vector: vector, loads: loads,
        body: body, state: loop.reduction?.types ?? [], combine: combined?.form,
        finish: finished?.form, finishLoads: finishLoads, stores: stores,
        bodyWords: bodyWords.count, combineWords: combined?.words.count ?? 0,
        finishWords: finished?.words.count ?? 0)
      return (form, words)
    }

    // MARK: Where the words are

    func extent(_ dimension: Int) -> Int { dimension }
    /// The first word of a load: its offset, then its strides.
    func load(_ index: Int) -> Int { rank + reducedRank + index * (1 + rank + reducedRank) }
    func finishLoad(_ index: Int) -> Int { load(loads.count) + index * (1 + rank) }
    func store(_ index: Int) -> Int { finishLoad(finishLoads.count) + index * (1 + rank) }
    var bodyStart: Int { store(stores.count) }
    var combineStart: Int { bodyStart + bodyWords }
    var initialStart: Int { combineStart + combineWords }
    var finishStart: Int { initialStart + state.count }
    var wordCount: Int { finishStart + finishWords }

    /// Whether every step has code.
    var isEmittable: Bool {
      ([body, combine, finish].compactMap { $0 }).allSatisfy(ElementEmitter.canEmit)
        && (loads + finishLoads + stores).allSatisfy(\.dtype.isElement)
        && state.allSatisfy(\.isElement) && stores.count == (finish ?? body).results.count
    }
  }

  extension ElementExpression {
    /// The expression with the numbers of words in place of constants and coordinates, and the words.
    fileprivate var abstracted: (form: ElementExpression, words: [Int64]) {
      var words: [Int64] = []
      let instructions = instructions.map { instruction -> ElementInstruction in
        switch instruction {
        case .constant(let bits):
          words.append(Int64(bitPattern: bits))
          return .constant(UInt64(words.count - 1))
        case .coordinate(let offset, let coefficients):
          words.append(Int64(offset))
          words += coefficients.map(Int64.init)
          return .coordinate(
            offset: words.count - 1 - coefficients.count,
            coefficients: coefficients.map { $0 == 0 ? 0 : 1 })
        default: return instruction
        }
      }
      return (
        ElementExpression(instructions: instructions, types: types, results: results), words
      )
    }
  }
#endif
