import Glibc

/// A file that is read in pieces; the same bytes, even if another takes its place meanwhile.
final class OpenFile: Sendable {
  let path: String
  private let file: Int32

  /// - Throws: `FileError` if it cannot be opened.
  init(_ path: String) throws(FileError) {
    self.path = path
    file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .system(path, "open it for reading") }
  }

  deinit { close(file) }

  /// Part of the file.
  func read(from offset: Int, count: Int) throws(FileError) -> [UInt8] {
    try check(offset, count)
    return try FileSystem.read(file, from: offset, count: count, path)
  }

  /// Reads part of the file into memory.
  func read(from offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    try check(offset, buffer.count)
    try FileSystem.read(file, from: offset, into: buffer, path)
  }

  /// Refuses what the file does not hold, before memory is taken for it.
  func check(_ offset: Int, _ count: Int) throws(FileError) {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system(path, "look at it") }
    guard offset <= Int(status.st_size), count <= Int(status.st_size) - offset else {
      throw FileError(
        path, "has \(status.st_size) bytes; \(count) from byte \(offset) on are missing")
    }
  }
}

extension FileSystem {
  /// Part of an open file that is known to be that long.
  static func read(_ file: Int32, from offset: Int, count: Int, _ path: String) throws(FileError)
    -> [UInt8]
  {
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(FileError) {
        try read(
          file, from: offset,
          into: .init(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]),
          path)
        initialized = count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Fills memory from an open file that is known to be that long.
  static func read(
    _ file: Int32, from offset: Int, into buffer: UnsafeMutableRawBufferPointer, _ path: String
  ) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let got = pread(file, buffer.baseAddress! + done, buffer.count - done, offset + done)
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw .system(path, "read it") }
      done += got
    }
  }
}
