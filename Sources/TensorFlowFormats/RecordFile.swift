import Glibc

/// A file of records that is only ever appended to: TensorFlow's TFRecord, which event files are.
///
/// A record is its length in eight bytes, their checksum, the data, and the data's checksum.
package final class RecordAppender {
  /// The file's path.
  package let path: String
  private var file: Int32

  /// Makes a new file.
  ///
  /// - Returns: nil if there is a file of that name.
  /// - Throws: `FileError` if it cannot be made.
  package init?(creating path: String) throws(FileError) {
    self.path = path
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    guard file < 0 else { return }
    if errno == EEXIST { return nil }
    throw .system(path, "open it for writing")
  }

  deinit { if file >= 0 { Glibc.close(file) } }

  /// Hands a whole record to the system at once, so that a process that is killed leaves whole ones.
  ///
  /// - Throws: `FileError` if the disk is full or the file was closed; a part of a record that was
  ///   written is taken back.
  package func append(_ data: [UInt8]) throws(FileError) {
    try checkOpen()
    let record = Self.framed(data)
    var status = stat()
    let before = fstat(file, &status) == 0 ? status.st_size : nil
    var done = 0
    while done < record.count {
      let put = record.withUnsafeBytes { bytes in
        FileSystem.attempt(.write, path) {
          Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
        }
      }
      if put < 0, errno == EINTR { continue }
      guard put > 0 else {
        let error = FileError.system(path, "write it")
        if let before { ftruncate(file, before) }
        throw error
      }
      done += put
    }
  }

  /// Waits until all records are on the disk.
  package func sync() throws(FileError) {
    try checkOpen()
    guard FileSystem.attempt(.sync, path, { fsync(file) }) == 0 else {
      throw .system(path, "write it to the disk")
    }
  }

  /// Ends the file, with all records on the disk; nothing if that was done already.
  package func close() throws(FileError) {
    guard file >= 0 else { return }
    defer { file = -1 }
    try sync()
    guard Glibc.close(file) == 0 else { throw .system(path, "close it") }
  }

  private func checkOpen() throws(FileError) {
    guard file >= 0 else { throw FileError(path, "was closed; nothing more can be written") }
  }

  /// The record of some data.
  private static func framed(_ data: [UInt8]) -> [UInt8] {
    let length = SortedTable.little(UInt64(data.count))
    return length + SortedTable.little(CRC32C.masked(CRC32C.checksum(length))) + data
      + SortedTable.little(CRC32C.masked(CRC32C.checksum(data)))
  }
}

/// Reads a file of records one by one, none of which it believes before its checksums are right.
package final class RecordReader {
  /// The file's path.
  package let path: String
  /// Whether the file ended within a record, as that of a process does that was killed.
  package private(set) var isTruncated = false
  /// How many records were read.
  package private(set) var count = 0
  private let file: Int32
  private var offset = 0

  /// Protocol Buffers' own limit.
  private static let lengthLimit = 1 << 31
  private static let headerSize = 12

  /// - Throws: `FileError` if the file cannot be opened.
  package init(path: String) throws(FileError) {
    self.path = path
    file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .system(path, "open it for reading") }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      Glibc.close(file)
      throw FileError(path, "is not a file")
    }
  }

  deinit { Glibc.close(file) }

  /// The data of the next record; nil at the end, and where the file ends within a record.
  ///
  /// - Throws: `FileError` if a checksum is wrong or the length is out of range.
  package func next() throws(FileError) -> [UInt8]? {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system(path, "look at it") }
    let left = Int(status.st_size) - offset
    isTruncated = left > 0
    guard left >= Self.headerSize else { return nil }
    let header = try read(Self.headerSize, at: offset)
    guard checksum(header, 8) == CRC32C.masked(CRC32C.checksum(Array(header[..<8]))) else {
      throw FileError(
        path, "the checksum of the length of record \(count), at byte \(offset), is wrong")
    }
    let length = header[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Self.lengthLimit) else {
      throw FileError(path, "record \(count), at byte \(offset), states \(length) bytes")
    }
    let size = Int(length)
    // Before anything is allocated.
    guard size + 4 <= left - Self.headerSize else { return nil }
    var data = try read(size + 4, at: offset + Self.headerSize)
    let stated = checksum(data, size)
    data.removeLast(4)
    guard stated == CRC32C.masked(CRC32C.checksum(data)) else {
      throw FileError(path, "the checksum of record \(count), at byte \(offset), is wrong")
    }
    offset += Self.headerSize + size + 4
    count += 1
    isTruncated = false
    return data
  }

  private func checksum(_ bytes: [UInt8], _ start: Int) -> UInt32 {
    bytes[start..<(start + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func read(_ count: Int, at start: Int) throws(FileError) -> [UInt8] {
    try FileSystem.read(file, from: start, count: count, path)
  }
}
