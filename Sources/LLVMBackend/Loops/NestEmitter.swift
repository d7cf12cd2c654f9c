#if LLVM
  import CLLVM
  import StandardOps
  import TensorCore

  /// Emits the function of a nest: `status(buffers, words, provided)`.
  final class NestEmitter {
    let emitter: Emitter
    let form: NestForm
    /// The addresses of the buffers, loaded once.
    private var buffers: [Int: IRValue] = [:]
    private var words: [Int: IRValue] = [:]
    /// Where a failing element leaves its error, if one can fail.
    let status: IRValue
    /// What the stages computed at the current index, for those after them.
    var results: [Int: Lanes] = [:]

    init(_ form: NestForm, _ library: LLVMLibrary) {
      self.form = form
      emitter = Emitter(library, parameters: [.pointer, .pointer, .pointer])
      let mayFail = form.stages.contains { stage in
        [stage.body, stage.combine, stage.finish].compactMap { $0 }
          .contains(where: ElementEmitter.mayFail)
      }
      status = mayFail ? emitter.reserve(emitter.int32Type) : nil
      if mayFail {
        emitter.store(emitter.llvm.ConstInt(emitter.int32Type, 0, 0), status, alignment: 4)
      }
    }

    func emit() -> Emitter {
      var first = 0
      var stages: [StageEmitter] = []
      for number in form.stages.indices {
        stages.append(StageEmitter(self, stage: number, firstWord: first))
        first += form.stages[number].wordCount
      }
      let starts = stages.map { stage in
        var state = stage.start()
        stage.evaluate(&state, upTo: 0, isLateToo: false)
        return state
      }
      descend(stages, starts, 0)
      emitter.finish(
        status: status.map { emitter.load(emitter.int32Type, $0, alignment: 4) } ?? nil)
      return emitter
    }

    /// Emits the loops of the shared dimensions, and in them one stage after the other.
    private func descend(_ stages: [StageEmitter], _ states: [StageState], _ dimension: Int) {
      if dimension == form.sharedRank {
        results = [:]
        for (stage, state) in zip(stages, states) { stage.emit(state) }
        return
      }
      let isVector = form.sharesVector && dimension == form.sharedRank - 1
      each(stages[0].extent(dimension), isVector: isVector) { index, remaining in
        let inner = zip(stages, states).map { stage, state in
          var state = state
          if isVector { state.cover(remaining, emitter) }
          stage.enter(&state, dimension, index)
          return state
        }
        descend(stages, inner, dimension + 1)
      }
    }

    /// A loop over a dimension: element by element, or in vectors, of which the last may have fewer.
    ///
    /// - Parameter body: takes the first element, and how many there are if that is not known.
    func each(
      _ extent: IRValue, isVector: Bool, _ body: (_ index: IRValue, _ remaining: IRValue) -> Void
    ) {
      let zero = emitter.integer(0)
      if !isVector {
        emitter.loop(from: zero, to: extent) { index, _ in
          body(index, nil)
          return []
        }
        return
      }
      let lanes = NestForm.laneCount
      let full = emitter.and(extent, emitter.integer(-lanes))
      emitter.loop(from: zero, to: full, step: lanes) { index, _ in
        body(index, nil)
        return []
      }
      emitter.when(emitter.isLess(full, extent)) {
        body(full, emitter.subtract(extent, full))
      }
    }

    /// The address of a buffer.
    func buffer(_ number: Int) -> IRValue {
      if number == OperandForm.provided { return emitter.parameter(2) }
      if let known = buffers[number] { return known }
      let address = emitter.atEntry {
        emitter.load(
          emitter.pointerType,
          emitter.address(emitter.parameter(0), emitter.integer(number), of: emitter.pointerType),
          alignment: 8)
      }
      buffers[number] = address
      return address
    }

    /// A word of the arguments.
    func word(_ number: Int) -> IRValue {
      if let known = words[number] { return known }
      let value = emitter.atEntry {
        emitter.load(emitter.int64Type, wordAddress(number), alignment: 8)
      }
      words[number] = value
      return value
    }

    /// A word that holds the bits of an element.
    func constant(_ number: Int, _ dtype: DType) -> Lanes {
      let value = emitter.atEntry { () -> IRValue in
        let memory = dtype == .bool ? emitter.byteType : emitter.type(dtype)
        let loaded = emitter.load(memory, wordAddress(number), alignment: 8)
        return dtype == .bool ? emitter.isNonzero(loaded) : loaded
      }
      return Lanes(emitter: emitter, value: value, dtype: dtype, count: nil)
    }

    private func wordAddress(_ number: Int) -> IRValue {
      emitter.address(emitter.parameter(1), emitter.integer(number), of: emitter.int64Type)
    }
  }

  extension Emitter {
    func isNonzero(_ value: IRValue) -> IRValue {
      llvm.BuildICmp(builder, LLVMIntNE, value, llvm.ConstNull(llvm.TypeOf(value)), "")
    }
  }
#endif
