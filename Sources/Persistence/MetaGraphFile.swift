import GraphCore
import SwiftProtobuf
import TensorFlowFormats

/// A graph with its collections and the names of its saver's nodes: TensorFlow's `.meta` files.
public enum MetaGraphFile {
  package static func write(
    _ graph: Graph, saver nodes: SaverNodes, maxToKeep: Int, to path: String
  ) throws {
    var message = try TFMetaGraphDef(graph)
    message.saverDef.filenameTensorName = nodes.filename
    message.saverDef.saveTensorName = nodes.save
    message.saverDef.restoreOpName = nodes.restore
    message.saverDef.maxToKeep = Int32(maxToKeep)
    message.saverDef.keepCheckpointEveryNHours = 10_000
    message.saverDef.version = .v2
    try FileSystem.writeAtomically(message.bytes(), to: path)
  }
}
