import TensorCore

/// Looks for numbers that are not finite.
struct FiniteScan: OptionSet {
  let rawValue: Int
  static let nan = FiniteScan(rawValue: 1)
  static let infinity = FiniteScan(rawValue: 2)

  init(rawValue: Int) { self.rawValue = rawValue }

  /// What `count` elements hold; nothing where the type has only finite numbers.
  init(_ base: UnsafeRawPointer, count: Int, dtype: DType) {
    switch dtype {
    case .float32: self.init(base, count, exponent: UInt32(0x7f80_0000))
    case .float64: self.init(base, count, exponent: UInt64(0x7ff0_0000_0000_0000))
    case .float16: self.init(base, count, exponent: UInt16(0x7c00))
    case .bfloat16: self.init(base, count, exponent: UInt16(0x7f80))
    default: self = []
    }
  }

  /// Without its sign, the bit pattern of an infinity is the exponent's mask, that of a NaN is greater.
  @inline(__always)
  private init<Word: FixedWidthInteger & UnsignedInteger>(
    _ base: UnsafeRawPointer, _ count: Int, exponent: Word
  ) {
    let words = base.assumingMemoryBound(to: Word.self)
    let magnitude = Word.max >> 1
    // One comparison an element, without a branch: this becomes vector code.
    var greatest: Word = 0
    for i in 0..<count {
      let word = words[i] & magnitude
      greatest = word > greatest ? word : greatest
    }
    self = greatest > exponent ? .nan : greatest == exponent ? .infinity : []
    if self == .nan {
      for i in 0..<count where words[i] & magnitude == exponent {
        insert(.infinity)
        return
      }
    }
  }

  /// Looks through a value.
  init(_ value: TensorValue) {
    self = value.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return [] }
      return FiniteScan(base, count: value.count, dtype: value.dtype)
    }
  }
}
