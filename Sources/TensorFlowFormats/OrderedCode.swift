/// Keys that sort as what they are made of, as checkpoints name the parts of tensors.
enum OrderedCode {
  /// The key of a tensor's slice: it begins with a zero, as no tensor's name does.
  static func key(_ name: String, _ slice: TensorSlice) -> [UInt8] {
    var key = unsigned(0) + string(Array(name.utf8)) + unsigned(UInt64(slice.extents.count))
    for extent in slice.extents {
      key += signed(Int64(extent.start)) + signed(Int64(extent.length ?? -1))
    }
    return key
  }

  /// The bytes with 0 and 255 escaped, so that the end sorts before any of them.
  private static func string(_ bytes: [UInt8]) -> [UInt8] {
    var coded: [UInt8] = []
    for byte in bytes {
      switch byte {
      case 0: coded += [0, 255]
      case 255: coded += [255, 0]
      default: coded.append(byte)
      }
    }
    return coded + [0, 1]
  }

  /// The number of bytes, then the bytes, most significant first.
  private static func unsigned(_ value: UInt64) -> [UInt8] {
    let bytes = withUnsafeBytes(of: value.bigEndian) { Array($0.drop { $0 == 0 }) }
    return [UInt8(bytes.count)] + bytes
  }

  /// Two's complement in the fewest bytes, whose leading bits, of the opposite sign, count them.
  private static func signed(_ value: Int64) -> [UInt8] {
    let magnitude = value < 0 ? ~value : value
    let length = (Int64.bitWidth - magnitude.leadingZeroBitCount) / 7 + 1
    let sign: UInt8 = value < 0 ? 255 : 0
    let all = [sign, sign] + withUnsafeBytes(of: value.bigEndian) { Array($0) }
    var bytes = Array(all.suffix(length))
    let header: UInt16 = ~(UInt16.max >> UInt16(length))
    bytes[0] ^= UInt8(header >> 8)
    if length > 1 { bytes[1] ^= UInt8(header & 255) }
    return bytes
  }
}
