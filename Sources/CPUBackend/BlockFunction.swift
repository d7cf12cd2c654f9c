import StandardOps
import TensorCore

/// Which operands of a block function are one element for the whole block.
struct Uniformity: OptionSet {
  let rawValue: Int
  static let first = Uniformity(rawValue: 1)
  static let second = Uniformity(rawValue: 2)
  static let third = Uniformity(rawValue: 4)
}

/// One step over a block of elements: destination, up to three operands, the number of elements, and
/// which operands are one element. Where a step takes fewer, the last pointer is the kernel's status.
typealias BlockFunction = (
  UnsafeMutableRawPointer, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer, Int, Uniformity
) -> Void

/// Loops over one block; the bodies are inlined, so that simple ones become vector code.
enum Blocks<T: BitwiseCopyable> {
  @inline(__always)
  static func unary<R: BitwiseCopyable>(
    _ destination: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ count: Int, _ body: (T) -> R
  ) {
    let result = destination.assumingMemoryBound(to: R.self)
    let x = a.assumingMemoryBound(to: T.self)
    for i in 0..<count { result[i] = body(x[i]) }
  }

  @inline(__always)
  static func binary<R: BitwiseCopyable>(
    _ destination: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    _ count: Int, _ uniform: Uniformity, _ body: (T, T) -> R
  ) {
    let result = destination.assumingMemoryBound(to: R.self)
    let x = a.assumingMemoryBound(to: T.self)
    let y = b.assumingMemoryBound(to: T.self)
    if uniform.contains(.first) {
      let constant = x[0]
      if uniform.contains(.second) {
        result[0] = body(constant, y[0])
      } else {
        for i in 0..<count { result[i] = body(constant, y[i]) }
      }
    } else if uniform.contains(.second) {
      let constant = y[0]
      for i in 0..<count { result[i] = body(x[i], constant) }
    } else {
      for i in 0..<count { result[i] = body(x[i], y[i]) }
    }
  }

  static func select(
    _ destination: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    _ c: UnsafeRawPointer, _ count: Int, _ uniform: Uniformity
  ) {
    let result = destination.assumingMemoryBound(to: T.self)
    let condition = a.assumingMemoryBound(to: UInt8.self)
    let x = b.assumingMemoryBound(to: T.self)
    let y = c.assumingMemoryBound(to: T.self)
    if uniform.isEmpty {
      for i in 0..<count { result[i] = condition[i] != 0 ? x[i] : y[i] }
      return
    }
    let steps = (
      uniform.contains(.first) ? 0 : 1, uniform.contains(.second) ? 0 : 1,
      uniform.contains(.third) ? 0 : 1
    )
    for i in 0..<count {
      result[i] = condition[i * steps.0] != 0 ? x[i * steps.1] : y[i * steps.2]
    }
  }
}

extension Blocks where T: Comparable {
  static func comparison(_ operation: ComparisonOperation) -> BlockFunction {
    switch operation {
    case .equal: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 == $1 } }
    case .notEqual: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 != $1 } }
    case .less: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 < $1 } }
    case .lessOrEqual: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 <= $1 } }
    case .greater: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 > $1 } }
    case .greaterOrEqual: { d, a, b, _, n, u in binary(d, a, b, n, u) { $0 >= $1 } }
    }
  }
}
