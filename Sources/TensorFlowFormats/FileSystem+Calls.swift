import Glibc

/// The calls to the system that change files.
package enum FileCall: String, Sendable, CaseIterable {
  case create, write, sync, rename, remove, makeDirectory
}

/// Sees every call that changes a file before it is made, and may have it fail: tests stand in for a
/// full disk and for a process that dies.
package protocol FileCallObserver: Sendable {
  /// The error number that the call is to fail with, without being made; nil for it to be made.
  func errorNumber(before call: FileCall, on path: String) -> Int32?
}

extension FileSystem {
  /// Who sees the calls of this task.
  @TaskLocal package static var observer: (any FileCallObserver)?

  /// Makes a call, unless the observer has it fail.
  static func attempt<Result: FixedWidthInteger>(
    _ call: FileCall, _ path: String, _ body: () -> Result
  ) -> Result {
    if let error = observer?.errorNumber(before: call, on: path) {
      errno = error
      return -1
    }
    return body()
  }

  package static func remove(_ path: String) {
    _ = attempt(.remove, path) { unlink(path) }
  }

  /// Gives a file another name at once, taking the place of what bears it.
  static func rename(_ source: String, to path: String) throws(FileError) {
    guard attempt(.rename, path, { Glibc.rename(source, path) }) == 0 else {
      throw .system(path, "put it in place")
    }
  }

  /// Says something on standard error.
  package static func warn(_ text: String) {
    let line = Array("warning: \(text)\n".utf8)
    _ = Glibc.write(STDERR_FILENO, line, line.count)
  }

  /// Makes renames in a file's directory last.
  package static func syncDirectory(of path: String) throws(FileError) {
    let directory = directory(of: path)
    let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw .system(directory, "open the directory") }
    defer { close(file) }
    guard attempt(.sync, directory, { fsync(file) }) == 0 else {
      throw .system(directory, "write the directory to the disk")
    }
  }

  /// Makes a directory and those above it.
  package static func makeDirectory(_ path: String) throws(FileError) {
    if exists(path) { return }
    let parent = directory(of: path)
    if parent != path, !exists(parent) { try makeDirectory(parent) }
    guard attempt(.makeDirectory, path, { mkdir(path, 0o755) }) == 0 || errno == EEXIST else {
      throw .system(path, "make the directory")
    }
  }
}
