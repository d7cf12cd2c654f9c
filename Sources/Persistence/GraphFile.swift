import GraphCore
import StandardOps
import SwiftProtobuf
import TensorFlowFormats

/// Reads and writes graphs: TensorFlow's files, and the text form.
public enum GraphFile {
  /// The graph of a `.meta`, `.pb`, `.pbtxt` or `.graph` file or of a SavedModel's folder, with its
  /// collections.
  ///
  /// - Parameters:
  ///   - tags: which graph of a SavedModel; by default its only one, or the one for serving.
  ///   - maxMemory: the most bytes of constants of which the file states a few elements for all; by
  ///     default 256 MB, or four times the file if that is more.
  /// - Throws: `FileError` if the file is missing, damaged or of another kind, or asks for more memory.
  public static func read(_ path: String, tags: [String] = [], maxMemory: Int? = nil)
    throws(FileError) -> Graph
  {
    let graph = Graph()
    guard path.hasSuffix(".graph"), !FileSystem.isDirectory(path) else {
      try graph.append(
        GraphContainer.read(path, tags: tags, maxMemory: maxMemory).metaGraph, path: path)
      return graph
    }
    let bytes = try FileSystem.read(path, limit: GraphContainer.sizeLimit)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError(path, "is not text in UTF-8")
    }
    do throws(GraphError) {
      let allowance = MemoryAllowance(limit: maxMemory, fileBytes: bytes.count)
      try GraphText.parse(text, path: path, into: graph, allowance: allowance.repeated)
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
      try FileSystem.writeAtomically(Array(TFMetaGraphDef(graph).fileText.utf8), to: path)
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
  package static func text(_ graph: Graph) -> String { TFGraphDef(graph).fileText }
}
