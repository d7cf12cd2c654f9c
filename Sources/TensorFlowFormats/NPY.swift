import TensorCore

/// NumPy's `.npy` files.
public enum NPY {
  /// NumPy's codes of the types that both sides have, little-endian.
  private static let codes: [(code: String, dtype: DType)] = [
    ("<f4", .float32), ("<f8", .float64), ("<f2", .float16), ("|b1", .bool), ("|i1", .int8),
    ("|u1", .uint8), ("<i2", .int16), ("<u2", .uint16), ("<i4", .int32), ("<u4", .uint32),
    ("<i8", .int64), ("<u8", .uint64),
  ]

  /// The array that a file of version 1 to 3 holds.
  ///
  /// - Throws: `FileError` if it is damaged, in Fortran's order, or of a type that is not known here.
  public static func read(_ path: String) throws(FileError) -> TensorValue {
    let bytes = try FileSystem.read(path)
    guard bytes.count >= 10, Array(bytes[0..<6]) == [0x93] + Array("NUMPY".utf8) else {
      throw FileError(path, "is not a .npy file: it begins with other bytes")
    }
    let isLong = bytes[6] >= 2
    guard (1...3).contains(bytes[6]), !isLong || bytes.count >= 12 else {
      throw FileError(path, "has version \(bytes[6]) of the format, which is not known")
    }
    let field = isLong ? bytes[8..<12] : bytes[8..<10]
    let length = field.reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = isLong ? 12 : 10
    guard length <= bytes.count - start, length < 1 << 16 else {
      throw FileError(path, "ends within its header")
    }
    let header = String(decoding: bytes[start..<(start + length)], as: UTF8.self)
    guard let descr = elementCode(in: header),
      let dtype = codes.first(where: { $0.code == descr })?.dtype
    else { throw FileError(path, "has elements of a type that is not known: \(header)") }
    guard let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")"),
      open < close
    else { throw FileError(path, "states no shape") }
    var sizes: [Int] = []
    for part in header[header.index(after: open)..<close].split(separator: ",") {
      let digits = part.filter { $0 != " " }
      if digits.isEmpty { continue }
      guard let size = Int(digits), size >= 0 else { throw FileError(path, "states no shape") }
      sizes.append(size)
    }
    let isFortran = header.contains("'fortran_order': True")
    let value = bytes.withUnsafeBytes { buffer in
      Result { () throws(TensorError) in
        try TensorValue(
          dtype: dtype, shape: Shape(isFortran ? sizes.reversed() : sizes),
          bytes: UnsafeRawBufferPointer(rebasing: buffer[(start + length)...]))
      }
    }
    switch value {
    case .success(let value): return isFortran ? transposed(value) : value
    case .failure(let error): throw FileError(path, error.description)
    }
  }

  /// Writes a tensor as version 1.0, at once.
  ///
  /// - Throws: `FileError` if the type has no code in NumPy or the file cannot be written.
  public static func write(_ value: TensorValue, to path: String) throws(FileError) {
    guard let code = codes.first(where: { $0.dtype == value.dtype })?.code else {
      throw FileError(path, "cannot hold \(value.dtype)")
    }
    let sizes = value.shape.dimensions.map(String.init).joined(separator: ", ")
    let shape = value.shape.rank == 1 ? "(\(sizes),)" : "(\(sizes))"
    var header = "{'descr': '\(code)', 'fortran_order': False, 'shape': \(shape), }"
    // The elements begin at a multiple of 64 bytes, after a line's end.
    let padding = (64 - (10 + header.utf8.count + 1) % 64) % 64
    header += String(repeating: " ", count: padding) + "\n"
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    bytes += SortedTable.little(UInt16(header.utf8.count)) + Array(header.utf8)
    value.withUnsafeBytes { bytes += $0 }
    try FileSystem.writeAtomically(bytes, to: path)
  }

  /// What follows the key `descr` in quotes.
  /// The elements with the first axis last, as Fortran's order read in ours needs.
  private static func transposed(_ value: TensorValue) -> TensorValue {
    let shape = Shape(value.shape.dimensions.reversed())
    guard let size = value.dtype.byteCount, shape.rank > 1 else { return value }
    var result = TensorValue(zeros: shape, dtype: value.dtype)
    let strides: [Int] = value.shape.strides.reversed()
    value.withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        var index = [Int](repeating: 0, count: shape.rank)
        for place in 0..<shape.count {
          let from = zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
          for byte in 0..<size { target[place * size + byte] = source[from * size + byte] }
          var axis = shape.rank - 1
          while axis >= 0 {
            index[axis] += 1
            if index[axis] < shape[axis] { break }
            index[axis] = 0
            axis -= 1
          }
        }
      }
    }
    return result
  }

  private static func elementCode(in header: String) -> String? {
    let parts = header.split(separator: "'", omittingEmptySubsequences: false)
    guard let place = parts.firstIndex(of: "descr"), place + 2 < parts.count else { return nil }
    return String(parts[place + 2])
  }
}
