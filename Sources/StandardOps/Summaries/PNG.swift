import CZlib

/// Encodes images as PNG, which summaries hold.
enum PNG {
  /// The file of an image.
  ///
  /// - Parameters:
  ///   - pixels: rows of pixels of 1 (grey), 3 (red, green, blue) or 4 channels (with opacity).
  /// - Returns: nil if the image is too large for the compressor.
  static func encoded(_ pixels: [UInt8], width: Int, height: Int, channels: Int) -> [UInt8]? {
    let row = width * channels
    var rows: [UInt8] = []
    rows.reserveCapacity((row + 1) * height)
    for start in stride(from: 0, to: row * height, by: row) {
      // Each row begins with its filter: none.
      rows.append(0)
      rows += pixels[start..<(start + row)]
    }
    var size = compressBound(uLong(rows.count))
    var compressed = [UInt8](repeating: 0, count: Int(size))
    guard compress2(&compressed, &size, rows, uLong(rows.count), Z_DEFAULT_COMPRESSION) == Z_OK
    else { return nil }
    let colorType: UInt8 = channels == 1 ? 0 : channels == 3 ? 2 : 6
    let header =
      bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [8, colorType, 0, 0, 0]
    return [0x89] + Array("PNG\r\n\u{1a}\n".utf8) + chunk("IHDR", header)
      + chunk("IDAT", Array(compressed.prefix(Int(size)))) + chunk("IEND", [])
  }

  private static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    let named = Array(kind.utf8) + content
    let checksum = crc32(0, named, uInt(named.count))
    return bigEndian(UInt32(content.count)) + named
      + bigEndian(UInt32(truncatingIfNeeded: checksum))
  }

  private static func bigEndian(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }
}
