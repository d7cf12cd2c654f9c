import GraphCore
import TensorCore

/// Writes fields as Protocol Buffers do: what the result of a summary op is made of.
///
/// The few messages that ops give are written here rather than by generated code, which belongs to the
/// modules that know of files.
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ number: UInt64) {
    var rest = number
    while rest > 127 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func key(_ field: Int, _ wireType: UInt64) {
    varint(UInt64(field) << 3 | wireType)
  }

  /// An integer; a zero is left out.
  mutating func integer(_ field: Int, _ number: Int) {
    guard number != 0 else { return }
    key(field, 0)
    varint(UInt64(bitPattern: Int64(number)))
  }

  /// A `float`, a zero too.
  mutating func float(_ field: Int, _ number: Float) {
    key(field, 5)
    little(number.bitPattern)
  }

  /// A `double`; a zero is left out.
  mutating func double(_ field: Int, _ number: Double) {
    guard number.bitPattern != 0 else { return }
    key(field, 1)
    little(number.bitPattern)
  }

  mutating func doubles(_ field: Int, _ numbers: [Double]) {
    key(field, 2)
    varint(UInt64(8 * numbers.count))
    for number in numbers { little(number.bitPattern) }
  }

  mutating func string(_ field: Int, _ content: some Collection<UInt8>) {
    key(field, 2)
    varint(UInt64(content.count))
    bytes += content
  }

  mutating func message(_ field: Int, _ fill: (inout MessageWriter) -> Void) {
    var inner = MessageWriter()
    fill(&inner)
    string(field, inner.bytes)
  }

  /// An integer's bytes, the lowest first.
  mutating func little<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }
}

extension MessageWriter {
  /// One value of a `Summary`.
  mutating func summaryValue(tag: [UInt8], _ fill: (inout MessageWriter) -> Void) {
    message(1) { value in
      if !tag.isEmpty { value.string(1, tag) }
      fill(&value)
    }
  }

  /// A `TensorProto`.
  mutating func tensor(_ field: Int, _ value: TensorValue) {
    message(field) { tensor in
      tensor.integer(1, Int(value.dtype.rawValue))
      tensor.message(2) { shape in
        for size in value.shape.dimensions { shape.message(2) { $0.integer(1, size) } }
      }
      if let strings = try? value.strings() {
        for string in strings { tensor.string(8, string) }
      } else if value.byteCount > 0 {
        value.withUnsafeBytes { tensor.string(4, $0) }
      }
    }
  }
}

/// The fields of a message in Protocol Buffers' wire format.
struct MessageFields {
  /// A field, with its content if it is a string or a message.
  struct Field {
    let number: UInt64
    let content: ArraySlice<UInt8>?
  }

  /// The fields in order.
  let fields: [Field]

  /// nil if the bytes are no message.
  init?(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    var found: [Field] = []
    while !rest.isEmpty {
      guard let key = Self.varint(&rest), key >> 3 != 0 else { return nil }
      switch key & 7 {
      case 0:
        guard Self.varint(&rest) != nil else { return nil }
        found.append(Field(number: key >> 3, content: nil))
      case 1, 5:
        let size = key & 7 == 1 ? 8 : 4
        guard rest.count >= size else { return nil }
        rest = rest.dropFirst(size)
        found.append(Field(number: key >> 3, content: nil))
      case 2:
        guard let size = Self.varint(&rest), size <= UInt64(rest.count) else { return nil }
        found.append(Field(number: key >> 3, content: rest.prefix(Int(size))))
        rest = rest.dropFirst(Int(size))
      default: return nil
      }
    }
    fields = found
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let next = rest.popFirst() else { return nil }
      value |= UInt64(next & 127) << shift
      if next < 128 { return value }
    }
    return nil
  }
}
