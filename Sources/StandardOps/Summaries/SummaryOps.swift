import GraphCore
import TensorCore

extension OpSet {
  static let summaryOps: [any Op.Type] = [
    Ops.ScalarSummary.self, Ops.HistogramSummary.self, Ops.ImageSummary.self,
    Ops.AudioSummaryV2.self, Ops.TensorSummary.self, Ops.TensorSummaryV2.self,
    Ops.MergeSummary.self,
  ]
}

/// An op that gives one string, a serialized `Summary`, for an event file.
public protocol SummaryOp: DataOp {
  /// The bytes of the `Summary`.
  ///
  /// - Throws: `GraphError` if the inputs' values do not fit.
  static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError) -> [UInt8]
}

extension SummaryOp {
  /// A scalar.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }

  /// The bytes of the summary as a scalar.
  public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
    -> [TensorValue]
  {
    let bytes = try summary(of: node, inputs)
    do throws(TensorError) {
      return [try TensorValue(strings: [bytes], shape: .scalar)]
    } catch {
      throw GraphError(error.description)
    }
  }

  /// None.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("a summary is a string") }

  /// The only string of an input.
  ///
  /// - Throws: `GraphError` if it is no scalar.
  static func scalarString(_ value: TensorValue, _ name: String) throws(GraphError) -> [UInt8] {
    guard value.shape.rank == 0, let text = try? value.strings().first else {
      throw GraphError("\(name) must be a scalar of string, found \(value.dtype)\(value.shape)")
    }
    return text
  }
}

extension Ops {
  /// One number under each tag.
  public enum ScalarSummary: SummaryOp {
    public static let signature = Signature(
      ["tags: string", "values: T"], gives: ["summary: string"], [.type("T", .reals)])
    public static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [UInt8]
    {
      guard inputs[0].shape == inputs[1].shape, let tags = try? inputs[0].strings() else {
        throw GraphError(
          "tags and values must have one shape, found \(inputs[0].shape) and \(inputs[1].shape)")
      }
      let numbers: [Float] =
        if inputs[1].dtype == .int64 {
          inputs[1].integers?.map { Float($0) } ?? []
        } else {
          inputs[1].doubles?.map { Float($0) } ?? []
        }
      var writer = MessageWriter()
      for (tag, number) in zip(tags, numbers) {
        writer.summaryValue(tag: tag) { $0.float(2, number) }
      }
      return writer.bytes
    }
  }

  /// How many of the values lie in each of many ranges.
  public enum HistogramSummary: SummaryOp {
    public static let signature = Signature(
      ["tag: string", "values: T"], gives: ["summary: string"],
      [.type("T", .reals, default: .float32)])
    public static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [UInt8]
    {
      let tag = try scalarString(inputs[0], "the tag")
      var histogram = Histogram()
      for value in inputs[1].doubles ?? [] {
        guard value.isFinite else {
          throw GraphError(
            "the values of the histogram \"\(String(decoding: tag, as: UTF8.self))\" hold "
              + (value.isNaN ? "a NaN" : "an infinity"))
        }
        histogram.add(value)
      }
      var writer = MessageWriter()
      writer.summaryValue(tag: tag) { $0.message(5, histogram.write) }
      return writer.bytes
    }
  }

  /// The values of several summaries in one.
  public enum MergeSummary: SummaryOp {
    public static let signature = Signature(
      ["inputs: N * string"], gives: ["summary: string"], [.int("N")])
    public static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [UInt8]
    {
      var writer = MessageWriter()
      var tags = Set<ArraySlice<UInt8>>()
      for (position, input) in inputs.enumerated() {
        for bytes in (try? input.strings()) ?? [] {
          guard let summary = MessageFields(bytes[...]) else { throw notASummary(position) }
          for case let content? in summary.fields.filter({ $0.number == 1 }).map(\.content) {
            guard let value = MessageFields(content) else { throw notASummary(position) }
            let tag = value.fields.last { $0.number == 1 }?.content ?? []
            // TensorSummary knows no tag.
            if !tag.isEmpty, !tags.insert(tag).inserted {
              throw GraphError(
                "two of the summaries have the tag \"\(String(decoding: tag, as: UTF8.self))\"; "
                  + "give one of them another name")
            }
            writer.string(1, content)
          }
        }
      }
      return writer.bytes
    }

    private static func notASummary(_ position: Int) -> GraphError {
      GraphError("input \(position) is not a serialized Summary")
    }
  }
}
