import GraphCore
import SwiftProtobuf
import TensorCore

extension TFGraphDef {
  /// A graph's nodes in order, as TensorFlow writes them.
  package init(_ graph: Graph) {
    self.init()
    // Old enough for every TensorFlow since 1.15 to read, new enough for the ops that we write.
    versions.producer = 134
    node = graph.operations.map { node in
      var definition = TFNodeDef()
      definition.name = node.name
      definition.op = node.op
      definition.device = node.device
      definition.input =
        node.inputs.map { $0.index == 0 ? $0.node.name : $0.name }
        + node.controlInputs.map { "^" + $0.name }
      definition.attr = node.attributes.mapValues { TFAttrValue($0) }
      return definition
    }
  }
}
