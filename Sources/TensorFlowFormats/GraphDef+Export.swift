import GraphCore
import SwiftProtobuf
import TensorCore

extension TFGraphDef {
  /// The graph as TensorFlow writes it, with what its file said besides the nodes.
  package init(_ graph: Graph) {
    self = TFMetaGraphDef.details(of: graph).graphDef
    // Old enough for every TensorFlow since 1.15 to read, new enough for the ops that we write.
    if !hasVersions, version == 0 { versions.producer = 134 }
    let known = Set(library.function.map(\.signature.name))
    let added = graph.functions.filter { !known.contains($0.name) }
    if !added.isEmpty { library.function += added.map { TFFunctionDef($0) } }
    node = graph.operations.map { node in
      var definition = (try? TFNodeDef(textFormatString: node.record.details)) ?? TFNodeDef()
      definition.name = node.name
      definition.op = node.op
      definition.device = node.device
      definition.input =
        node.inputs.map { $0.index == 0 ? $0.node.name : $0.name }
        + node.controlInputs.map { "^" + $0.name }
      // What a file said of an attribute beyond what is understood of it is the better word.
      definition.attr = node.attributes.mapValues { TFAttrValue($0) }
        .merging(definition.attr) { _, kept in kept }
      return definition
    }
  }
}

extension TFMetaGraphDef {
  /// What the graph's file said besides nodes and collections.
  package static func details(of graph: Graph) -> TFMetaGraphDef {
    (try? TFMetaGraphDef(textFormatString: graph.state.withLock { $0.details })) ?? TFMetaGraphDef()
  }
}
