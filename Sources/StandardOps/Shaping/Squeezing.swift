import GraphCore
import TensorCore

extension Ops {
  /// The input without dimensions of size 1: those that are named, or all of them.
  public enum Squeeze: ViewOp {
    /// The axes to drop; empty for every axis of size 1.
    public static let axes = AttributeKey<[Int]>("squeeze_dims")
    public static let signature = Signature(
      ["input: T"], gives: ["output: T"],
      [.type("T"), .value("squeeze_dims", .listOfInt, default: .list([]))])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions else { return [.unknown] }
      var dropped = Set<Int>()
      if node[axes].isEmpty {
        // A size that is not known yet may turn out to be 1.
        guard !sizes.contains(nil) else { return [.unknown] }
        dropped = Set(sizes.indices.filter { sizes[$0] == 1 })
      } else {
        for axis in node[axes] {
          guard axis >= -sizes.count, axis < sizes.count else {
            throw GraphError("axis \(axis) is out of range for rank \(sizes.count)")
          }
          let positive = axis < 0 ? axis + sizes.count : axis
          guard (sizes[positive] ?? 1) == 1 else {
            throw GraphError(
              "only a dimension of size 1 can go, found \(PartialShape(sizes)) at axis \(axis)")
          }
          dropped.insert(positive)
        }
      }
      return [PartialShape(sizes.indices.filter { !dropped.contains($0) }.map { sizes[$0] })]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let value = node.partialValue(0), let rank = node.output(0).shape.rank else {
        return [nil]
      }
      return [rank == 0 ? PartialValue(scalar: value.elements[0]) : value]
    }

    public static func view(of node: Node) -> View? { .reshape }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([upstream[0].map { reshape($0, to: shapeTensor(of: node.input(0))) }])
    }
  }
}

/// The tensor without dimensions of size 1: those at `axes`, or all of them by default.
public func squeeze(
  _ x: Tensor, axes: [Int] = [], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  x.apply(
    Ops.Squeeze.self, name: name, ["squeeze_dims": axes.attribute], site: SourceSite(file, line))
}
