import Glibc

extension FileSystem {
  /// Part of a file.
  package static func read(_ path: String, from offset: Int, count: Int) throws(FileError)
    -> [UInt8]
  {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .system(path, "open it for reading") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system(path, "look at it") }
    guard offset <= Int(status.st_size), count <= Int(status.st_size) - offset else {
      throw FileError(
        path, "has \(status.st_size) bytes; \(count) from byte \(offset) on are missing")
    }
    return try read(file, from: offset, count: count, path)
  }

  /// Part of an open file that is known to be that long.
  static func read(_ file: Int32, from offset: Int, count: Int, _ path: String) throws(FileError)
    -> [UInt8]
  {
    var done = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while done < count {
        let got = pread(file, buffer.baseAddress! + done, count - done, offset + done)
        if got < 0, errno == EINTR { continue }
        if got <= 0 { break }
        done += got
      }
      initialized = done
    }
    guard done == count else { throw .system(path, "read it") }
    return bytes
  }

  /// Writes a whole file and waits until it is on the disk.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try writeAndSync(buffer.isEmpty ? [] : [buffer], to: path) }
    }
    try result.get()
  }

  /// Makes a name mean another file's bytes, at once.
  package static func replace(_ path: String, withLinkTo source: String) throws(FileError) {
    let step = path + ".tempstate"
    unlink(step)
    guard link(source, step) == 0 else { throw .system(path, "put it in place") }
    try move(step, to: path)
  }
}
