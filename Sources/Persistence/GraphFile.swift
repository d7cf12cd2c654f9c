import GraphCore
import StandardOps
import SwiftProtobuf
import TensorFlowFormats

/// Reads and writes graphs: TensorFlow's files, and the text form.
public enum GraphFile {
  /// The graph of a `.meta`, `.pb`, `.pbtxt` or `.graph` file or of a SavedModel's folder, with its
  /// collections.
  ///
  /// - Parameter tags: which graph of a SavedModel; by default its only one, or the one for serving.
  /// - Throws: `FileError` if the file is missing, damaged or of another kind.
  public static func read(_ path: String, tags: [String] = []) throws(FileError) -> Graph {
    let graph = Graph()
    guard path.hasSuffix(".graph"), !FileSystem.isDirectory(path) else {
      try graph.append(GraphContainer.read(path, tags: tags).metaGraph, path: path)
      return graph
    }
    let bytes = try FileSystem.read(path, limit: GraphContainer.sizeLimit)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError(path, "is not text in UTF-8")
    }
    do throws(GraphError) {
      try GraphText.parse(text, path: path, into: graph)
      graph.appendFunctionsOfDetails()
    } catch {
      throw FileError(path, error.description)
    }
    return graph
  }

  /// Writes the graph, in the form that the path's ending names: `.meta` and `.meta.pbtxt`, `.pb` and
  /// `.pbtxt` (a GraphDef), or `.graph`. Collections go into `.meta`, `.meta.pbtxt` and `.graph` only.
  ///
  /// - Throws: `GraphErrors` for mistakes in the graph, `FileError` if it cannot be written.
  public static func write(_ graph: Graph, to path: String) throws {
    try graph.throwNewErrors()
    if path.hasSuffix(".meta.pbtxt") {
      try FileSystem.writeAtomically(Array(TFMetaGraphDef(graph).textFormatString().utf8), to: path)
    } else if path.hasSuffix(".meta") {
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
