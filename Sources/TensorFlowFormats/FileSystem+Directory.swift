import Glibc

extension FileSystem {
  /// Whether there is a directory of that path.
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names of what a directory holds, sorted.
  ///
  /// - Throws: `FileError` if it cannot be read.
  package static func names(in directory: String) throws(FileError) -> [String] {
    guard let stream = opendir(directory) else { throw .system(directory, "open the directory") }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The name of this machine, as files bear it.
  package static var hostName: String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let found = buffer.withUnsafeMutableBytes {
      gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count - 1) == 0
    }
    let name = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    return found && !name.isEmpty ? String(name.map { $0 == "/" ? "_" : $0 }) : "localhost"
  }
}
