import GraphCore
import StandardOps
import SwiftProtobuf
import TensorFlowFormats

/// Reads graphs from TensorFlow's files.
public enum GraphFile {
  /// A larger graph is refused before it is parsed.
  private static let sizeLimit = 1 << 31

  /// The graph of a `.meta`, `.pb` or `.pbtxt` file, with the collections if it is a MetaGraph.
  ///
  /// - Throws: `FileError` if the file is missing, damaged or of another kind.
  public static func read(_ path: String) throws(FileError) -> Graph {
    let bytes = try FileSystem.read(path, limit: sizeLimit)
    let graph = Graph()
    if path.hasSuffix(".pbtxt") {
      guard
        let message = try? TFGraphDef(
          textFormatString: String(decoding: bytes, as: UTF8.self))
      else { throw FileError(path, "is not a GraphDef in text form") }
      try graph.append(message, path: path)
    } else if path.hasSuffix(".meta") {
      guard let message = try? TFMetaGraphDef(serializedBytes: bytes) else {
        throw FileError(path, "is not a MetaGraphDef, or is truncated")
      }
      try graph.append(message, path: path)
    } else if path.hasSuffix(".pb") {
      guard let message = try? TFGraphDef(serializedBytes: bytes), !message.node.isEmpty else {
        throw FileError(path, "is not a GraphDef, or is truncated")
      }
      try graph.append(message, path: path)
    } else {
      throw FileError(path, "must end in .meta, .pb or .pbtxt")
    }
    return graph
  }

  /// The graph as a GraphDef in Protocol Buffers' text form.
  package static func text(_ graph: Graph) -> String { TFGraphDef(graph).textFormatString() }
}
