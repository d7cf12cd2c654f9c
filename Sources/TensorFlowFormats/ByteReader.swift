/// Reads numbers from a stranger's bytes, never beyond their end.
struct ByteReader {
  private let source: [UInt8]
  private var position: Int
  private let end: Int
  private let path: String

  init(_ source: [UInt8], _ range: Range<Int>, _ path: String) {
    self.source = source
    position = range.lowerBound
    end = range.upperBound
    self.path = path
  }

  var isAtEnd: Bool { position >= end }

  mutating func byte() throws(FileError) -> UInt8 {
    guard position < end else { throw FileError(path, "ends too early") }
    defer { position += 1 }
    return source[position]
  }

  mutating func bytes(_ count: UInt64) throws(FileError) -> [UInt8] {
    guard count <= UInt64(end - position) else { throw FileError(path, "ends too early") }
    defer { position += Int(count) }
    return Array(source[position..<(position + Int(count))])
  }

  mutating func varint() throws(FileError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let next = try byte()
      value |= UInt64(next & 127) << shift
      if next < 128 { return value }
    }
    throw FileError(path, "holds a number of more than 64 bits")
  }

  mutating func fixed32() throws(FileError) -> UInt32 {
    var value: UInt32 = 0
    for shift in stride(from: UInt32(0), to: 32, by: 8) { value |= UInt32(try byte()) << shift }
    return value
  }

  mutating func fixed64() throws(FileError) -> UInt64 {
    let low = UInt64(try fixed32())
    return low | UInt64(try fixed32()) << 32
  }
}
