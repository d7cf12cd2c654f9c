#if LLVM
  import CLLVM
  import StandardOps
  import TensorCore

  /// The numbers that a pooling function takes, in the order of its words.
  enum PoolWord: Int, CaseIterable {
    case channels, outputWidth, inputHeight, inputWidth, windowHeight, windowWidth
    case strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft
    /// The rows of the output to compute.
    case firstRow, endRow
  }

  /// The greatest or mean element of each window, or their gradients, over some rows of an image whose
  /// channels come last: `(input, gradient, result, words)`.
  ///
  /// Vectors run along channels. A gradient adds to the result, which begins as zeros.
  struct PoolForm: CodeForm {
    let kind: PoolKind
    let isGradient: Bool
    let dtype: DType

    func emit(_ library: LLVMLibrary) -> Emitter? {
      let emitter = Emitter(library, parameters: [.pointer, .pointer, .pointer, .pointer])
      PoolEmitter(form: self, emitter: emitter).emit()
      emitter.finish()
      return emitter
    }
  }

  /// A compiled pooling function.
  typealias PoolFunction =
    @convention(c) (
      UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer, UnsafePointer<Int>
    ) -> Int32

  private final class PoolEmitter {
    let form: PoolForm
    let emitter: Emitter
    private var words: [PoolWord: IRValue] = [:]

    init(form: PoolForm, emitter: Emitter) {
      self.form = form
      self.emitter = emitter
    }

    private var lanes: Int { NestForm.laneCount }

    private func word(_ word: PoolWord) -> IRValue {
      if let known = words[word] { return known }
      let value = emitter.atEntry {
        emitter.load(
          emitter.int64Type,
          emitter.address(
            emitter.parameter(3), emitter.integer(word.rawValue), of: emitter.int64Type),
          alignment: 8)
      }
      words[word] = value
      return value
    }

    /// Some channels at a place: how many there are if not all lanes are.
    private struct Channels {
      let first: IRValue
      let remaining: IRValue
      let active: Lanes?
    }

    func emit() {
      emitter.loop(from: word(.firstRow), to: word(.endRow)) { row, _ in
        emitter.loop(from: emitter.integer(0), to: word(.outputWidth)) { column, _ in
          let full = emitter.and(word(.channels), emitter.integer(-lanes))
          emitter.loop(from: emitter.integer(0), to: full, step: lanes) { first, _ in
            place(row, column, Channels(first: first, remaining: nil, active: nil))
            return []
          }
          emitter.when(emitter.isLess(full, word(.channels))) {
            let remaining = emitter.subtract(word(.channels), full)
            place(
              row, column,
              Channels(
                first: full, remaining: remaining,
                active: emitter.lanes(below: remaining, count: lanes)))
          }
          return []
        }
        return []
      }
    }

    private func place(_ row: IRValue, _ column: IRValue, _ channels: Channels) {
      let output = emitter.add(
        emitter.multiply(
          emitter.add(emitter.multiply(row, word(.outputWidth)), column), word(.channels)),
        channels.first)
      switch (form.kind, form.isGradient) {
      case (.maximum, false):
        let greatest = greatest(row, column, channels).value
        store(greatest, at: output, channels)
      case (.average, false):
        let zero = emitter.constant(0, form.dtype, count: lanes)
        let sums = taps(row, column, [zero.value, emitter.integer(0)]) { _, place, isInside, old in
          let sum = zero.with(old[0])
          let next = sum + load(0, at: place, channels)
          return [
            emitter.select(isInside, next.value, sum.value), counted(old[1], isInside),
          ]
        }
        store(zero.with(sums[0]) / real(sums[1]), at: output, channels)
      case (.maximum, true):
        let chosen = greatest(row, column, channels).tap
        let gradient = load(1, at: output, channels)
        let zero = gradient.constant(0)
        taps(row, column, []) { tap, place, isInside, _ in
          emitter.when(isInside) {
            let number = emitter.narrowed(tap).splat(lanes)
            add((chosen .== number).select(gradient, zero), at: place, channels)
          }
          return []
        }
      case (.average, true):
        let counts = taps(row, column, [emitter.integer(0)]) { _, _, isInside, old in
          [counted(old[0], isInside)]
        }
        let share = load(1, at: output, channels) / real(counts[0])
        taps(row, column, []) { _, place, isInside, _ in
          emitter.when(isInside) { add(share, at: place, channels) }
          return []
        }
      case (.chosen, _): preconditionFailure("only the CPU backend chooses")
      }
    }

    /// The greatest elements of a window, none below the least finite number, and the tap of the first such.
    private func greatest(_ row: IRValue, _ column: IRValue, _ channels: Channels) -> (
      value: Lanes, tap: Lanes
    ) {
      let least =
        form.isGradient
        ? -Double.infinity
        : form.dtype == .float32
          ? -Double(Float.greatestFiniteMagnitude) : -Double.greatestFiniteMagnitude
      let start = emitter.constant(least, form.dtype, count: lanes)
      let none = emitter.constant(-1, .int32, count: lanes)
      let result = taps(row, column, [start.value, none.value]) { tap, place, isInside, old in
        let (value, chosen) = (start.with(old[0]), none.with(old[1]))
        let element = load(0, at: place, channels)
        let number = emitter.narrowed(tap).splat(lanes)
        // The gradient goes to the first tap where nothing is greater; of values a NaN is passed over.
        let isGreater = element > value
        let isFirst = form.isGradient ? isGreater | (chosen < 0) : isGreater
        return [
          emitter.select(isInside, isFirst.select(element, value).value, value.value),
          emitter.select(isInside, isFirst.select(number, chosen).value, chosen.value),
        ]
      }
      return (start.with(result[0]), none.with(result[1]))
    }

    /// Goes through a window's taps; those outside of the input are at its first element.
    @discardableResult
    private func taps(
      _ row: IRValue, _ column: IRValue, _ carried: [IRValue],
      _ body: (_ tap: IRValue, _ place: IRValue, _ isInside: IRValue, [IRValue]) -> [IRValue]
    ) -> [IRValue] {
      let top = emitter.subtract(emitter.multiply(row, word(.strideHeight)), word(.padTop))
      let left = emitter.subtract(emitter.multiply(column, word(.strideWidth)), word(.padLeft))
      let zero = emitter.integer(0)
      return emitter.loop(from: zero, to: word(.windowHeight), carrying: carried) { y, carried in
        let inputRow = emitter.add(top, emitter.multiply(y, word(.dilationHeight)))
        let isRow = isIn(inputRow, word(.inputHeight))
        return emitter.loop(from: zero, to: word(.windowWidth), carrying: carried) { x, carried in
          let inputColumn = emitter.add(left, emitter.multiply(x, word(.dilationWidth)))
          let isInside = emitter.and(isRow, isIn(inputColumn, word(.inputWidth)))
          let pixel = emitter.add(
            emitter.multiply(inputRow, word(.inputWidth)), inputColumn)
          let place = emitter.multiply(emitter.select(isInside, pixel, zero), word(.channels))
          let tap = emitter.add(emitter.multiply(y, word(.windowWidth)), x)
          return body(tap, place, isInside, carried)
        }
      }
    }

    private func isIn(_ index: IRValue, _ size: IRValue) -> IRValue {
      emitter.llvm.BuildICmp(emitter.builder, LLVMIntULT, index, size, "")
    }

    private func counted(_ count: IRValue, _ isInside: IRValue) -> IRValue {
      emitter.add(
        count, emitter.llvm.BuildZExt(emitter.builder, isInside, emitter.int64Type, ""))
    }

    private func real(_ count: IRValue) -> Lanes {
      let value: IRValue = emitter.llvm.BuildSIToFP(
        emitter.builder, count, emitter.type(form.dtype), "")
      return Lanes(emitter: emitter, value: value, dtype: form.dtype, count: nil).splat(lanes)
    }

    /// Reads the input or the gradient; `place` is that of the pixel's first channel, or the output's.
    private func load(_ operand: Int, at place: IRValue, _ channels: Channels) -> Lanes {
      emitter.load(
        form.dtype, count: lanes, at: emitter.parameter(operand),
        operand == 0 ? emitter.add(place, channels.first) : place, remaining: channels.remaining,
        active: channels.active)
    }

    private func store(_ value: Lanes, at place: IRValue, _ channels: Channels) {
      emitter.store(
        value, at: emitter.parameter(2), place, remaining: channels.remaining,
        active: channels.active)
    }

    /// Adds to the result at a pixel.
    private func add(_ value: Lanes, at pixel: IRValue, _ channels: Channels) {
      let place = emitter.add(pixel, channels.first)
      let old = emitter.load(
        form.dtype, count: lanes, at: emitter.parameter(2), place, remaining: channels.remaining,
        active: channels.active)
      store(old + value, at: place, channels)
    }
  }
#endif
