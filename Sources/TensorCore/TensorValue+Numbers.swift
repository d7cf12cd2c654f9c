extension TensorValue {
  /// The elements as `Double`s, whatever real or Boolean type they have; nil for other types.
  ///
  /// For printing and comparing, not for computing: 64-bit integers beyond 2⁵³ are rounded.
  public var doubles: [Double]? {
    switch dtype {
    case .float32: elements(Float.self) { Double($0) }
    case .float64: elements(Double.self) { $0 }
    case .float16: elements(Float16.self) { Double($0) }
    case .bfloat16: elements(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .int8: elements(Int8.self) { Double($0) }
    case .int16: elements(Int16.self) { Double($0) }
    case .int32: elements(Int32.self) { Double($0) }
    case .int64: elements(Int64.self) { Double($0) }
    case .uint8: elements(UInt8.self) { Double($0) }
    case .uint16: elements(UInt16.self) { Double($0) }
    case .uint32: elements(UInt32.self) { Double($0) }
    case .uint64: elements(UInt64.self) { Double($0) }
    case .bool: elements(UInt8.self) { $0 == 0 ? 0 : 1 }
    default: nil
    }
  }

  /// The elements as `Int`s if the type is an integer one (or Boolean); nil otherwise.
  public var integers: [Int]? {
    switch dtype {
    case .int8: elements(Int8.self) { Int($0) }
    case .int16: elements(Int16.self) { Int($0) }
    case .int32: elements(Int32.self) { Int($0) }
    case .int64: elements(Int64.self) { Int($0) }
    case .uint8: elements(UInt8.self) { Int($0) }
    case .uint16: elements(UInt16.self) { Int($0) }
    case .uint32: elements(UInt32.self) { Int($0) }
    case .uint64: elements(UInt64.self) { Int(truncatingIfNeeded: $0) }
    case .bool: elements(UInt8.self) { $0 == 0 ? 0 : 1 }
    default: nil
    }
  }

  private func elements<Stored: BitwiseCopyable, Element>(
    _ type: Stored.Type, _ convert: (Stored) -> Element
  ) -> [Element] {
    withUnsafeBytes { $0.bindMemory(to: Stored.self).map(convert) }
  }

  /// A tensor of `dtype` whose elements are the given numbers, rounded or wrapped to it.
  ///
  /// - Throws: `TensorError` if the counts differ or the type is not a real or Boolean one.
  public init(converting numbers: [Double], to dtype: DType, shape: Shape) throws(TensorError) {
    switch dtype {
    case .float32: try self.init(numbers.map { Float($0) }, shape: shape)
    case .float64: try self.init(numbers, shape: shape)
    case .float16: try self.init(numbers.map { Float16($0) }, shape: shape)
    case .bool: try self.init(numbers.map { $0 != 0 }, shape: shape)
    case .bfloat16:
      let words = numbers.map { UInt16(truncatingIfNeeded: Self.bfloat16Bits(Float($0))) }
      let value = words.withUnsafeBytes { bytes in
        Result { () throws(TensorError) in
          try TensorValue(dtype: .bfloat16, shape: shape, bytes: bytes)
        }
      }
      self = try value.get()
    default:
      guard dtype.isInteger else { throw TensorError("numbers cannot become \(dtype)") }
      guard numbers.allSatisfy({ $0.isFinite && abs($0) < 9.3e18 }) else {
        throw TensorError("a number out of range cannot become \(dtype)")
      }
      try self.init(
        integers: numbers.map { Int(exactly: $0.rounded(.towardZero)) ?? .max },
        as: dtype, shape: shape)
    }
  }

  /// A tensor of an integer type whose elements are the given integers, wrapped to its width.
  ///
  /// - Throws: `TensorError` if the counts differ or the type is not an integer one.
  public init(integers: [Int], as dtype: DType, shape: Shape) throws(TensorError) {
    switch dtype {
    case .int8: try self.init(integers.map { Int8(truncatingIfNeeded: $0) }, shape: shape)
    case .int16: try self.init(integers.map { Int16(truncatingIfNeeded: $0) }, shape: shape)
    case .int32: try self.init(integers.map { Int32(truncatingIfNeeded: $0) }, shape: shape)
    case .int64: try self.init(integers.map { Int64($0) }, shape: shape)
    case .uint8: try self.init(integers.map { UInt8(truncatingIfNeeded: $0) }, shape: shape)
    case .uint16: try self.init(integers.map { UInt16(truncatingIfNeeded: $0) }, shape: shape)
    case .uint32: try self.init(integers.map { UInt32(truncatingIfNeeded: $0) }, shape: shape)
    case .uint64: try self.init(integers.map { UInt64(truncatingIfNeeded: $0) }, shape: shape)
    case .bool: try self.init(integers.map { $0 != 0 }, shape: shape)
    default: throw TensorError("integers cannot become \(dtype)")
    }
  }

  /// The nearest bfloat16 to `x` (ties to even; a NaN stays one), as bits.
  package static func bfloat16Bits(_ x: Float) -> UInt32 {
    let bits = x.bitPattern
    if x.isNaN { return (bits >> 16) | 0x40 }
    return (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16
  }
}
