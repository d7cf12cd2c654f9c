#if LLVM
  import CLLVM
  import TensorCore

  /// Elements between memory and registers, of which a `bool` is a byte in memory.
  extension Emitter {
    func memoryType(_ dtype: DType) -> IRType { dtype == .bool ? byteType : type(dtype) }

    private func loaded(_ value: IRValue, _ dtype: DType, _ count: Int?) -> Lanes {
      Lanes(
        emitter: self, value: dtype == .bool ? isNonzero(value) : value, dtype: dtype, count: count)
    }

    private func stored(_ lanes: Lanes) -> IRValue {
      guard lanes.dtype == .bool else { return lanes.value }
      let type: IRType = lanes.count.map { llvm.VectorType(byteType, UInt32($0)) } ?? byteType
      return llvm.BuildZExt(builder, lanes.value, type, "")
    }

    /// One element.
    func load(_ dtype: DType, at base: IRValue, _ index: IRValue) -> Lanes {
      let memory = memoryType(dtype)
      return loaded(
        load(memory, address(base, index, of: memory), alignment: dtype.byteCount ?? 1), dtype, nil)
    }

    func store(_ element: Lanes, at base: IRValue, _ index: IRValue) {
      store(
        stored(element), address(base, index, of: memoryType(element.dtype)),
        alignment: element.dtype.byteCount ?? 1)
    }

    /// Neighbouring elements; with `remaining` only that many are read, and the other lanes are zero.
    func load(
      _ dtype: DType, count: Int, at base: IRValue, _ index: IRValue, remaining: IRValue,
      active: Lanes?
    ) -> Lanes {
      let memory = memoryType(dtype)
      let size = dtype.byteCount ?? 1
      let start = address(base, index, of: memory)
      let vector: IRType = llvm.VectorType(memory, UInt32(count))
      guard let remaining, let active else {
        return loaded(load(vector, start, alignment: size), dtype, count)
      }
      if size >= 4 {
        let typed = llvm.BuildBitCast(builder, start, pointer(to: vector), "")
        let value = intrinsic(
          "llvm.masked.load", [vector, llvm.TypeOf(typed)],
          [typed, llvm.ConstInt(int32Type, UInt64(size), 0), active.value, llvm.ConstNull(vector)])
        return loaded(value, dtype, count)
      }
      // No instruction loads some narrow elements: they go by way of the stack.
      let buffer = reserve(vector)
      store(llvm.ConstNull(vector), buffer, alignment: 64)
      copy(from: start, to: buffer, multiply(remaining, integer(size)))
      return loaded(load(vector, buffer, alignment: 64), dtype, count)
    }

    /// Asks for the cache line of an address that is read soon; it need not be in any buffer.
    func prefetch(_ address: IRValue) {
      // Read, into all caches, as data.
      _ = intrinsic(
        "llvm.prefetch", [llvm.TypeOf(address)],
        [address] + [0, 3, 1].map { llvm.ConstInt(int32Type, $0, 0) })
    }

    /// Writes neighbouring elements; with `remaining` only that many.
    func store(
      _ lanes: Lanes, at base: IRValue, _ index: IRValue, remaining: IRValue, active: Lanes?
    ) {
      let size = lanes.dtype.byteCount ?? 1
      let start = address(base, index, of: memoryType(lanes.dtype))
      let value = stored(lanes)
      guard let remaining, let active else { return store(value, start, alignment: size) }
      if size >= 4 {
        let typed = llvm.BuildBitCast(builder, start, pointer(to: llvm.TypeOf(value)), "")
        _ = intrinsic(
          "llvm.masked.store", [llvm.TypeOf(value), llvm.TypeOf(typed)],
          [value, typed, llvm.ConstInt(int32Type, UInt64(size), 0), active.value])
        return
      }
      let buffer = reserve(llvm.TypeOf(value))
      store(value, buffer, alignment: 64)
      copy(from: buffer, to: start, multiply(remaining, integer(size)))
    }

    /// Elements a stride apart. Lanes beyond `remaining` repeat the last element, so that nothing
    /// outside of the buffer is read.
    func gather(
      _ dtype: DType, count: Int, at base: IRValue, _ index: IRValue, stride: IRValue,
      remaining: IRValue
    ) -> Lanes {
      let memory = memoryType(dtype)
      let vector: IRType = llvm.VectorType(memory, UInt32(count))
      var result: IRValue = llvm.GetUndef(vector)
      let last = remaining.map { subtract($0, integer(1)) } ?? nil
      for lane in 0..<count {
        var place: IRValue = integer(lane)
        if let last { place = least(place, last) }
        let element = load(
          memory, address(base, add(index, multiply(place, stride)), of: memory),
          alignment: dtype.byteCount ?? 1)
        result = llvm.BuildInsertElement(builder, result, element, integer(lane), "")
      }
      return loaded(result, dtype, count)
    }

    /// Writes elements a stride apart, by way of the stack.
    func scatter(
      _ lanes: Lanes, at base: IRValue, _ index: IRValue, stride: IRValue, remaining: IRValue
    ) {
      let memory = memoryType(lanes.dtype)
      let size = lanes.dtype.byteCount ?? 1
      let value = stored(lanes)
      let buffer = reserve(llvm.TypeOf(value))
      store(value, buffer, alignment: 64)
      let end: IRValue = remaining ?? integer(lanes.count ?? 1)
      loop(from: integer(0), to: end) { lane, _ in
        let element = load(memory, address(buffer, lane, of: memory), alignment: size)
        store(
          element, address(base, add(index, multiply(lane, stride)), of: memory), alignment: size)
        return []
      }
    }

    private func copy(from source: IRValue, to destination: IRValue, _ byteCount: IRValue) {
      loop(from: integer(0), to: byteCount) { index, _ in
        let byte = load(byteType, address(source, index, of: byteType), alignment: 1)
        store(byte, address(destination, index, of: byteType), alignment: 1)
        return []
      }
    }
  }
#endif
