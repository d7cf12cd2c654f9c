#if LLVM
  import CLLVM
  import TensorCore

  /// Lays one panel of columns out for micro-kernels, a row of it for each term, with zeros where the
  /// matrix has fewer columns: `(matrix, pitch, count, columns, panel)`.
  ///
  /// Of a matrix as it is, a row holds the columns of one term; of a transposed one, the terms of one
  /// column. Rows are `pitch` bytes apart.
  struct PackingForm: CodeForm {
    let dtype: DType
    let isTransposed: Bool

    func emit(_ library: LLVMLibrary) -> Emitter? {
      let emitter = Emitter(
        library, parameters: [.pointer, .integer, .integer, .integer, .pointer])
      let builder = PanelEmitter(emitter: emitter, dtype: dtype, machine: library.machine)
      if isTransposed { builder.transpose() } else { builder.copy() }
      emitter.finish()
      return emitter
    }
  }

  /// A compiled packing function.
  typealias PackingFunction =
    @convention(c) (UnsafeRawPointer, Int, Int, Int, UnsafeMutableRawPointer) -> Int32

  private struct PanelEmitter {
    let emitter: Emitter
    let dtype: DType
    let columnCount: Int

    init(emitter: Emitter, dtype: DType, machine: HostMachine) {
      self.emitter = emitter
      self.dtype = dtype
      columnCount = MicroKernelForm.columnCount(dtype, machine)
    }

    private var matrix: IRValue { emitter.parameter(0) }
    private var pitch: IRValue { emitter.parameter(1) }
    private var count: IRValue { emitter.parameter(2) }
    private var columns: IRValue { emitter.parameter(3) }
    private var panel: IRValue { emitter.parameter(4) }
    private var size: Int { dtype.byteCount ?? 4 }

    private func row(_ index: IRValue) -> IRValue {
      emitter.address(matrix, emitter.multiply(index, pitch), of: emitter.byteType)
    }

    /// Where a term's columns go.
    private func place(_ term: IRValue, _ column: IRValue) -> IRValue {
      emitter.address(
        panel, emitter.add(emitter.multiply(term, emitter.integer(columnCount)), column),
        of: emitter.type(dtype))
    }

    /// Runs one way where all columns are there, and another where they are not.
    private func choose(_ whole: () -> Void, else ragged: () -> Void) {
      let isRagged = emitter.isLess(columns, emitter.integer(columnCount))
      emitter.when(isRagged, ragged)
      emitter.when(emitter.llvm.BuildNot(emitter.builder, isRagged, ""), whole)
    }

    func copy() {
      func rows(remaining: IRValue, active: Lanes?) {
        emitter.loop(from: emitter.integer(0), to: count) { term, _ in
          let value = emitter.load(
            dtype, count: columnCount, at: row(term), emitter.integer(0), remaining: remaining,
            active: active)
          emitter.store(value.value, place(term, emitter.integer(0)), alignment: size)
          return []
        }
      }
      choose {
        rows(remaining: nil, active: nil)
      } else: {
        rows(
          remaining: columns,
          active: emitter.lanes(below: columns, count: columnCount))
      }
    }

    func transpose() {
      let side = columnCount / 2
      let zero = emitter.integer(0)
      choose {
        // Squares of one vector's side, then term by term.
        let whole = emitter.and(count, emitter.integer(-side))
        emitter.loop(from: zero, to: whole, step: side) { term, _ in
          for half in 0..<2 {
            let first = half * side
            let square = (0..<side).map { line in
              emitter.load(
                dtype, count: side, at: row(emitter.integer(first + line)), term, remaining: nil,
                active: nil)
            }
            for (line, value) in transposed(square).enumerated() {
              emitter.store(
                value.value,
                place(emitter.add(term, emitter.integer(line)), emitter.integer(first)),
                alignment: size)
            }
          }
          return []
        }
        elements(from: whole)
      } else: {
        let none = emitter.constant(0, dtype, count: columnCount)
        emitter.loop(from: zero, to: count) { term, _ in
          emitter.store(none.value, place(term, zero), alignment: size)
          return []
        }
        elements(from: zero)
      }
    }

    /// Element by element, for the terms from one on.
    private func elements(from first: IRValue) {
      emitter.loop(from: emitter.integer(0), to: columns) { column, _ in
        emitter.loop(from: first, to: count) { term, _ in
          let element = emitter.load(dtype, at: row(column), term)
          emitter.store(element.value, place(term, column), alignment: size)
          return []
        }
        return []
      }
    }

    /// The columns of a square of vectors: blocks off the diagonal change places, of one element, then of
    /// two, of four.
    private func transposed(_ square: [Lanes]) -> [Lanes] {
      var lines = square
      var distance = 1
      while distance < lines.count {
        for line in lines.indices where line & distance == 0 {
          let (a, b) = (lines[line], lines[line + distance])
          lines[line] = a.merged(b) { $0 & distance == 0 ? $0 : $0 - distance + lines.count }
          lines[line + distance] = a.merged(b) {
            $0 & distance == 0 ? $0 + distance : $0 + lines.count
          }
        }
        distance *= 2
      }
      return lines
    }
  }

  extension Lanes {
    /// The vector whose lane `l` is lane `order(l)` of this one and another side by side.
    func merged(_ other: Lanes, _ order: (Int) -> Int) -> Lanes {
      guard let count else { return self }
      let llvm = emitter.llvm
      var indices: [IRValue] = (0..<count).map {
        llvm.ConstInt(emitter.int32Type, UInt64(order($0)), 0)
      }
      let mask = llvm.ConstVector(&indices, UInt32(count))
      return with(llvm.BuildShuffleVector(emitter.builder, value, other.value, mask, ""))
    }
  }
#endif
