/// Castagnoli's CRC, eight bytes at a time, as TensorFlow's files hold it.
package enum CRC32C {
  /// Eight tables of 256: the CRC of a byte followed by 0 to 7 zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : (crc >> 1) ^ 0x82f6_3b78 }
      tables[byte] = crc
    }
    for table in 1..<8 {
      for byte in 0..<256 {
        let previous = tables[(table - 1) * 256 + byte]
        tables[table * 256 + byte] = (previous >> 8) ^ tables[Int(previous & 255)]
      }
    }
    return tables
  }()

  /// The CRC of bytes that follow others whose CRC is `crc`.
  package static func checksum(_ bytes: UnsafeRawBufferPointer, after crc: UInt32 = 0) -> UInt32 {
    var crc = ~crc
    tables.withUnsafeBufferPointer { table in
      var index = 0
      while index + 8 <= bytes.count {
        let word =
          bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ UInt64(crc)
        var next: UInt32 = 0
        for position in 0..<8 {
          next ^= table[(7 - position) * 256 + Int((word >> UInt64(8 * position)) & 255)]
        }
        crc = next
        index += 8
      }
      while index < bytes.count {
        crc = (crc >> 8) ^ table[Int((crc ^ UInt32(bytes[index])) & 255)]
        index += 1
      }
    }
    return ~crc
  }

  package static func checksum(_ bytes: [UInt8], after crc: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0, after: crc) }
  }

  /// As files hold it: a CRC of bytes that contain CRCs would be weak.
  package static func masked(_ crc: UInt32) -> UInt32 {
    ((crc >> 15) | (crc << 17)) &+ 0xa282_ead8
  }
}
