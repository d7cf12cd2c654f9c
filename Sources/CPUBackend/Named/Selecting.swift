import GraphCompiler
import TensorCore

/// The greatest elements of rows, and sums along axes.
enum Selecting {
  static func topK(_ call: NamedKernelCall) -> NamedCallable? {
    switch call.inputs[0].dtype {
    case .float32: topK(call, Float.self) { $0 > $1 || ($1 != $1 && $0 == $0) }
    case .float64: topK(call, Double.self) { $0 > $1 || ($1 != $1 && $0 == $0) }
    case .int32: topK(call, Int32.self, >)
    case .int64: topK(call, Int64.self, >)
    case .int8: topK(call, Int8.self, >)
    case .int16: topK(call, Int16.self, >)
    case .uint8: topK(call, UInt8.self, >)
    case .uint16: topK(call, UInt16.self, >)
    case .uint32: topK(call, UInt32.self, >)
    case .uint64: topK(call, UInt64.self, >)
    default: nil
    }
  }

  private static func topK<T: BitwiseCopyable>(
    _ call: NamedKernelCall, _: T.Type, _ precedes: @escaping @Sendable (T, T) -> Bool
  ) -> NamedCallable {
    let (input, values, indices) = (call.inputs[0], call.outputs[0], call.outputs[1])
    let (width, k) = (input.shape.dimensions.last ?? 0, values.shape.dimensions.last ?? 0)
    let rows = width == 0 ? 0 : input.shape.count / width
    let isWide = indices.dtype == .int64
    return NamedCallable(nanoseconds: input.shape.count * 20) { _, operands, _ in
      let source = operands[input.buffer].assumingMemoryBound(to: T.self)
      let target = operands[values.buffer].assumingMemoryBound(to: T.self)
      for row in 0..<rows {
        let x = source + row * width
        let order = (0..<width).sorted {
          precedes(x[$0], x[$1]) || (!precedes(x[$1], x[$0]) && $0 < $1)
        }
        for place in 0..<k {
          target[row * k + place] = x[order[place]]
          let offset = row * k + place
          if isWide {
            operands[indices.buffer].storeBytes(
              of: Int64(order[place]), toByteOffset: offset * 8, as: Int64.self)
          } else {
            operands[indices.buffer].storeBytes(
              of: Int32(order[place]), toByteOffset: offset * 4, as: Int32.self)
          }
        }
      }
      return .success
    }
  }

  static func cumulate(
    _ call: NamedKernelCall, axis: Int, exclusive: Bool, reverse: Bool, isProduct: Bool
  ) -> NamedCallable? {
    func along<T: BitwiseCopyable & Sendable>(
      _ start: T, _ combine: @escaping @Sendable (T, T) -> T
    ) -> NamedCallable { cumulated(call, axis, exclusive, reverse, start, combine) }
    func along<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_: T.Type) -> NamedCallable {
      isProduct ? along(T(1)) { $0 &* $1 } : along(T(0)) { $0 &+ $1 }
    }
    return switch (call.inputs[0].dtype, isProduct) {
    case (.float32, false): along(Float(0)) { $0 + $1 }
    case (.float32, true): along(Float(1)) { $0 * $1 }
    case (.float64, false): along(Double(0)) { $0 + $1 }
    case (.float64, true): along(Double(1)) { $0 * $1 }
    case (.int32, _): along(Int32.self)
    case (.int64, _): along(Int64.self)
    case (.int8, _): along(Int8.self)
    case (.int16, _): along(Int16.self)
    case (.uint8, _): along(UInt8.self)
    case (.uint16, _): along(UInt16.self)
    case (.uint32, _): along(UInt32.self)
    case (.uint64, _): along(UInt64.self)
    default: nil
    }
  }

  private static func cumulated<T: BitwiseCopyable & Sendable>(
    _ call: NamedKernelCall, _ axis: Int, _ exclusive: Bool, _ reverse: Bool, _ start: T,
    _ combine: @escaping @Sendable (T, T) -> T
  ) -> NamedCallable {
    let sizes = call.inputs[0].shape.dimensions
    let count = sizes[axis]
    let inner = sizes[(axis + 1)...].reduce(1, *)
    let outer = sizes[..<axis].reduce(1, *)
    let (from, to) = (call.inputs[0].buffer, call.outputs[0].buffer)
    return NamedCallable(nanoseconds: call.inputs[0].shape.count * 2) { _, operands, _ in
      let source = operands[from].assumingMemoryBound(to: T.self)
      let target = operands[to].assumingMemoryBound(to: T.self)
      for o in 0..<outer {
        for i in 0..<inner {
          var sum = start
          for step in 0..<count {
            let place = (o * count + (reverse ? count - 1 - step : step)) * inner + i
            let next = combine(sum, source[place])
            target[place] = exclusive ? sum : next
            sum = next
          }
        }
      }
      return .success
    }
  }
}
