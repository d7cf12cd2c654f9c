#if LLVM
  import CLLVM
  import TensorCore

  /// The product of a few rows and one panel of columns, whose accumulators stay in registers:
  /// `(a, rows, step, count, segments, segmentCount, b, c, pitch)`.
  ///
  /// Row `i` of the left factor begins `rows[i]` bytes after `a`, its terms lie `step` bytes apart. Terms
  /// come in segments, each of `count` terms, that begin `segments[s]` bytes after the row: one for a
  /// matrix, one for each line of a convolution's window. `b` is the panel, packed: a full row of columns
  /// for each term. The rows of the result are `pitch` bytes apart at `c`.
  ///
  /// Each element is one sum in the order of the terms, whatever the tile that it is in.
  struct MicroKernelForm: CodeForm {
    let dtype: DType
    let rowCount: Int

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
        ])
      let (a, rows, step, count, segments) = (
        emitter.parameter(0), emitter.parameter(1), emitter.parameter(2), emitter.parameter(3),
        emitter.parameter(4)
      )
      let (segmentCount, b, c, pitch) = (
        emitter.parameter(5), emitter.parameter(6), emitter.parameter(7), emitter.parameter(8)
      )
      let width = Self.columnCount(dtype, library.machine) / 2
      let size = dtype.byteCount ?? 4
      let vector = emitter.type(dtype, count: width)
      func offset(_ base: IRValue, _ bytes: IRValue) -> IRValue {
        emitter.address(base, bytes, of: emitter.byteType)
      }
      func long(_ table: IRValue, _ index: IRValue) -> IRValue {
        emitter.load(
          emitter.int64Type, emitter.address(table, index, of: emitter.int64Type), alignment: 8)
      }
      let starts = (0..<rowCount).map { offset(a, long(rows, emitter.integer($0))) }
      let zero = emitter.constant(0, dtype, count: width)
      let initial = [IRValue](repeating: zero.value, count: 2 * rowCount)
      let panelStep = emitter.integer(2 * width * size)
      let sums = emitter.loop(
        from: emitter.integer(0), to: segmentCount, carrying: initial + [emitter.integer(0)]
      ) { segment, carried in
        emitter.loop(
          from: emitter.integer(0), to: count,
          carrying: carried + [long(segments, segment)]
        ) { _, carried in
          var next: [IRValue] = []
          let (place, left) = (carried[2 * rowCount], carried[2 * rowCount + 1])
          let columns = (0..<2).map { half in
            zero.with(
              emitter.load(
                vector, offset(b, emitter.add(place, emitter.integer(half * width * size))),
                alignment: size))
          }
          for row in 0..<rowCount {
            let element = Lanes(
              emitter: emitter,
              value: emitter.load(
                emitter.type(dtype), offset(starts[row], left), alignment: size),
              dtype: dtype, count: nil
            ).splat(width)
            for half in 0..<2 {
              let sum = zero.with(carried[2 * row + half])
              next.append(
                dtype.isFloatingPoint
                  ? element.multiplyAdd(columns[half], sum).value
                  : (element * columns[half] + sum).value)
            }
          }
          return next + [emitter.add(place, panelStep), emitter.add(left, step)]
        }.dropLast()
      }
      for row in 0..<rowCount {
        let target = offset(c, emitter.multiply(emitter.integer(row), pitch))
        for half in 0..<2 {
          emitter.store(
            sums[2 * row + half], offset(target, emitter.integer(half * width * size)),
            alignment: size)
        }
      }
      emitter.finish()
      return emitter
    }
  }

  /// A compiled micro-kernel.
  typealias MicroKernel =
    @convention(c) (
      UnsafeRawPointer, UnsafePointer<Int>, Int, Int, UnsafePointer<Int>, Int, UnsafeRawPointer,
      UnsafeMutableRawPointer, Int
    ) -> Int32
#endif
