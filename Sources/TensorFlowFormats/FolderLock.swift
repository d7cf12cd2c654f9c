import Glibc

/// A lock on a folder, which keeps the threads and processes apart that replace files in it.
///
/// The folder itself is locked, so that no file is left behind, and the lock of a process that dies is
/// free again. A file system without locks goes without.
package final class FolderLock {
  private let file: Int32

  /// How long to wait for others, who hold the lock for a few calls at a time.
  private static let patience: (seconds: Int, microseconds: UInt32) = (60, 500)

  /// - Parameter shared: whether others may hold it shared at the same time.
  /// - Throws: `FileError` if the folder cannot be opened, or others do not let it go.
  package init(_ folder: String, shared: Bool = false) throws(FileError) {
    file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw .system(folder, "open the directory") }
    let end = Self.now() + Self.patience.seconds
    while flock(file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      guard errno == EWOULDBLOCK else { return }
      guard Self.now() < end else {
        close(file)
        throw FileError(
          folder, "is locked by another process for more than \(Self.patience.seconds) seconds")
      }
      usleep(Self.patience.microseconds)
    }
  }

  deinit { close(file) }

  /// Runs `body` before the lock is let go.
  package func held<Result>(_ body: () throws(FileError) -> Result) throws(FileError) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body()
  }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec
  }
}
