#if LLVM
  import CLLVM
  import TensorCore

  /// The product of a few rows and one panel of columns, whose sums stay in registers:
  /// `(a, rows, step, count, segments, segmentCount, b, c, pitch, isContinued)`.
  ///
  /// Row `i` of the left factor begins `rows[i]` bytes after `a`, its terms lie `step` bytes apart. Terms
  /// come in segments of `count` terms: `segments` holds where each begins, in bytes from the row's
  /// start, and then where its terms begin in the panel. A matrix is one segment, a convolution's window
  /// has one for each of its lines. `b` is the panel, packed: a full row of columns for each term. The
  /// rows of the result are `pitch` bytes apart at `c`; with `isContinued` they hold sums to go on with.
  ///
  /// Each element is one sum in the order of the terms, whatever the tile that it is in.
  struct MicroKernelForm: CodeForm {
    let dtype: DType
    let rowCount: Int
    /// Whether each column has terms of its own in the left factor, as a depthwise convolution's
    /// channels have, instead of one for all columns.
    var isByColumn = false
    /// Whether neighbouring terms are lines apart in the left factor, as those of a transposed matrix
    /// are: no processor sees that coming, and a block takes a part of each line.
    var isStrided = false

    /// How many terms ahead such a line is asked for: found by measuring; 6 and 32 are slower.
    static let prefetchDistance = 12

    /// The most rows: with two vectors of columns they fill the registers that a sum may take.
    static let mostRows = 6

    /// The columns of a panel: two vectors.
    static func columnCount(_ dtype: DType, _ machine: HostMachine) -> Int {
      2 * machine.vectorByteCount / (dtype.byteCount ?? 4)
    }

    func emit(_ library: LLVMLibrary) -> Emitter? {
      let emitter = Emitter(
        library,
        parameters: [
          .pointer, .pointer, .integer, .integer, .pointer, .integer, .pointer, .pointer, .integer,
          .integer,
        ])
      MicroKernelEmitter(self, emitter).emit()
      return emitter
    }
  }

  private struct MicroKernelEmitter {
    let form: MicroKernelForm
    let emitter: Emitter
    /// The columns of one vector, and the bytes of an element.
    let width: Int, size: Int
    let zero: Lanes

    init(_ form: MicroKernelForm, _ emitter: Emitter) {
      self.form = form
      self.emitter = emitter
      width = MicroKernelForm.columnCount(form.dtype, emitter.machine) / 2
      size = form.dtype.byteCount ?? 4
      zero = emitter.constant(0, form.dtype, count: width)
    }

    private func offset(_ base: IRValue, _ bytes: IRValue) -> IRValue {
      emitter.address(base, bytes, of: emitter.byteType)
    }

    private func long(_ table: IRValue, _ index: IRValue) -> IRValue {
      emitter.load(
        emitter.int64Type, emitter.address(table, index, of: emitter.int64Type), alignment: 8)
    }

    private func vector(_ address: IRValue) -> Lanes {
      zero.with(
        emitter.load(emitter.type(form.dtype, count: width), address, alignment: size))
    }

    /// The address of half a row of the result.
    private func result(_ row: Int, _ half: Int) -> IRValue {
      let line = emitter.multiply(emitter.integer(row), emitter.parameter(8))
      return offset(
        offset(emitter.parameter(7), line), emitter.integer(half * width * size))
    }

    func emit() {
      let rowCount = form.rowCount
      let (a, rows, step, count, segments) = (
        emitter.parameter(0), emitter.parameter(1), emitter.parameter(2), emitter.parameter(3),
        emitter.parameter(4)
      )
      let segmentCount = emitter.parameter(5)
      let starts = (0..<rowCount).map { offset(a, long(rows, emitter.integer($0))) }
      let none = [IRValue](repeating: zero.value, count: 2 * rowCount)
      // A loop of one round or none.
      let initial = emitter.loop(
        from: emitter.integer(0), to: emitter.parameter(9), carrying: none
      ) { _, _ in
        (0..<(2 * rowCount)).map { vector(result($0 / 2, $0 % 2)).value }
      }
      let panelStep = emitter.integer(2 * width * size)
      let sums = emitter.loop(
        from: emitter.integer(0), to: segmentCount, carrying: initial
      ) { segment, carried in
        let left = long(segments, segment)
        let right = long(segments, emitter.add(segmentCount, segment))
        return emitter.loop(
          from: emitter.integer(0), to: count, carrying: carried + [right, left]
        ) { _, carried in
          let (right, left) = (carried[2 * rowCount], carried[2 * rowCount + 1])
          return terms(starts, carried, left, right)
            + [emitter.add(right, panelStep), emitter.add(left, step)]
        }.dropLast(2)
      }
      for row in 0..<rowCount {
        for half in 0..<2 {
          emitter.store(sums[2 * row + half], result(row, half), alignment: size)
        }
      }
      emitter.finish()
    }

    /// All sums with one more term.
    private func terms(
      _ starts: [IRValue], _ sums: [IRValue], _ left: IRValue, _ right: IRValue
    ) -> [IRValue] {
      let b = emitter.parameter(6)
      if form.isStrided {
        let ahead = emitter.multiply(
          emitter.parameter(2), emitter.integer(MicroKernelForm.prefetchDistance))
        for start in Set([0, starts.count - 1]).sorted() {
          emitter.prefetch(offset(starts[start], emitter.add(left, ahead)))
        }
      }
      let columns = (0..<2).map { half in
        vector(offset(b, emitter.add(right, emitter.integer(half * width * size))))
      }
      return starts.enumerated().flatMap { row, start in
        let place = offset(start, left)
        let shared: Lanes? =
          form.isByColumn
          ? nil : emitter.load(form.dtype, at: place, emitter.integer(0)).splat(width)
        return (0..<2).map { half -> IRValue in
          let factor =
            shared ?? vector(offset(place, emitter.integer(half * width * size)))
          let sum = zero.with(sums[2 * row + half])
          return form.dtype.isFloatingPoint
            ? factor.multiplyAdd(columns[half], sum).value
            : (factor * columns[half] + sum).value
        }
      }
    }
  }

  /// A compiled micro-kernel.
  typealias MicroKernel =
    @convention(c) (
      UnsafeRawPointer, UnsafePointer<Int>, Int, Int, UnsafePointer<Int>, Int, UnsafeRawPointer,
      UnsafeMutableRawPointer, Int, Int
    ) -> Int32

  /// Micro-kernels by the number of their rows.
  struct MicroKernelTable: @unchecked Sendable {
    private let kernels: [MicroKernel?]

    init(_ counts: [Int], _ code: [Code]) {
      var kernels = [MicroKernel?](repeating: nil, count: MicroKernelForm.mostRows + 1)
      for (count, code) in zip(counts, code) {
        kernels[count] = unsafeBitCast(code.address, to: MicroKernel.self)
      }
      self.kernels = kernels
    }

    subscript(count: Int) -> MicroKernel {
      guard let kernel = kernels[count] else {
        preconditionFailure("a block of \(count) rows has no code")
      }
      return kernel
    }
  }
#endif
