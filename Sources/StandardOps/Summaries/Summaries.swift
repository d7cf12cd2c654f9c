import GraphCore
import TensorCore

/// Builders of summaries, under TensorFlow 1's names: `tf.summary.scalar` and its like.
///
/// Each gives a scalar of `string` that a `FileWriter` takes, tagged with the full name of its node, and
/// adds it to the collection `summaries`.
public enum Summaries {
  /// One number.
  ///
  /// - Parameters:
  ///   - family: a first part of the tag, under which TensorBoard shows several summaries together.
  ///   - collections: where the summary is added.
  @discardableResult
  public static func scalar(
    _ name: String, _ tensor: Tensor, family: String? = nil,
    collections: [CollectionKey] = [.summaries], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let site = SourceSite(file, line)
    if let rank = tensor.shape.rank, rank != 0, !tensor.isPoison {
      return tensor.graph.mistake(
        "one number is expected; reduce the tensor, or use a histogram", op: "ScalarSummary",
        name: name, site: site, beside: [tensor])
    }
    return summary(
      Ops.ScalarSummary.self, name, family, tensor, tagName: "tags", collections, site)
  }

  /// The distribution of a tensor's elements.
  @discardableResult
  public static func histogram(
    _ name: String, _ values: Tensor, family: String? = nil,
    collections: [CollectionKey] = [.summaries], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    summary(
      Ops.HistogramSummary.self, name, family, values, tagName: "tag", collections,
      SourceSite(file, line))
  }

  /// The first images of a batch of shape `[batch, height, width, channels]`.
  @discardableResult
  public static func image(
    _ name: String, _ tensor: Tensor, maxOutputs: Int = 3, family: String? = nil,
    collections: [CollectionKey] = [.summaries], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    summary(
      Ops.ImageSummary.self, name, family, tensor, tagName: "tag", collections,
      SourceSite(file, line), ["max_images": .int(maxOutputs)])
  }

  /// The first sounds of a batch of shape `[batch, frames]` or `[batch, frames, channels]`, from −1 to 1.
  @discardableResult
  public static func audio(
    _ name: String, _ tensor: Tensor, sampleRate: Double, maxOutputs: Int = 3,
    family: String? = nil, collections: [CollectionKey] = [.summaries],
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    summary(
      Ops.AudioSummaryV2.self, name, family, tensor, tagName: "tag", collections,
      SourceSite(file, line), ["max_outputs": .int(maxOutputs)]
    ) { [$0.constant(sampleRate, .float32, name: "sample_rate")] }
  }

  /// Several summaries in one.
  public static func merge(
    _ summaries: [Tensor], name: String? = nil, collections: [CollectionKey] = [],
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor? {
    guard let first = summaries.first else { return nil }
    let graph = first.graph
    let name = name.map(clean)
    return graph.composed(name ?? "Merge", at: SourceSite(file, line)) { _ in
      let merged = first.apply(
        Ops.MergeSummary.self, Array(summaries.dropFirst()), name: name ?? "MergeSummary")
      for key in collections { graph.add(merged, to: key) }
      return merged
    }
  }

  /// All summaries of a collection in one; nil if there are none.
  public static func mergeAll(
    _ graph: Graph, key: CollectionKey = .summaries, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor? {
    let summaries = graph.items(in: key).compactMap { item -> Tensor? in
      switch item {
      case .tensor(let tensor): tensor
      case .operation(let node): node.outputs.first
      default: nil
      }
    }
    return merge(summaries, name: name, file: file, line: line)
  }

  private static func summary(
    _ op: any Op.Type, _ name: String, _ family: String?, _ tensor: Tensor, tagName: String,
    _ collections: [CollectionKey], _ site: SourceSite, _ attributes: [String: Attribute] = [:],
    others: (Graph) -> [Tensor] = { _ in [] }
  ) -> Tensor {
    let graph = tensor.graph
    let family = family.map(clean)
    let base = family.map { $0 + "/" + clean(name) } ?? clean(name)
    return graph.composed(base, at: site) { scope in
      let path = String(scope.dropLast())
      let tag = graph.constant(family.map { $0 + "/" + path } ?? path, name: tagName)
      let summary = graph.add(op, [tag, tensor] + others(graph), name: scope, attributes)
        .output(0)
      for key in collections { graph.add(summary, to: key) }
      return summary
    }
  }

  /// The name with what TensorFlow allows in none replaced.
  private static func clean(_ name: String) -> String {
    let allowed = name.unicodeScalars.map { scalar -> Character in
      let isAllowed =
        scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "-/_.".unicodeScalars.contains(scalar)
      return isAllowed ? Character(scalar) : "_"
    }
    return String(allowed.drop { $0 == "/" })
  }
}
