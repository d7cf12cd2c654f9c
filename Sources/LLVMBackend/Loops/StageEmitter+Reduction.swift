#if LLVM
  import CLLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  extension StageEmitter {
    private var lanes: Int { LoopReduction.laneCount }

    /// Emits the reduced loops at one place of the parallel dimensions, and what follows them.
    ///
    /// Elements enter 16 lanes in turn, 4,096 to a chunk; lanes combine by halves and chunks in pairs
    /// of neighbours, which is the order that `LoopReduction` states.
    func reduce(_ state: StageState) {
      let chunks = ChunkStack(self, isVector: form.vector.isParallel)
      let extents = (form.rank..<(form.rank + form.reducedRank)).map { extent($0) }
      let total = extents.reduce(emitter.integer(1)) { emitter.multiply($0, $1) }
      let chunk = emitter.integer(LoopReduction.chunkCount)
      chunks.reset()
      let zeros = extents.map { _ in emitter.integer(0) }
      emitter.loop(
        from: emitter.integer(0), to: total, step: LoopReduction.chunkCount, carrying: zeros
      ) { first, odometer in
        let count = emitter.least(chunk, emitter.subtract(total, first))
        let (values, next) =
          form.vector == .reduced
          ? contiguousChunk(state, extents, count, odometer)
          : laneChunk(state, extents, count, odometer, chunks)
        chunks.push(values)
        return next
      }
      finish(state, chunks.total())
    }

    // MARK: Lanes side by side

    /// A chunk whose neighbours are neighbours in memory: the lanes are those of vectors.
    private func contiguousChunk(
      _ state: StageState, _ extents: [IRValue], _ count: IRValue, _ odometer: [IRValue]
    ) -> (state: [Lanes], odometer: [IRValue]) {
      let initial = form.state.indices.map { self.initial($0).splat(lanes) }
      let full = emitter.and(count, emitter.integer(-lanes))
      let rounds = emitter.loop(
        from: emitter.integer(0), to: full, step: lanes,
        carrying: initial.map(\.value) + odometer
      ) { _, carried in
        let (old, place) = split(carried, like: initial)
        let new = combine(old, element(state, place, remaining: nil))
        return new.map(\.value) + advanced(place, extents, by: lanes)
      }
      var (values, place) = split(rounds, like: initial)
      // The rest, in a loop of one round or none.
      let rest = emitter.loop(
        from: full, to: count, step: lanes, carrying: values.map(\.value) + place
      ) { _, carried in
        let (old, place) = split(carried, like: initial)
        let remaining = emitter.subtract(count, full)
        var inner = state
        inner.cover(remaining, emitter)
        let new = combine(old, element(inner, place, remaining: remaining))
        let kept = zip(new, old).map { new, old in inner.active?.select(new, old) ?? new }
        return kept.map(\.value) + advanced(place, extents, by: lanes)
      }
      (values, place) = split(rest, like: initial)
      return (combineLanes(values, used: count), place)
    }

    /// Combines lane `l` with lane `l + 8`, `+ 4`, `+ 2`, `+ 1`, of as many lanes as were used.
    private func combineLanes(_ state: [Lanes], used: IRValue) -> [Lanes] {
      var values = state
      let limit = emitter.narrowed(used)
      var distance = lanes / 2
      while distance > 0 {
        // Only the lower half is looked at again.
        let width = distance
        let lower = values.map { $0.shuffled(Array(0..<width)) }
        let upper = values.map { $0.shuffled((0..<width).map { $0 + distance }) }
        let numbers = emitter.laneNumbers(width) + Double(distance)
        let isUsed = numbers < limit.splat(width)
        let combined = combine(lower, upper)
        values = zip(combined, lower).map { isUsed.select($0, $1) }
        distance /= 2
      }
      return values.map { $0.lane(emitter.integer(0)) }
    }

    // MARK: Lanes one after the other

    /// A chunk whose lanes are memory, each element or vector of parallel elements entering one.
    private func laneChunk(
      _ state: StageState, _ extents: [IRValue], _ count: IRValue, _ odometer: [IRValue],
      _ chunks: ChunkStack
    ) -> (state: [Lanes], odometer: [IRValue]) {
      let slots = chunks.lanes
      let used = emitter.least(count, emitter.integer(lanes))
      emitter.loop(from: emitter.integer(0), to: used) { lane, _ in
        slots.store(chunks.initial, at: lane)
        return []
      }
      let place = emitter.loop(
        from: emitter.integer(0), to: count, carrying: odometer
      ) { index, place in
        let lane = emitter.and(index, emitter.integer(lanes - 1))
        let element = chunks.widened(element(state, place, remaining: nil))
        slots.store(combine(slots.load(at: lane), element), at: lane)
        return advanced(place, extents, by: 1)
      }
      var distance = lanes / 2
      while distance > 0 {
        let (half, step) = (emitter.integer(distance), distance)
        let above = emitter.subtract(used, half)
        emitter.loop(from: emitter.integer(0), to: emitter.least(half, above)) { lane, _ in
          let upper = emitter.add(lane, emitter.integer(step))
          slots.store(combine(slots.load(at: lane), slots.load(at: upper)), at: lane)
          return []
        }
        distance /= 2
      }
      return (slots.load(at: emitter.integer(0)), place)
    }

    // MARK: Parts

    /// What one element gives: the state of the body at an index of the reduced dimensions.
    private func element(_ state: StageState, _ place: [IRValue], remaining: IRValue) -> [Lanes] {
      var inner = state
      for (reduced, index) in place.enumerated() {
        let dimension = form.rank + reduced
        move(&inner.loads, form.loads, form.load, dimension, index)
        inner.indices.append(index)
      }
      prefetch(inner)
      evaluate(&inner, upTo: form.rank + 1)
      return form.body.results.map { result in
        guard let value = inner.splats[result] ?? inner.values[result] else {
          preconditionFailure("a state is computed")
        }
        return value
      }
    }

    /// How many elements ahead rows are asked for.
    private static var prefetchDistance: Int { 12 }

    /// Asks for what comes down the columns that the lanes are: a row is further from the next than
    /// processors look ahead.
    private func prefetch(_ state: StageState) {
      guard let vectorDimension, vectorDimension < form.rank else { return }
      let innermost = form.rank + form.reducedRank - 1
      for (number, operand) in form.loads.enumerated()
      where operand.steps[vectorDimension] == .one && operand.steps[innermost] == .any {
        let stride = word(form.load(number) + 1 + innermost)
        let ahead = emitter.multiply(stride, emitter.integer(Self.prefetchDistance))
        emitter.prefetch(
          emitter.address(
            nest.buffer(operand.buffer), emitter.add(state.loads[number], ahead),
            of: emitter.memoryType(operand.dtype)))
      }
    }

    /// The next index of the reduced dimensions, in row-major order.
    private func advanced(_ place: [IRValue], _ extents: [IRValue], by step: Int) -> [IRValue] {
      var next = place
      var increment: IRValue = emitter.integer(step)
      for dimension in place.indices.reversed() {
        let sum = emitter.add(place[dimension], increment)
        if dimension == 0 {
          next[0] = sum
          break
        }
        let wraps = emitter.llvm.BuildICmp(
          emitter.builder, LLVMIntSGE, sum, extents[dimension], "")
        next[dimension] = emitter.select(wraps, emitter.integer(0), sum)
        increment = emitter.select(wraps, emitter.integer(1), emitter.integer(0))
      }
      return next
    }

    private func split(_ carried: [IRValue], like parts: [Lanes]) -> (
      state: [Lanes], odometer: [IRValue]
    ) {
      (
        zip(parts, carried).map { $0.with($1) }, Array(carried.dropFirst(parts.count))
      )
    }

    /// The state of no elements.
    func initial(_ part: Int) -> Lanes { constant(form.initialStart + part, form.state[part]) }

    /// Two states as one, the earlier first.
    func combine(_ earlier: [Lanes], _ later: [Lanes]) -> [Lanes] {
      guard let expression = form.combine else { return earlier }
      return evaluate(expression, earlier + later, words: form.combineStart)
    }

    /// The results of an expression of values, which all have one number of lanes.
    private func evaluate(
      _ expression: ElementExpression, _ inputs: [Lanes], words: Int, at state: StageState? = nil
    ) -> [Lanes] {
      let count = inputs.first?.count ?? nil
      func widened(_ value: Lanes) -> Lanes {
        count.map { value.count == nil ? value.splat($0) : value } ?? value
      }
      // Lanes that stand for no element divide by the zeros that were read for them.
      let steps = ElementEmitter(emitter: emitter, status: nest.status, active: state?.active)
      var values: [Lanes] = []
      for (number, instruction) in expression.instructions.enumerated() {
        let value: Lanes
        switch instruction {
        case .load(let load): value = widened(inputs[load])
        case .constant(let place):
          value = widened(constant(words + Int(place), expression.types[number]))
        case .coordinate(let first, let coefficients):
          guard let state else { preconditionFailure("a state knows no place") }
          value = widened(coordinate(words + first, coefficients, state))
        default: value = steps.step(instruction, expression.types[number]) { values[$0] }
        }
        values.append(value)
      }
      return expression.results.map { values[$0] }
    }

    /// From the reduced state to the results.
    private func finish(_ state: StageState, _ reduced: [Lanes]) {
      guard let expression = form.finish else { return }
      let loads = form.finishLoads.indices.map { index in
        load(form.finishLoads[index], state.finishLoads[index], form.finishLoad(index), state)
      }
      let results = evaluate(expression, reduced + loads, words: form.finishStart, at: state)
      for (place, value) in results.enumerated() {
        store(value, place, state)
        nest.results[number] = value
      }
    }
  }

  extension VectorDimension {
    fileprivate var isParallel: Bool { if case .parallel = self { true } else { false } }
  }
#endif
