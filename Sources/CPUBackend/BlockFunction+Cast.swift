import TensorCore

/// An element type that casts to and from every other by way of `Double` or `Int64`, which hold them.
protocol CastElement: BitwiseCopyable {
  static var isFloat: Bool { get }
  var asDouble: Double { get }
  var asInt64: Int64 { get }
  init(castingDouble value: Double)
  init(castingInt64 value: Int64)
  /// From an integer that `Int64` may not hold.
  init(castingUInt64 value: UInt64)
}

extension CastElement {
  init(castingUInt64 value: UInt64) { self.init(castingInt64: Int64(truncatingIfNeeded: value)) }
}

extension CastElement where Self: BinaryFloatingPoint {
  static var isFloat: Bool { true }
  var asDouble: Double { Double(self) }
  var asInt64: Int64 { Int64(castingDouble: asDouble) }
  init(castingDouble value: Double) { self = Self(value) }
  init(castingInt64 value: Int64) { self = Self(value) }
  init(castingUInt64 value: UInt64) { self = Self(value) }
}

extension CastElement where Self: FixedWidthInteger {
  static var isFloat: Bool { false }
  var asDouble: Double { Double(self) }
  var asInt64: Int64 { Int64(truncatingIfNeeded: self) }
  /// Towards zero; what does not fit becomes the least value, as x86 converts.
  init(castingDouble value: Double) {
    if let exact = Self(exactly: value.rounded(.towardZero)) {
      self = exact
    } else if Self.bitWidth < 32, value.magnitude < 9.2e18 {
      self = Self(truncatingIfNeeded: Int64(value))
    } else {
      self = Self.isSigned ? .min : (Self.bitWidth == 64 ? 1 << 63 : .max)
    }
  }
  init(castingInt64 value: Int64) { self = Self(truncatingIfNeeded: value) }
}

extension Float: CastElement {}
extension Double: CastElement {}
extension Float16: CastElement {}
extension Int8: CastElement {}
extension Int16: CastElement {}
extension Int32: CastElement {}
extension Int64: CastElement {}
extension UInt8: CastElement {}
extension UInt16: CastElement {}
extension UInt32: CastElement {}
extension UInt64: CastElement {}

/// The upper half of a `Float`.
struct BFloat16: CastElement {
  let bits: UInt16
  static var isFloat: Bool { true }
  var asDouble: Double { Double(Float(bitPattern: UInt32(bits) << 16)) }
  var asInt64: Int64 { Int64(castingDouble: asDouble) }
  init(castingDouble value: Double) {
    bits = UInt16(truncatingIfNeeded: TensorValue.bfloat16Bits(Float(value)))
  }
  init(castingInt64 value: Int64) { self.init(castingDouble: Double(value)) }
  init(castingUInt64 value: UInt64) { self.init(castingDouble: Double(value)) }
}

/// A byte that is 0 or 1.
struct BooleanByte: CastElement {
  let byte: UInt8
  static var isFloat: Bool { false }
  var asDouble: Double { Double(byte) }
  var asInt64: Int64 { Int64(byte) }
  init(castingDouble value: Double) { byte = value == 0 ? 0 : 1 }
  init(castingInt64 value: Int64) { byte = value == 0 ? 0 : 1 }
}

enum CastBlocks {
  static func function(from source: DType, to destination: DType) -> BlockFunction? {
    withType(source) { source in
      withType(destination) { destination in make(source, destination) }
    }
  }

  private static func make<S: CastElement, D: CastElement>(_: S.Type, _: D.Type) -> BlockFunction {
    { d, a, _, _, n, _ in
      if S.isFloat {
        Blocks<S>.unary(d, a, n) { D(castingDouble: $0.asDouble) }
      } else if S.self == UInt64.self {
        Blocks<UInt64>.unary(d, a, n) { D(castingUInt64: $0) }
      } else {
        Blocks<S>.unary(d, a, n) { D(castingInt64: $0.asInt64) }
      }
    }
  }

  private static func withType(
    _ dtype: DType, _ body: (any CastElement.Type) -> BlockFunction?
  ) -> BlockFunction? {
    switch dtype {
    case .float32: body(Float.self)
    case .float64: body(Double.self)
    case .float16: body(Float16.self)
    case .bfloat16: body(BFloat16.self)
    case .int8: body(Int8.self)
    case .int16: body(Int16.self)
    case .int32: body(Int32.self)
    case .int64: body(Int64.self)
    case .uint8: body(UInt8.self)
    case .uint16: body(UInt16.self)
    case .uint32: body(UInt32.self)
    case .uint64: body(UInt64.self)
    case .bool: body(BooleanByte.self)
    default: nil
    }
  }
}
