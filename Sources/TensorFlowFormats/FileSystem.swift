import Glibc

/// A file that cannot be read, written or believed.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file's path.
  public let path: String
  /// What was expected and found.
  public let reason: String

  /// An error about a file.
  public init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  /// Path and reason.
  public var description: String { "\(path): \(reason)" }

  static func system(_ path: String, _ doing: String) -> FileError {
    FileError(path, "cannot \(doing): \(String(cString: strerror(errno)))")
  }
}

/// The few calls to the system that reading and atomic writing take.
package enum FileSystem {
  /// Larger files are refused before memory is allocated.
  package static let sizeLimit = 8 << 30

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The whole file.
  package static func read(_ path: String, limit: Int = sizeLimit) throws(FileError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .system(path, "open it for reading") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system(path, "look at it") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path, "is not a file") }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw FileError(path, "has \(size) bytes, more than the \(limit) that are allowed")
    }
    var done = 0
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while done < size {
        let got = Glibc.read(file, buffer.baseAddress! + done, size - done)
        if got < 0, errno == EINTR { continue }
        if got <= 0 {
          failed = got < 0
          break
        }
        done += got
      }
      count = done
    }
    if failed { throw .system(path, "read it") }
    return bytes
  }

  /// Replaces a file at once: a reader sees the old bytes or the new ones.
  package static func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileError) {
    let file = try AsideFile(for: path)
    try file.write(bytes)
    try file.sync()
    try file.place()
    try syncDirectory(of: path)
  }

  /// Finds out whether a file can be written there, before work is done whose result goes there.
  ///
  /// - Throws: `FileError` if the directory is missing or closed to us, or the path is a directory.
  package static func checkWritable(_ path: String) throws(FileError) {
    if isDirectory(path) { throw FileError(path, "cannot be written: it is a directory") }
    // What is written goes to a file beside it first.
    _ = try AsideFile(for: path)
  }

  /// The part before the last slash; `.` without one.
  package static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The part after the last slash.
  package static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
