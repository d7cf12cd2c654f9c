#if LLVM
  import CLLVM
  import GraphCompiler
  import TensorCore

  /// States of a reduction in the function's own memory.
  struct StateSlots {
    private let emitter: Emitter
    private let parts: [(dtype: DType, count: Int?, memory: IRValue)]

    init(_ emitter: Emitter, _ parts: [DType], lanes: Int?, count: Int) {
      self.emitter = emitter
      self.parts = parts.map { dtype in
        (dtype, lanes, emitter.reserve(Self.type(emitter, dtype, lanes), count: count))
      }
    }

    /// A `bool` takes a byte.
    private static func type(_ emitter: Emitter, _ dtype: DType, _ lanes: Int?) -> IRType {
      emitter.type(dtype == .bool ? .uint8 : dtype, count: lanes)
    }

    private func address(_ part: Int, _ index: IRValue) -> IRValue {
      let (dtype, count, memory) = parts[part]
      return emitter.address(memory, index, of: Self.type(emitter, dtype, count))
    }

    func load(at index: IRValue) -> [Lanes] {
      parts.indices.map { part in
        let (dtype, count, _) = parts[part]
        let raw = emitter.load(
          Self.type(emitter, dtype, count), address(part, index),
          alignment: alignment(part))
        return Lanes(
          emitter: emitter, value: dtype == .bool ? emitter.isNonzero(raw) : raw, dtype: dtype,
          count: count)
      }
    }

    func store(_ state: [Lanes], at index: IRValue) {
      for (part, value) in state.enumerated() {
        let (dtype, count, _) = parts[part]
        let type = Self.type(emitter, dtype, count)
        let raw: IRValue =
          dtype == .bool
          ? emitter.llvm.BuildZExt(emitter.builder, value.value, type, "") : value.value
        emitter.store(raw, address(part, index), alignment: alignment(part))
      }
    }

    private func alignment(_ part: Int) -> Int {
      let size = parts[part].dtype.byteCount ?? 8
      return min(64, size * (parts[part].count ?? 1))
    }
  }

  /// Combines chunks in pairs of neighbours as they come: those of one level wait for their neighbour,
  /// as the digits of a binary counter do.
  struct ChunkStack {
    private let stage: StageEmitter
    private let emitter: Emitter
    /// The states of the lanes of one chunk.
    let lanes: StateSlots
    /// The waiting states, the oldest first, and how many there are.
    private let waiting: StateSlots
    private let height: IRValue
    /// How many chunks were pushed.
    private let pushed: IRValue
    let initial: [Lanes]
    private let count: Int?

    init(_ stage: StageEmitter, isVector: Bool) {
      self.stage = stage
      emitter = stage.emitter
      count = isVector ? NestForm.laneCount : nil
      lanes = StateSlots(
        emitter, stage.form.state, lanes: count,
        count: stage.form.vector == .reduced ? 1 : LoopReduction.laneCount)
      // 2⁴⁸ chunks are more than memory holds.
      waiting = StateSlots(emitter, stage.form.state, lanes: count, count: 48)
      height = emitter.reserve(emitter.int64Type)
      pushed = emitter.reserve(emitter.int64Type)
      let lanes = count
      initial = stage.form.state.indices.map { part in
        let value = stage.initial(part)
        return lanes.map { value.splat($0) } ?? value
      }
    }

    /// A state in as many lanes as this stack's.
    func widened(_ state: [Lanes]) -> [Lanes] {
      state.map { value in count.map { value.count == nil ? value.splat($0) : value } ?? value }
    }

    private func get(_ counter: IRValue) -> IRValue {
      emitter.load(emitter.int64Type, counter, alignment: 8)
    }
    private func set(_ counter: IRValue, _ value: IRValue) {
      emitter.store(value, counter, alignment: 8)
    }

    func reset() {
      set(height, emitter.integer(0))
      set(pushed, emitter.integer(0))
      waiting.store(initial, at: emitter.integer(0))
    }

    /// Adds the next chunk, and combines those that are complete: one for each trailing 1 of the
    /// number of chunks before.
    func push(_ state: [Lanes]) {
      waiting.store(state, at: get(height))
      let before = get(pushed)
      let llvm = emitter.llvm
      let ones = emitter.intrinsic(
        "llvm.cttz", [emitter.int64Type],
        [llvm.BuildNot(emitter.builder, before, ""), llvm.ConstInt(emitter.boolType, 0, 0)])
      set(height, emitter.add(get(height), emitter.integer(1)))
      set(pushed, emitter.add(before, emitter.integer(1)))
      emitter.loop(from: emitter.integer(0), to: ones) { _, _ in
        merge()
        return []
      }
    }

    /// Combines the two states on top.
    private func merge() {
      let top = emitter.subtract(get(height), emitter.integer(1))
      let below = emitter.subtract(top, emitter.integer(1))
      waiting.store(
        stage.combine(waiting.load(at: below), waiting.load(at: top)), at: below)
      set(height, top)
    }

    /// The state of all chunks; that of no elements if there were none.
    func total() -> [Lanes] {
      emitter.loop(from: emitter.integer(1), to: get(height)) { _, _ in
        merge()
        return []
      }
      return waiting.load(at: emitter.integer(0))
    }
  }
#endif
