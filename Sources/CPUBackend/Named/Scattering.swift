import GraphCompiler
import StandardOps
import TensorCore

/// Combines slices by index, in the order of the indices, so that every run gives the same bits.
enum Scattering {
  /// A copy of the first input with slices combined into it.
  static func scatter(_ call: NamedKernelCall, _ combination: ScatterCombination) -> NamedCallable?
  {
    if combination == .update || combination == .once { return replacing(call, combination) }
    func whole<T: FixedWidthInteger & SendableMetatype & BitwiseCopyable>(
      _: T.Type
    ) -> NamedCallable {
      scatter(call, integer(combination, T.self), refusesZeros: combination == .divide)
    }
    return switch call.outputs[0].dtype {
    case .float32: scatter(call, real(combination, Float.self))
    case .float64: scatter(call, real(combination, Double.self))
    case .int32: whole(Int32.self)
    case .int64: whole(Int64.self)
    case .int8: whole(Int8.self)
    case .int16: whole(Int16.self)
    case .uint8: whole(UInt8.self)
    case .uint16: whole(UInt16.self)
    case .uint32: whole(UInt32.self)
    case .uint64: whole(UInt64.self)
    default: nil
    }
  }

  /// Combines the elements of a row with those of another, in place.
  private typealias Rows<T> = @Sendable (UnsafeMutablePointer<T>, UnsafePointer<T>, Int) -> Void

  /// A loop of its own for each combination, which becomes vector instructions; a function that is called
  /// for each element takes ten times as long.
  @inline(__always) private static func rows<T: BitwiseCopyable & SendableMetatype>(
    _: T.Type, _ combine: @escaping @Sendable (T, T) -> T
  ) -> Rows<T> {
    { target, source, count in
      for k in 0..<count { target[k] = combine(target[k], source[k]) }
    }
  }

  private static func real<T: BinaryFloatingPoint & BitwiseCopyable & SendableMetatype>(
    _ combination: ScatterCombination, _: T.Type
  ) -> Rows<T> {
    switch combination {
    case .update, .once: rows(T.self) { $1 }
    case .add: rows(T.self) { $0 + $1 }
    case .subtract: rows(T.self) { $0 - $1 }
    case .multiply: rows(T.self) { $0 * $1 }
    case .divide: rows(T.self) { $0 / $1 }
    case .minimum: rows(T.self) { $1 < $0 ? $1 : $0 }
    case .maximum: rows(T.self) { $1 > $0 ? $1 : $0 }
    }
  }

  private static func integer<T: FixedWidthInteger & BitwiseCopyable & SendableMetatype>(
    _ combination: ScatterCombination, _: T.Type
  ) -> Rows<T> {
    switch combination {
    case .update, .once: rows(T.self) { $1 }
    case .add: rows(T.self) { $0 &+ $1 }
    case .subtract: rows(T.self) { $0 &- $1 }
    case .multiply: rows(T.self) { $0 &* $1 }
    case .divide: rows(T.self) { $0.dividedReportingOverflow(by: $1).partialValue }
    case .minimum: rows(T.self) { Swift.min($0, $1) }
    case .maximum: rows(T.self) { Swift.max($0, $1) }
    }
  }

  /// - Parameter refusesZeros: whether an update of zero ends the run, as a divisor does.
  private static func scatter<T: BitwiseCopyable & Numeric & SendableMetatype>(
    _ call: NamedKernelCall, _ combine: @escaping Rows<T>, refusesZeros: Bool = false
  ) -> NamedCallable {
    let (base, indices, updates) = (call.inputs[0], call.inputs[1], call.inputs[2])
    let vectors = IndexVectors(indices, into: base.shape)
    let total = base.shape.count
    let to = call.outputs[0].buffer
    return NamedCallable(nanoseconds: total / 4 + vectors.count * (4 + vectors.sliceCount / 4)) {
      _, operands, _ in
      let target = operands[to].assumingMemoryBound(to: T.self)
      if operands[base.buffer] != operands[to] {
        operands[to].copyMemory(
          from: operands[base.buffer], byteCount: total * MemoryLayout<T>.size)
      } else if !vectors.areInside(operands[indices.buffer]) {
        return .badIndex
      }
      let source = operands[updates.buffer].assumingMemoryBound(to: T.self)
      let count = vectors.sliceCount
      if refusesZeros, (0..<vectors.count * count).contains(where: { source[$0] == 0 }) {
        return .divisionByZero
      }
      for i in 0..<vectors.count {
        guard let place = vectors.place(operands[indices.buffer], i) else { return .badIndex }
        combine(target + place * count, source + i * count, count)
      }
      return .success
    }
  }

  private static func replacing(_ call: NamedKernelCall, _ combination: ScatterCombination)
    -> NamedCallable?
  {
    let (base, indices, updates) = (call.inputs[0], call.inputs[1], call.inputs[2])
    guard let size = base.dtype.byteCount else { return nil }
    let vectors = IndexVectors(indices, into: base.shape)
    let total = base.shape.count * size
    let bytes = vectors.sliceCount * size
    let to = call.outputs[0].buffer
    let places = combination == .once ? base.shape.count / max(vectors.sliceCount, 1) : 0
    return NamedCallable(nanoseconds: total / 16 + vectors.count * (4 + bytes / 16)) {
      _, operands, _ in
      var isTaken = [Bool](repeating: false, count: places)
      if operands[base.buffer] != operands[to] {
        operands[to].copyMemory(from: operands[base.buffer], byteCount: total)
      } else if !vectors.areInside(operands[indices.buffer]) {
        return .badIndex
      }
      for i in 0..<vectors.count {
        guard let place = vectors.place(operands[indices.buffer], i) else { return .badIndex }
        if combination == .once {
          if isTaken[place] { return .repeatedIndex }
          isTaken[place] = true
        }
        (operands[to] + place * bytes).copyMemory(
          from: operands[updates.buffer] + i * bytes, byteCount: bytes)
      }
      return .success
    }
  }

  // MARK: Segments

  /// Slices combined by their numbers; negative ones are dropped.
  static func segment(
    _ call: NamedKernelCall, _ combination: SegmentCombination, isSorted: Bool
  ) -> NamedCallable? {
    switch call.outputs[0].dtype {
    case .float32: realSegment(call, combination, isSorted, Float.self)
    case .float64: realSegment(call, combination, isSorted, Double.self)
    case .int32: integerSegment(call, combination, isSorted, Int32.self)
    case .int64: integerSegment(call, combination, isSorted, Int64.self)
    case .int8: integerSegment(call, combination, isSorted, Int8.self)
    case .int16: integerSegment(call, combination, isSorted, Int16.self)
    case .uint8: integerSegment(call, combination, isSorted, UInt8.self)
    case .uint16: integerSegment(call, combination, isSorted, UInt16.self)
    case .uint32: integerSegment(call, combination, isSorted, UInt32.self)
    case .uint64: integerSegment(call, combination, isSorted, UInt64.self)
    default: nil
    }
  }

  private static func realSegment<T: BinaryFloatingPoint & BitwiseCopyable & Sendable>(
    _ call: NamedKernelCall, _ combination: SegmentCombination, _ isSorted: Bool, _: T.Type
  ) -> NamedCallable {
    // Segments of no slice hold the type's own limits, or 0 where the numbers are sorted, as in TensorFlow.
    let empty: T? = isSorted ? T(0) : nil
    return switch combination {
    case .sum: segments(call, start: T(0), rows(T.self) { $0 + $1 })
    case .mean: segments(call, start: T(0), rows(T.self) { $0 + $1 }) { $0 / T($1) }
    case .product: segments(call, start: T(1), rows(T.self) { $0 * $1 })
    case .minimum:
      segments(
        call, start: T.greatestFiniteMagnitude, empty: empty, rows(T.self) { $1 < $0 ? $1 : $0 })
    case .maximum:
      segments(
        call, start: -T.greatestFiniteMagnitude, empty: empty, rows(T.self) { $1 > $0 ? $1 : $0 })
    }
  }

  private static func integerSegment<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ call: NamedKernelCall, _ combination: SegmentCombination, _ isSorted: Bool, _: T.Type
  ) -> NamedCallable {
    let empty: T? = isSorted ? T(0) : nil
    return switch combination {
    case .sum: segments(call, start: T(0), rows(T.self) { $0 &+ $1 })
    case .mean: segments(call, start: T(0), rows(T.self) { $0 &+ $1 }) { $0 / T($1) }
    case .product: segments(call, start: T(1), rows(T.self) { $0 &* $1 })
    case .minimum: segments(call, start: T.max, empty: empty, rows(T.self) { Swift.min($0, $1) })
    case .maximum: segments(call, start: T.min, empty: empty, rows(T.self) { Swift.max($0, $1) })
    }
  }

  /// - Parameters:
  ///   - empty: what a segment of no slice holds, if it is not what the others start with.
  ///   - finish: what becomes of a sum of more than one slice.
  private static func segments<T: BitwiseCopyable & Sendable & SendableMetatype>(
    _ call: NamedKernelCall, start: T, empty: T? = nil,
    _ combine: @escaping Rows<T>,
    _ finish: (@Sendable (T, Int) -> T)? = nil
  ) -> NamedCallable {
    let (data, ids) = (call.inputs[0], call.inputs[1])
    let output = call.outputs[0]
    let slices = ids.shape.count
    let count = data.shape.dimensions.dropFirst(ids.shape.rank).reduce(1, *)
    let segments = output.shape[0]
    let reader = IndexReader(ids.dtype)
    let isCounted = finish != nil || empty != nil
    return NamedCallable(nanoseconds: output.shape.count / 4 + data.shape.count / 4 + slices * 4) {
      _, operands, _ in
      let target = operands[output.buffer].assumingMemoryBound(to: T.self)
      let source = operands[data.buffer].assumingMemoryBound(to: T.self)
      target.update(repeating: start, count: segments * count)
      var sizes = [Int](repeating: 0, count: isCounted ? segments : 0)
      for i in 0..<slices {
        let id = reader.load(operands[ids.buffer], i)
        if id < 0 { continue }
        guard id < segments else { return .badIndex }
        if isCounted { sizes[id] += 1 }
        combine(target + id * count, source + i * count, count)
      }
      for (id, size) in sizes.enumerated() {
        if size == 0, let empty { (target + id * count).update(repeating: empty, count: count) }
        guard size > 1, let finish else { continue }
        for k in 0..<count { target[id * count + k] = finish(target[id * count + k], size) }
      }
      return .success
    }
  }
}
