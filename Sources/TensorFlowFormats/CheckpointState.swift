/// The text file `checkpoint`: which checkpoints of a directory are the latest ones.
public struct CheckpointState: Sendable, Hashable {
  /// The prefix written last.
  public let latest: String
  /// All that are kept, oldest first.
  public let all: [String]

  /// A state of the given prefixes.
  public init(latest: String, all: [String]) {
    self.latest = latest
    self.all = all
  }

  /// Writes the file `checkpoint` into the directory of `prefix`; prefixes in it become relative.
  ///
  /// - Throws: `FileError` if it cannot be written.
  public func write(besides prefix: String) throws(FileError) {
    let directory = FileSystem.directory(of: prefix)
    func relative(_ path: String) -> String {
      FileSystem.directory(of: path) == directory ? FileSystem.name(of: path) : path
    }
    func quoted(_ text: String) -> String {
      "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    }
    var text = "model_checkpoint_path: \(quoted(relative(latest)))\n"
    for path in all { text += "all_model_checkpoint_paths: \(quoted(relative(path)))\n" }
    try FileSystem.writeAtomically(Array(text.utf8), to: directory + "/checkpoint")
  }
}
