/// Google's Snappy, in which tables of checkpoints may hold their blocks.
package enum Snappy {
  /// A copy of 64 bytes takes three.
  private static let mostExpansion = 22

  /// The bytes that were compressed.
  ///
  /// - Throws: `FileError` if they are damaged; no more memory is taken than Snappy's densest form
  ///   could have come from.
  package static func decompressed(_ bytes: [UInt8], path: String) throws(FileError) -> [UInt8] {
    var reader = ByteReader(bytes, 0..<bytes.count, path)
    let length = try reader.varint()
    guard length <= UInt64(bytes.count * mostExpansion) else {
      throw FileError(path, "a compressed block claims \(length) bytes, more than it can hold")
    }
    var output: [UInt8] = []
    output.reserveCapacity(Int(length))
    while !reader.isAtEnd {
      let tag = try reader.byte()
      let high = Int(tag >> 2)
      if tag & 3 == 0 {
        var count = high + 1
        if high >= 60 {
          count = 1
          for position in 0..<(high - 59) { count += Int(try reader.byte()) << (8 * position) }
        }
        output += try reader.bytes(UInt64(count))
      } else {
        try copy(tag, high, &reader, &output, path)
      }
      guard output.count <= Int(length) else { break }
    }
    guard output.count == Int(length) else {
      throw FileError(path, "is damaged: a compressed block has the wrong length")
    }
    return output
  }

  private static func copy(
    _ tag: UInt8, _ high: Int, _ reader: inout ByteReader, _ output: inout [UInt8], _ path: String
  ) throws(FileError) {
    var (count, distance) = (high + 1, 0)
    switch tag & 3 {
    case 1:
      count = 4 + (high & 7)
      distance = (high >> 3) << 8 | Int(try reader.byte())
    case 2:
      distance = Int(try reader.byte())
      distance |= Int(try reader.byte()) << 8
    default: distance = Int(try reader.fixed32())
    }
    guard distance > 0, distance <= output.count else {
      throw FileError(path, "is damaged: a compressed block copies from before its beginning")
    }
    // A copy may take what it has just written.
    for _ in 0..<count { output.append(output[output.count - distance]) }
  }
}
