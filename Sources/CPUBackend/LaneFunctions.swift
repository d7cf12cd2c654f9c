import StandardOps
import TensorCore

/// Combining in place, for states of one part whose combination is one step.
enum LaneFunctions {
  /// Adds `count` consecutive elements to 16 lanes, of which the first element enters `lane`.
  typealias Accumulate = (
    _ lanes: UnsafeMutableRawPointer, _ elements: UnsafeRawPointer, _ count: Int, _ lane: Int
  ) -> Void

  static func accumulate(_ operation: BinaryOperation, _ dtype: DType) -> Accumulate? {
    switch dtype {
    case .float32: real(operation, Float.self)
    case .float64: real(operation, Double.self)
    case .int32: integer(operation, Int32.self)
    case .int64: integer(operation, Int64.self)
    case .bool: integer(operation, UInt8.self)
    default: nil
    }
  }

  private static func real<T: RealElement>(_ operation: BinaryOperation, _: T.Type) -> Accumulate? {
    switch operation {
    case .add: { lanes($0, $1, $2, $3, T.self) { $0 + $1 } }
    case .multiply: { lanes($0, $1, $2, $3, T.self) { $0 * $1 } }
    case .maximum:
      { lanes($0, $1, $2, $3, T.self) { x, y in x > y ? x : (x == x ? y : x) } }
    case .minimum:
      { lanes($0, $1, $2, $3, T.self) { x, y in x < y ? x : (x == x ? y : x) } }
    default: nil
    }
  }

  private static func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ operation: BinaryOperation, _: T.Type
  ) -> Accumulate? {
    switch operation {
    case .add: { lanes($0, $1, $2, $3, T.self) { $0 &+ $1 } }
    case .multiply: { lanes($0, $1, $2, $3, T.self) { $0 &* $1 } }
    case .maximum: { lanes($0, $1, $2, $3, T.self) { max($0, $1) } }
    case .minimum: { lanes($0, $1, $2, $3, T.self) { min($0, $1) } }
    case .and: { lanes($0, $1, $2, $3, T.self) { $0 & $1 } }
    case .or: { lanes($0, $1, $2, $3, T.self) { $0 | $1 } }
    default: nil
    }
  }

  @inline(__always)
  private static func lanes<T: BitwiseCopyable>(
    _ lanes: UnsafeMutableRawPointer, _ elements: UnsafeRawPointer, _ count: Int, _ lane: Int,
    _: T.Type, _ combine: (T, T) -> T
  ) {
    let state = lanes.assumingMemoryBound(to: T.self)
    let x = elements.assumingMemoryBound(to: T.self)
    var i = 0
    var l = lane
    // Up to lane 0, then 16 at a time, then the rest.
    while l != 0, i < count {
      state[l] = combine(state[l], x[i])
      i += 1
      l = (l + 1) & 15
    }
    while i + 16 <= count {
      for k in 0..<16 { state[k] = combine(state[k], x[i + k]) }
      i += 16
    }
    l = 0
    while i < count {
      state[l] = combine(state[l], x[i])
      i += 1
      l += 1
    }
  }
}
