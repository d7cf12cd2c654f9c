import GraphCore
import StandardOps
import SwiftProtobuf
import TensorFlowFormats

/// Reads and writes graphs: TensorFlow's files, and the text form.
public enum GraphFile {
  /// A larger graph is refused before it is parsed.
  private static let sizeLimit = 1 << 31

  /// The graph of a `.meta`, `.pb`, `.pbtxt` or `.graph` file, with its collections.
  ///
  /// - Throws: `FileError` if the file is missing, damaged or of another kind.
  public static func read(_ path: String) throws(FileError) -> Graph {
    let bytes = try FileSystem.read(path, limit: sizeLimit)
    let graph = Graph()
    if path.hasSuffix(".graph") {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw FileError(path, "is not text in UTF-8")
      }
      do throws(GraphError) {
        try GraphText.parse(text, path: path, into: graph)
        graph.appendFunctionsOfDetails()
      } catch {
        throw FileError(path, error.description)
      }
    } else if path.hasSuffix(".pbtxt") {
      try append(text: String(decoding: bytes, as: UTF8.self), path, to: graph)
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
      throw FileError(path, "must end in .meta, .pb, .pbtxt or .graph")
    }
    return graph
  }

  /// A GraphDef's or a MetaGraphDef's text; the first field's name tells which.
  private static func append(text: String, _ path: String, to graph: Graph) throws(FileError) {
    do {
      try graph.append(TFGraphDef(textFormatString: text), path: path)
    } catch let error as FileError {
      throw error
    } catch {
      guard let message = try? TFMetaGraphDef(textFormatString: text) else {
        throw FileError(path, "is neither a GraphDef nor a MetaGraphDef in text form")
      }
      try graph.append(message, path: path)
    }
  }

  /// Writes the graph, in the form that the path's ending names: `.meta`, `.pb`, `.pbtxt` (a
  /// GraphDef) or `.graph`. Collections go into `.meta` and `.graph` only.
  ///
  /// - Throws: `GraphErrors` for mistakes in the graph, `FileError` if it cannot be written.
  public static func write(_ graph: Graph, to path: String) throws {
    try graph.throwNewErrors()
    if path.hasSuffix(".meta") {
      try FileSystem.writeAtomically(TFMetaGraphDef(graph).bytes(), to: path)
    } else if path.hasSuffix(".pb") {
      try FileSystem.writeAtomically(TFGraphDef(graph).bytes(), to: path)
    } else if path.hasSuffix(".pbtxt") {
      try FileSystem.writeAtomically(Array(text(graph).utf8), to: path)
    } else if path.hasSuffix(".graph") {
      let text = GraphText.lines(of: graph).map { $0 + "\n" }.joined()
      try FileSystem.writeAtomically(Array(text.utf8), to: path)
    } else {
      throw FileError(path, "must end in .meta, .pb, .pbtxt or .graph")
    }
  }

  /// The graph as a GraphDef in Protocol Buffers' text form.
  package static func text(_ graph: Graph) -> String { TFGraphDef(graph).textFormatString() }
}
