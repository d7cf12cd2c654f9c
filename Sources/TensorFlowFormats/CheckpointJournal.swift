import Glibc

/// What is being done to the files of a checkpoint, written beside them before it is begun, so that
/// whoever comes after a process that died can end it.
///
/// Index and data are two files, and no rename replaces both. So both are first written whole under names
/// of their own, which the journal then states; from then on the new checkpoint counts.
enum CheckpointJournal {
  /// What is under way.
  enum Entry: Equatable {
    /// Files of these names take the place of the checkpoint's, each that is still there.
    case replace(data: String, index: String)
    /// The checkpoint is deleted.
    case remove
  }

  private static let ending = ".tempstate"

  static func path(_ prefix: String) -> String { prefix + ending }

  /// What is under way; nil if nothing is.
  static func read(_ prefix: String) -> Entry? {
    guard let bytes = try? FileSystem.read(path(prefix), limit: 1 << 16) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    if lines == ["remove"] { return .remove }
    let own = FileSystem.name(of: prefix) + "."
    guard lines.count == 3, lines[0] == "replace",
      lines[1...].allSatisfy({ $0.hasPrefix(own) && !$0.contains("/") })
    else { return nil }
    let folder = FileSystem.directory(of: prefix) + "/"
    return .replace(data: folder + lines[1], index: folder + lines[2])
  }

  /// Replaces a checkpoint by a pair of files that are whole and on the disk.
  ///
  /// The caller holds the folder's lock.
  static func replace(_ prefix: String, data: AsideFile, index: AsideFile) throws(FileError) {
    let names = [data, index].map { FileSystem.name(of: $0.name) }
    try FileSystem.syncDirectory(of: prefix)
    do throws(FileError) {
      try write("replace\n\(names[0])\n\(names[1])\n", prefix)
    } catch {
      // Before the files that it names go away: one of two would be put beside another's.
      FileSystem.remove(path(prefix))
      throw error
    }
    // Now they are the checkpoint, wherever this process may end.
    data.keep()
    index.keep()
    try finish(prefix)
  }

  /// Deletes a checkpoint.
  ///
  /// The caller holds the folder's lock.
  static func remove(_ prefix: String) throws(FileError) {
    try write("remove\n", prefix)
    try finish(prefix)
  }

  private static func write(_ text: String, _ prefix: String) throws(FileError) {
    let file = try AsideFile(for: path(prefix))
    try file.write(Array(text.utf8))
    try file.sync()
    try file.place()
    try FileSystem.syncDirectory(of: prefix)
  }

  /// Ends what is under way.
  private static func finish(_ prefix: String) throws(FileError) {
    let suffix = CheckpointWriter.dataSuffix(0, of: 1)
    switch read(prefix) {
    case .replace(let data, let index):
      if FileSystem.exists(data) { try FileSystem.rename(data, to: prefix + suffix) }
      if FileSystem.exists(index) { try FileSystem.rename(index, to: prefix + ".index") }
      try FileSystem.syncDirectory(of: prefix)
    case .remove:
      for ending in [".index", suffix, ".meta"] { FileSystem.remove(prefix + ending) }
    case nil: break
    }
    FileSystem.remove(path(prefix))
  }

  /// Ends what processes that died have begun in a folder, and removes what else they have left.
  ///
  /// The caller holds the folder's lock.
  static func recover(_ folder: String) throws(FileError) {
    for name in FileSystem.names(in: folder) where name.hasSuffix(ending) {
      let prefix = folder + "/" + name.dropLast(ending.count)
      // Another program's file of such a name is none of ours.
      if read(prefix) != nil { try finish(prefix) }
    }
    AsideFile.removeAbandoned(in: folder)
  }
}
