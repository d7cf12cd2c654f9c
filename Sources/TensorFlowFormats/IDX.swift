import CZlib
import TensorCore

/// The files of MNIST: a magic number with type and rank, sizes, then elements, all big-endian.
package enum IDX {
  /// The tensor of unsigned bytes that a file, plain or gzipped, holds.
  package static func read(_ path: String) throws(FileError) -> TensorValue {
    var bytes = try FileSystem.read(path, limit: 1 << 30)
    if bytes.starts(with: [0x1f, 0x8b]) { bytes = try inflated(bytes, path) }
    guard let header = try header(bytes, path) else {
      throw FileError(path, "ends within its header")
    }
    let (shape, start) = header
    let found = bytes.count - start
    guard shape.checkedCount == found else {
      throw FileError(path, "claims shape \(shape) but holds \(found) elements")
    }
    let value = bytes.withUnsafeBytes { buffer in
      try? TensorValue(
        dtype: .uint8, shape: shape,
        bytes: UnsafeRawBufferPointer(rebasing: buffer[start...]))
    }
    guard let value else { throw FileError(path, "cannot be read") }
    return value
  }

  /// MNIST's largest file has 47 MB; more than this is not a data set of digits.
  /// The shape that the first bytes state, and where the elements begin; nil if there are too few.
  private static func header(_ bytes: [UInt8], _ path: String) throws(FileError) -> (Shape, Int)? {
    guard bytes.count >= 4 else { return nil }
    guard bytes[0] == 0, bytes[1] == 0 else {
      throw FileError(path, "is not an IDX file: it begins with other bytes")
    }
    guard bytes[2] == 8 else {
      throw FileError(path, "holds elements of type \(bytes[2]); only unsigned bytes are supported")
    }
    let start = 4 + 4 * Int(bytes[3])
    guard bytes.count >= start else { return nil }
    let sizes = stride(from: 4, to: start, by: 4).map { place in
      bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    return (Shape(sizes), start)
  }

  private static let inflatedLimit = 1 << 30

  private static func inflated(_ bytes: [UInt8], _ path: String) throws(FileError) -> [UInt8] {
    var stream = z_stream()
    // 16 more than the window's size asks for gzip's header.
    guard
      inflateInit2_(
        &stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw FileError(path, "cannot be decompressed") }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var status = Z_OK
    bytes.withUnsafeBufferPointer { input in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = UInt32(input.count)
      // What the header states bounds what is inflated, whatever the file holds.
      var limit = inflatedLimit
      while status == Z_OK, output.count <= limit {
        let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          status = inflate(&stream, Z_NO_FLUSH)
          count = buffer.count - Int(stream.avail_out)
        }
        output += chunk
        if let (shape, start) = try? header(output, path), let count = shape.checkedCount {
          limit = min(limit, start + count)
        }
      }
    }
    guard status == Z_STREAM_END else {
      throw FileError(path, "is damaged or truncated: it cannot be decompressed")
    }
    guard stream.avail_in == 0 else { throw FileError(path, "has bytes after its end") }
    return output
  }
}
