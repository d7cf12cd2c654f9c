import GraphCore
import TensorCore

/// An op that combines all elements up to each along an axis.
public protocol CumulativeOp: KernelOp {
  /// Whether they are multiplied.
  static var isProduct: Bool { get }
}

extension CumulativeOp {
  /// Of these the kernel is made.
  public static var staticInputs: [Int] { [1] }
  /// A tensor and an axis.
  public static var signature: Signature {
    Signature(
      ["x: T", "axis: Tidx scalar"], gives: ["out: T"],
      [
        .flag("exclusive"), .flag("reverse"), .type("T", .reals),
        .type("Tidx", .indices, default: .int32),
      ])
  }
  /// The input's.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    if let rank = node.input(0).shape.rank, let axis = node.sizes(1)?.known?.first,
      axis < -rank || axis >= rank
    {
      throw GraphError.atRun("axis \(axis) is out of range for rank \(rank)")
    }
    return [node.input(0).shape]
  }
  /// Cumulation along the axis.
  public static func kernel(of node: Node) -> KernelSpecification {
    guard let rank = node.input(0).shape.rank, let stated = node.sizes(1)?.known,
      let axis = (try? normalized(axes: stated, rank: rank))?.first
    else { preconditionFailure("\(node) has an unknown axis") }
    return .named(
      .cumulate(
        axis: axis, exclusive: node[AttributeKey<Bool>("exclusive")],
        reverse: node[AttributeKey<Bool>("reverse")], isProduct: isProduct))
  }
}

extension Ops {
  /// Sums of all elements up to each.
  public enum Cumsum: CumulativeOp {
    public static let isProduct = false
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([upstream[0].map { opposite($0, node) }, nil]) }
  }

  /// Products of all elements up to each.
  public enum Cumprod: CumulativeOp {
    public static let isProduct = true
    /// As TensorFlow's: 0 where an element is 0.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { divNoNan(opposite(node.output(0) * $0, node), node.input(0)) }, nil,
      ])
    }
  }

  /// The sum in the other direction.
  private static func opposite(_ dy: Tensor, _ node: Node) -> Tensor {
    dy.apply(
      Cumsum.self, [node.input(1)],
      [
        "exclusive": node.attributes["exclusive"] ?? .bool(false),
        "reverse": .bool(!node[AttributeKey<Bool>("reverse")]),
      ])
  }
}

/// Sums of all elements up to each along an axis, TensorFlow's `tf.cumsum`.
public func cumsum(
  _ x: Tensor, axis: Int = 0, exclusive: Bool = false, reverse: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "Cumsum", at: SourceSite(file, line)) { scope in
    x.apply(
      Ops.Cumsum.self, [x.graph.constant(axis, .int32, name: "axis")], name: scope,
      ["exclusive": .bool(exclusive), "reverse": .bool(reverse)])
  }
}
