/// LevelDB's table of sorted keys, as a checkpoint's index holds it: one or more blocks of
/// prefix-compressed entries, an index of the blocks, and a footer. Blocks may be compressed where they
/// are read; what is written is not.
package enum SortedTable {
  private static let magic: UInt64 = 0xdb47_7524_8b80_fb57
  private static let footerSize = 48
  private static let blockSize = 262_144
  private static let keyLimit = 1 << 28

  /// The entries of a table, in order.
  package static func read(_ bytes: [UInt8], path: String) throws(FileError) -> [(
    key: [UInt8], value: [UInt8]
  )] {
    guard bytes.count >= footerSize else {
      throw FileError(path, "has \(bytes.count) bytes, too few for a checkpoint's table")
    }
    let footer = bytes.count - footerSize
    var reader = ByteReader(bytes, footer..<bytes.count, path)
    let meta = (offset: try reader.varint(), size: try reader.varint())
    let (offset, size) = (try reader.varint(), try reader.varint())
    var tail = ByteReader(bytes, (bytes.count - 8)..<bytes.count, path)
    guard try tail.fixed64() == magic else {
      throw FileError(path, "is not a checkpoint's table: its last bytes are wrong")
    }
    _ = try block(bytes, meta.offset, meta.size, limit: footer, path)
    var entries: [(key: [UInt8], value: [UInt8])] = []
    var end: UInt64 = 0
    for handle in try block(bytes, offset, size, limit: footer, path) {
      var reader = ByteReader(handle.value, 0..<handle.value.count, path)
      let (offset, size) = (try reader.varint(), try reader.varint())
      // One block named again and again would take more memory than the file.
      guard offset >= end, !offset.addingReportingOverflow(size).overflow else {
        throw FileError(path, "its blocks are not in order")
      }
      end = offset + size
      entries += try block(bytes, offset, size, limit: footer, path)
    }
    for (a, b) in zip(entries, entries.dropFirst())
    where !a.key.lexicographicallyPrecedes(b.key) {
      throw FileError(path, "its keys are not sorted")
    }
    return entries
  }

  private static func block(
    _ bytes: [UInt8], _ offset: UInt64, _ size: UInt64, limit: Int, _ path: String
  ) throws(FileError) -> [(key: [UInt8], value: [UInt8])] {
    guard offset <= UInt64(limit), size <= UInt64(limit), offset + size + 5 <= UInt64(limit) else {
      throw FileError(path, "a block lies beyond the end of the file")
    }
    let (start, end) = (Int(offset), Int(offset + size))
    var trailer = ByteReader(bytes, end..<(end + 5), path)
    let kind = try trailer.byte()
    let crc = CRC32C.masked(CRC32C.checksum(Array(bytes[start...end])))
    guard try trailer.fixed32() == crc else {
      throw FileError(path, "is damaged: a block's checksum is wrong")
    }
    switch kind {
    case 0: return try entries(bytes, start..<end, path)
    case 1:
      let plain = try Snappy.decompressed(Array(bytes[start..<end]), path: path)
      return try entries(plain, 0..<plain.count, path)
    default: throw FileError(path, "has a block in a compression of an unknown kind, \(kind)")
    }
  }

  /// The entries of a block.
  private static func entries(_ bytes: [UInt8], _ block: Range<Int>, _ path: String)
    throws(FileError) -> [(key: [UInt8], value: [UInt8])]
  {
    guard block.count >= 4 else { throw FileError(path, "has a block without restarts") }
    let (start, end) = (block.lowerBound, block.upperBound)
    var counter = ByteReader(bytes, (end - 4)..<end, path)
    let restarts = UInt64(try counter.fixed32())
    guard restarts * 4 + 4 <= UInt64(block.count) else {
      throw FileError(path, "has too many restarts")
    }
    var reader = ByteReader(bytes, start..<(end - 4 - Int(restarts) * 4), path)
    var entries: [(key: [UInt8], value: [UInt8])] = []
    var key: [UInt8] = []
    var keyBytes = 0
    while !reader.isAtEnd {
      let (shared, own, length) = (
        try reader.varint(), try reader.varint(), try reader.varint()
      )
      guard shared <= UInt64(key.count) else {
        throw FileError(path, "an entry shares more of its key than there is")
      }
      key = try Array(key.prefix(Int(shared))) + reader.bytes(own)
      // Shared beginnings could make keys of gigabytes out of a small file.
      keyBytes += key.count
      guard keyBytes <= keyLimit else { throw FileError(path, "its keys are too long") }
      entries.append((key, try reader.bytes(length)))
    }
    return entries
  }

  /// The bytes of a table of sorted entries.
  package static func write(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = []
    var handles: [(key: [UInt8], value: [UInt8])] = []
    var start = 0
    while start < entries.count {
      var end = start
      var size = 0
      while end < entries.count, size < blockSize {
        size += entries[end].key.count + entries[end].value.count + 6
        end += 1
      }
      let handle = append(block(entries[start..<end], restartInterval: 16), to: &file)
      let last = entries[end - 1].key
      // Any key between this block and the next will do; LevelDB takes the shortest.
      let separator =
        end < entries.count ? shortest(from: last, to: entries[end].key) : successor(of: last)
      handles.append((separator, handle))
      start = end
    }
    let meta = append(block([], restartInterval: 16), to: &file)
    let index = append(block(handles[...], restartInterval: 1), to: &file)
    var footer = meta + index
    footer += [UInt8](repeating: 0, count: footerSize - 8 - footer.count)
    file += footer + little(magic)
    return file
  }

  private static func append(_ block: [UInt8], to file: inout [UInt8]) -> [UInt8] {
    let handle = varint(UInt64(file.count)) + varint(UInt64(block.count))
    let body = block + [0]
    file += body + little(CRC32C.masked(CRC32C.checksum(body)))
    return handle
  }

  private static func block(
    _ entries: ArraySlice<(key: [UInt8], value: [UInt8])>, restartInterval: Int
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var restarts: [UInt32] = [0]
    var previous: [UInt8] = []
    for (number, entry) in entries.enumerated() {
      var shared = 0
      if number % restartInterval == 0 {
        if number > 0 { restarts.append(UInt32(bytes.count)) }
      } else {
        shared = zip(previous, entry.key).prefix { $0 == $1 }.count
      }
      bytes += varint(UInt64(shared)) + varint(UInt64(entry.key.count - shared))
      bytes += varint(UInt64(entry.value.count)) + entry.key.dropFirst(shared) + entry.value
      previous = entry.key
    }
    for restart in restarts { bytes += little(restart) }
    return bytes + little(UInt32(restarts.count))
  }

  private static func shortest(from a: [UInt8], to b: [UInt8]) -> [UInt8] {
    let shared = zip(a, b).prefix { $0 == $1 }.count
    guard shared < a.count, shared < b.count, a[shared] < 255, a[shared] + 1 < b[shared] else {
      return a
    }
    return Array(a[..<shared]) + [a[shared] + 1]
  }

  private static func successor(of key: [UInt8]) -> [UInt8] {
    guard let position = key.firstIndex(where: { $0 != 255 }) else { return key }
    return Array(key[..<position]) + [key[position] + 1]
  }

  /// A string's length as checksums take it: four bytes where they suffice.
  static func stringLength(_ length: UInt64) -> [UInt8] {
    length > UInt64(UInt32.max) ? little(length) : little(UInt32(length))
  }

  package static func varint(_ value: UInt64) -> [UInt8] {
    var (bytes, rest): ([UInt8], UInt64) = ([], value)
    while rest >= 128 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  package static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
