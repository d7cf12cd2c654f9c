import GraphCore
import TensorCore

extension Ops {
  /// A whole tensor, under the node's own name.
  public enum TensorSummary: SummaryOp {
    public static let signature = Signature(
      ["tensor: T"], gives: ["summary: string"],
      [
        .type("T"), .string("description", default: ""),
        .value("labels", .listOfString, default: .list([])),
        .string("display_name", default: ""),
      ])
    public static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [UInt8]
    {
      var writer = MessageWriter()
      writer.summaryValue(tag: []) { value in
        value.string(7, node.name.utf8)
        value.tensor(8, inputs[0])
      }
      return writer.bytes
    }
  }

  /// A whole tensor under a tag, with a message for the plugin that shows it.
  public enum TensorSummaryV2: SummaryOp {
    public static let signature = Signature(
      ["tag: string", "tensor: T", "serialized_summary_metadata: string"],
      gives: ["summary: string"], [.type("T")])
    public static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [UInt8]
    {
      let tag = try scalarString(inputs[0], "the tag")
      let metadata = try scalarString(inputs[2], "the metadata")
      guard MessageFields(metadata[...]) != nil else {
        throw GraphError("the metadata is not a serialized SummaryMetadata")
      }
      var writer = MessageWriter()
      writer.summaryValue(tag: tag) { value in
        value.tensor(8, inputs[1])
        value.string(9, metadata)
      }
      return writer.bytes
    }
  }
}
