#if LLVM
  import CLLVM
  import StandardOps
  import TensorCore

  /// Emits one loop of a nest.
  ///
  /// A step of the body is computed in the outermost loop where all that it takes is known: nothing is
  /// left for a pass to move.
  final class StageEmitter {
    let nest: NestEmitter
    let number: Int
    let form: LoopForm
    private let firstWord: Int
    let emitter: Emitter
    /// For each step of the body, how many dimensions must be entered before it is computed.
    private let levels: [Int]
    /// Whether a step differs from lane to lane.
    private let isVector: [Bool]
    /// Whether a step that does not is taken by one that does.
    private let needsSplat: [Bool]
    /// Whether a step depends on what an earlier stage stores.
    private let isLate: [Bool]

    /// The dimension along the lanes, reduced ones after the parallel ones.
    let vectorDimension: Int?

    init(_ nest: NestEmitter, stage: Int, firstWord: Int) {
      self.nest = nest
      number = stage
      let form = nest.form.stages[stage]
      self.form = form
      self.firstWord = firstWord
      emitter = nest.emitter
      let vector: Int? =
        switch form.vector {
        case .none: nil
        case .parallel(let dimension): dimension
        case .reduced: form.rank + form.reducedRank - 1
        }
      vectorDimension = vector
      let written = Set(nest.form.stages[..<stage].flatMap { $0.stores.map(\.buffer) })
      let body = form.body
      var levels: [Int] = []
      var isVector: [Bool] = []
      var isLate: [Bool] = []
      func level(_ moves: (Int) -> Bool) -> Int {
        let last = (0..<(form.rank + form.reducedRank)).last(where: moves)
        guard let last else { return 0 }
        // The reduced dimensions are one loop.
        return min(last, form.rank) + 1
      }
      for instruction in body.instructions {
        switch instruction {
        case .load(let load):
          let operand = form.loads[load]
          levels.append(level { operand.steps[$0] != .none })
          isVector.append(vector.map { operand.steps[$0] != .none } ?? false)
          isLate.append(written.contains(operand.buffer))
        case .coordinate(_, let coefficients):
          levels.append(level { coefficients[$0] != 0 })
          isVector.append(vector.map { coefficients[$0] != 0 } ?? false)
          isLate.append(false)
        default:
          let operands = instruction.operands
          levels.append(operands.map { levels[$0] }.max() ?? 0)
          isVector.append(operands.contains { isVector[$0] })
          isLate.append(operands.contains { isLate[$0] })
        }
      }
      var needsSplat = [Bool](repeating: false, count: body.instructions.count)
      for (number, instruction) in body.instructions.enumerated() where isVector[number] {
        for operand in instruction.operands where !isVector[operand] { needsSplat[operand] = true }
      }
      if vector != nil {
        for result in body.results where !isVector[result] { needsSplat[result] = true }
      }
      (self.levels, self.isVector, self.isLate) = (levels, isVector, isLate)
      self.needsSplat = needsSplat
    }

    func word(_ index: Int) -> IRValue { nest.word(firstWord + index) }
    func extent(_ dimension: Int) -> IRValue { word(form.extent(dimension)) }

    /// Before any dimension is entered.
    func start() -> StageState {
      StageState(
        loads: form.loads.indices.map { word(form.load($0)) },
        finishLoads: form.finishLoads.indices.map { word(form.finishLoad($0)) },
        stores: form.stores.indices.map { word(form.store($0)) }, indices: [],
        values: Array(repeating: nil, count: form.body.instructions.count),
        splats: Array(repeating: nil, count: form.body.instructions.count))
    }

    /// Moves to an index of the next dimension, and computes what is known then.
    func enter(_ state: inout StageState, _ dimension: Int, _ index: IRValue) {
      move(&state.loads, form.loads, form.load, dimension, index)
      move(&state.finishLoads, form.finishLoads, form.finishLoad, dimension, index)
      move(&state.stores, form.stores, form.store, dimension, index)
      state.indices.append(index)
      evaluate(&state, upTo: dimension + 1, isLateToo: dimension >= nest.form.sharedRank)
    }

    /// Adds an index of a dimension to the offsets of all accesses that move along it.
    func move(
      _ offsets: inout [IRValue], _ operands: [OperandForm], _ first: (Int) -> Int,
      _ dimension: Int, _ index: IRValue
    ) {
      for (place, operand) in operands.enumerated() {
        guard operand.steps.indices.contains(dimension), operand.steps[dimension] != .none else {
          continue
        }
        let stride = word(first(place) + 1 + dimension)
        let step =
          operand.steps[dimension] == .one ? index : emitter.multiply(index, stride)
        offsets[place] = emitter.add(offsets[place], step)
      }
    }

    /// Emits the stage at an index of the shared dimensions.
    func emit(_ state: StageState) {
      var state = state
      evaluate(&state, upTo: nest.form.sharedRank)
      descend(state, nest.form.sharedRank)
    }

    private func descend(_ state: StageState, _ dimension: Int) {
      if dimension == form.rank {
        if form.combine == nil { store(state) } else { reduce(state) }
        return
      }
      let isVector = dimension == vectorDimension
      nest.each(extent(dimension), isVector: isVector) { index, remaining in
        var inner = state
        if isVector { inner.cover(remaining, emitter) }
        enter(&inner, dimension, index)
        descend(inner, dimension + 1)
      }
    }

    // MARK: Steps

    /// Computes the steps of the body that are known once `level` dimensions are entered.
    ///
    /// - Parameter isLateToo: whether earlier stages have computed what they store here.
    func evaluate(_ state: inout StageState, upTo level: Int, isLateToo: Bool = true) {
      let steps = ElementEmitter(emitter: emitter, status: nest.status, active: state.active)
      for number in form.body.instructions.indices
      where state.values[number] == nil && levels[number] <= level && (isLateToo || !isLate[number])
      {
        let value = step(number, state, steps)
        state.values[number] = value
        if needsSplat[number] {
          state.splats[number] = value.count == nil ? value.splat(NestForm.laneCount) : value
        }
      }
    }

    private func step(_ number: Int, _ state: StageState, _ steps: ElementEmitter) -> Lanes {
      let body = form.body
      let dtype = body.types[number]
      func value(_ operand: Int) -> Lanes {
        let value =
          isVector[number] ? state.splats[operand] ?? state.values[operand] : state.values[operand]
        guard let value else { preconditionFailure("step \(operand) is not computed yet") }
        return value
      }
      switch body.instructions[number] {
      case .load(let load):
        if let writer = nest.form.forwarded[self.number][load], let known = nest.results[writer] {
          return known
        }
        return self.load(form.loads[load], state.loads[load], form.load(load), state)
      case .coordinate(let first, let coefficients):
        return coordinate(form.bodyStart + first, coefficients, state)
      case .constant(let place): return constant(form.bodyStart + Int(place), dtype)
      default: return steps.step(body.instructions[number], dtype, value)
      }
    }

    func constant(_ word: Int, _ dtype: DType) -> Lanes { nest.constant(firstWord + word, dtype) }

    /// Reads an operand at the current place.
    func load(_ operand: OperandForm, _ offset: IRValue, _ first: Int, _ state: StageState) -> Lanes
    {
      let base = nest.buffer(operand.buffer)
      let lanes = NestForm.laneCount
      guard let vectorDimension, operand.steps.indices.contains(vectorDimension) else {
        return emitter.load(operand.dtype, at: base, offset)
      }
      switch operand.steps[vectorDimension] {
      case .none: return emitter.load(operand.dtype, at: base, offset)
      case .one:
        return emitter.load(
          operand.dtype, count: lanes, at: base, offset, remaining: state.remaining,
          active: state.active)
      case .any:
        return emitter.gather(
          operand.dtype, count: lanes, at: base, offset,
          stride: word(first + 1 + vectorDimension), remaining: state.remaining)
      }
    }

    func coordinate(_ first: Int, _ coefficients: [Int], _ state: StageState) -> Lanes {
      var sum = word(first)
      var stride: IRValue = nil
      for (dimension, coefficient) in coefficients.enumerated() where coefficient != 0 {
        let factor = word(first + 1 + dimension)
        sum = emitter.add(sum, emitter.multiply(state.indices[dimension], factor))
        if dimension == vectorDimension { stride = factor }
      }
      let start = Lanes(emitter: emitter, value: sum, dtype: .int64, count: nil)
      guard let stride else { return start }
      let lanes = NestForm.laneCount
      let step = Lanes(emitter: emitter, value: stride, dtype: .int64, count: nil).splat(lanes)
      let numbers = ElementEmitter(emitter: emitter, status: nil, active: nil)
        .cast(emitter.laneNumbers(lanes), to: .int64)
      return start.splat(lanes) + numbers * step
    }

    // MARK: Results

    private func store(_ state: StageState) {
      for (place, result) in form.body.results.enumerated() {
        guard let value = state.splats[result] ?? state.values[result] else {
          preconditionFailure("a result is computed where it is stored")
        }
        store(value, place, state)
        nest.results[number] = value
      }
    }

    /// Writes a result at the current place.
    func store(_ value: Lanes, _ place: Int, _ state: StageState) {
      let operand = form.stores[place]
      let base = nest.buffer(operand.buffer)
      guard value.count != nil else {
        return emitter.store(value, at: base, state.stores[place])
      }
      guard let vectorDimension, operand.steps.indices.contains(vectorDimension) else { return }
      if operand.steps[vectorDimension] == .one {
        emitter.store(
          value, at: base, state.stores[place], remaining: state.remaining, active: state.active)
      } else {
        emitter.scatter(
          value, at: base, state.stores[place],
          stride: word(form.store(place) + 1 + vectorDimension), remaining: state.remaining)
      }
    }
  }
#endif
