import GraphCore
import GraphRuntime
import TensorFlowFormats

/// TensorFlow's folders with a graph, its signatures and its variables.
public enum SavedModel {
  /// Whether the path is such a folder, or the file `saved_model.pb` or `saved_model.pbtxt` in it.
  public static func isSavedModel(_ path: String) -> Bool { GraphContainer.isSavedModel(path) }

  /// The prefix of the checkpoint in the folder; nil if it has none.
  public static func checkpoint(in path: String) -> String? {
    let directory = FileSystem.isDirectory(path) ? path : FileSystem.directory(of: path)
    let prefix = directory + "/variables/variables"
    return isSavedModel(path) && CheckpointReader.exists(prefix) ? prefix : nil
  }

  /// Gives the session the values of a SavedModel's variables and runs what starts its graph.
  ///
  /// - Parameter checkpoint: a checkpoint to take instead of the folder's own.
  /// - Returns: why what starts the graph could not run, which matters only to what follows from it;
  ///   nil if it ran.
  /// - Throws: if a file is damaged or does not fit the graph.
  @discardableResult
  public static func restore(
    _ session: Session, from path: String, checkpoint: String? = nil
  ) throws -> String? {
    if let prefix = checkpoint ?? self.checkpoint(in: path) {
      try session.restoreVariables(from: prefix)
    }
    guard let name = session.graph.initializationName else { return nil }
    do {
      _ = try session.run(fetching: [], targets: [name])
      return nil
    } catch {
      return "what starts the graph, \"\(name)\", cannot run: \(error)"
    }
  }
}
