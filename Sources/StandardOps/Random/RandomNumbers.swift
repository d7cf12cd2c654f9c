import GraphCore
import TensorCore

/// An op that draws a tensor of a given shape from a distribution.
///
/// Its stream belongs to session and node, and its seeds are attributes; where both are 0 the session
/// chooses a stream, another for each node.
public protocol RandomOp: KernelOp {
  /// What the elements are drawn from.
  static var distribution: RandomDistribution { get }
}

extension RandomOp {
  /// A shape in, numbers of a floating-point type out.
  public static var signature: Signature {
    Signature(
      ["shape: T vector"], gives: ["output: dtype"],
      [
        .seed("seed"), .seed("seed2"),
        .type("dtype", [.float32, .float64]), .type("T", .indices),
      ])
  }
  /// Two equal nodes draw different numbers.
  public static var effects: Effects { .random }
  /// The shape that the first input holds.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    if let known = node.sizes(0) { return [try known.asSizes()] }
    return [node.input(0).shape[0].map { .ofRank($0) } ?? .unknown]
  }
  /// A fill from the node's stream.
  public static func kernel(of node: Node) -> KernelSpecification {
    let seed = node[AttributeKey<Int>("seed")]
    let seed2 = node[AttributeKey<Int>("seed2")]
    return .named(
      .random(
        distribution, seed: UInt64(bitPattern: Int64(seed)),
        seed2: UInt64(bitPattern: Int64(seed2))))
  }
  /// Random numbers depend on nothing.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("random numbers do not depend on what they are drawn with") }
}

extension Ops {
  /// Numbers in [0, 1).
  public enum RandomUniform: RandomOp {
    public static let distribution = RandomDistribution.uniform
  }

  /// Integers in [minval, maxval).
  public enum RandomUniformInt: RandomOp {
    public static let distribution = RandomDistribution.uniformInteger
    public static let signature = Signature(
      ["shape: T vector", "minval: Tout scalar", "maxval: Tout scalar"], gives: ["output: Tout"],
      [
        .seed("seed"), .seed("seed2"), .type("Tout", .indices),
        .type("T", .indices),
      ])
  }

  /// Normal numbers of mean 0 and deviation 1.
  public enum RandomStandardNormal: RandomOp {
    public static let distribution = RandomDistribution.normal
  }

  /// Normal numbers, drawn again while two deviations or more from the mean.
  public enum TruncatedNormal: RandomOp {
    public static let distribution = RandomDistribution.truncatedNormal
  }
}
