import Glibc
import Synchronization

/// A file that is written beside the place where it is to be, and put there once it is whole.
///
/// Its name is its own, so that any number of threads and processes may write to one place. It is locked
/// while it is written: what nobody locks was left by a process that died.
package final class AsideFile {
  /// Where the file is to be.
  package let path: String
  /// Where it is until then.
  package let name: String
  /// How many bytes were written.
  package private(set) var count = 0
  private let file: Int32
  private var isKept = false

  private static let marker = ".tempstate-"
  private static let number = Atomic<Int>(0)

  /// - Throws: `FileError` if it cannot be made.
  package init(for path: String) throws(FileError) {
    self.path = path
    while true {
      let number = Self.number.add(1, ordering: .relaxed).newValue
      let random = String(UInt32.random(in: 0 ... .max), radix: 16)
      let name = "\(path)\(Self.marker)\(getpid())-\(number)-\(random)"
      let file = FileSystem.attempt(.create, name) {
        open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      }
      if file < 0, errno == EEXIST { continue }
      guard file >= 0 else { throw .system(path, "open it for writing") }
      // Whoever removes what the dead have left may have taken it for theirs before it was locked.
      var status = stat()
      let isTaken = flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
      if !isTaken, fstat(file, &status) == 0, status.st_nlink > 0 {
        (self.name, self.file) = (name, file)
        return
      }
      close(file)
    }
  }

  deinit {
    if !isKept { FileSystem.remove(name) }
    close(file)
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let put = FileSystem.attempt(.write, path) {
        Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
      }
      if put < 0, errno == EINTR { continue }
      guard put > 0 else { throw .system(path, "write it") }
      done += put
    }
    count += done
  }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try write(buffer) }
    }
    try result.get()
  }

  /// Waits until the bytes are on the disk.
  package func sync() throws(FileError) {
    guard FileSystem.attempt(.sync, path, { fsync(file) }) == 0 else {
      throw .system(path, "write it to the disk")
    }
  }

  /// Puts the file in its place, at once.
  package func place() throws(FileError) {
    try FileSystem.rename(name, to: path)
    isKept = true
  }

  /// Leaves the file where it is, for others to put it in its place.
  func keep() { isKept = true }

  /// Removes what died processes have left in a folder.
  static func removeAbandoned(in folder: String) {
    for name in FileSystem.names(in: folder) where name.contains(marker) {
      let path = folder + "/" + name
      let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { FileSystem.remove(path) }
      close(file)
    }
  }
}
