#if LLVM
  import CLLVM
  import TensorCore

  /// One row times a matrix as it lies in memory, read once from front to back:
  /// `(row, step, count, matrix, pitch, columns, result)`.
  ///
  /// The row's elements are `step` bytes apart, the matrix's rows `pitch`.
  struct RowProductForm: CodeForm {
    let dtype: DType

    /// Vectors of columns at a time: as many sums as registers hold, to wait for none.
    private static let vectorCount = 10

    /// The columns that are computed at a time.
    static func columnCount(_ dtype: DType, _ machine: HostMachine) -> Int {
      vectorCount * machine.vectorByteCount / (dtype.byteCount ?? 4)
    }

    func emit(_ library: LLVMLibrary) -> Emitter? {
      let emitter = Emitter(
        library,
        parameters: [.pointer, .integer, .integer, .pointer, .integer, .integer, .pointer])
      let width = library.machine.vectorByteCount / (dtype.byteCount ?? 4)
      let columns = emitter.parameter(5)
      let chunk = width * Self.vectorCount
      let whole = emitter.llvm.BuildSub(
        emitter.builder, columns,
        emitter.llvm.BuildURem(emitter.builder, columns, emitter.integer(chunk), ""), "")
      emitter.loop(from: emitter.integer(0), to: whole, step: chunk) { first, _ in
        product(emitter, first, width, Self.vectorCount, remaining: nil)
        return []
      }
      emitter.when(emitter.isLess(whole, columns)) {
        product(
          emitter, whole, width, Self.vectorCount, remaining: emitter.subtract(columns, whole))
      }
      emitter.finish()
      return emitter
    }

    private func product(
      _ emitter: Emitter, _ first: IRValue, _ width: Int, _ vectors: Int, remaining: IRValue
    ) {
      let (row, step, count) = (emitter.parameter(0), emitter.parameter(1), emitter.parameter(2))
      let (matrix, pitch, result) = (
        emitter.parameter(3), emitter.parameter(4), emitter.parameter(6)
      )
      func active(_ vector: Int) -> Lanes? {
        guard let remaining else { return nil }
        let left = emitter.subtract(remaining, emitter.integer(vector * width))
        return emitter.lanes(below: left, count: width)
      }
      let masks = (0..<vectors).map(active)
      let zero = emitter.constant(0, dtype, count: width)
      let places = (0..<vectors).map { emitter.add(first, emitter.integer($0 * width)) }
      let sums = emitter.loop(
        from: emitter.integer(0), to: count,
        carrying: [IRValue](repeating: zero.value, count: vectors)
      ) { term, sums in
        let element = emitter.load(
          dtype, at: emitter.address(row, emitter.multiply(term, step), of: emitter.byteType),
          emitter.integer(0)
        ).splat(width)
        let line = emitter.address(matrix, emitter.multiply(term, pitch), of: emitter.byteType)
        return sums.indices.map { vector in
          let factor = emitter.load(
            dtype, count: width, at: line, places[vector], remaining: remaining,
            active: masks[vector])
          return dtype.isFloatingPoint
            ? element.multiplyAdd(factor, zero.with(sums[vector])).value
            : (element * factor + zero.with(sums[vector])).value
        }
      }
      for vector in sums.indices {
        emitter.store(
          zero.with(sums[vector]), at: result, places[vector], remaining: remaining,
          active: masks[vector])
      }
    }
  }

  /// A compiled product of a row and a matrix.
  typealias RowProduct =
    @convention(c) (
      UnsafeRawPointer, Int, Int, UnsafeRawPointer, Int, Int, UnsafeMutableRawPointer
    ) -> Int32
#endif
