import Glibc

extension FileSystem {
  /// Whether the path is a folder.
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether the path is a file.
  package static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The bytes of a file.
  package static func size(of path: String) throws(FileError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .system(path, "look at it") }
    return Int(status.st_size)
  }

  /// The bytes of all files whose paths begin with `prefix`, as a checkpoint's do, or that lie in the
  /// folder of that name and those in it.
  package static func size(ofAll prefix: String, depth: Int = 4) -> Int {
    if isDirectory(prefix) {
      return depth == 0
        ? 0 : names(in: prefix).reduce(0) { $0 + size(ofAll: prefix + "/" + $1, depth: depth - 1) }
    }
    let (folder, start) = (directory(of: prefix), name(of: prefix))
    return names(in: folder).filter { $0.hasPrefix(start) }
      .reduce(0) { $0 + ((try? size(of: folder + "/" + $1)) ?? 0) }
  }

  /// The names of what a folder holds, sorted; none if it is not there.
  package static func names(in folder: String) -> [String] { (try? list(folder)) ?? [] }

  /// The names of what a folder holds, sorted.
  ///
  /// - Throws: `FileError` if it cannot be read.
  package static func list(_ folder: String) throws(FileError) -> [String] {
    guard let stream = opendir(folder) else { throw .system(folder, "open the folder") }
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

  /// Copies a file.
  package static func copy(_ source: String, to path: String) throws(FileError) {
    let (from, file) = (try OpenFile(source), try AsideFile(for: path))
    let size = try size(of: source)
    for offset in stride(from: 0, to: size, by: copiedPiece) {
      try file.write(from.read(from: offset, count: min(copiedPiece, size - offset)))
    }
    try file.sync()
    try file.place()
    try syncDirectory(of: path)
  }

  private static let copiedPiece = 1 << 22

  /// Copies the files of a folder, and of the folders in it up to a few levels down.
  package static func copyFolder(_ source: String, to path: String, depth: Int = 8)
    throws(FileError)
  {
    guard depth > 0 else { throw FileError(source, "has folders nested too deeply") }
    try makeDirectory(path)
    for name in names(in: source) {
      let (from, to) = (source + "/" + name, path + "/" + name)
      if isDirectory(from) {
        try copyFolder(from, to: to, depth: depth - 1)
      } else {
        try copy(from, to: to)
      }
    }
  }
}
