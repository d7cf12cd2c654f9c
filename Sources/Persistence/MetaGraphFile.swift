import GraphCore
import SwiftProtobuf
import TensorFlowFormats

/// A graph with its collections and the names of its saver's nodes: TensorFlow's `.meta` files.
public enum MetaGraphFile {
  package static func write(
    _ graph: Graph, saver nodes: SaverNodes, maxToKeep: Int, to path: String
  ) throws {
    var message = try TFMetaGraphDef(graph)
    let isSharded = message.saverDef.sharded
    message.saverDef = nodes.definition
    message.saverDef.maxToKeep = Int32(maxToKeep)
    message.saverDef.sharded = isSharded
    try FileSystem.writeAtomically(message.bytes(), to: path)
  }
}
