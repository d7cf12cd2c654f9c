import GraphCore
import TensorCore

extension Ops {
  /// The elements near the main diagonal, zeros elsewhere.
  public enum MatrixBandPart: ElementwiseOp {
    public static let signature = Signature(
      ["input: T", "num_lower: Tindex scalar", "num_upper: Tindex scalar"], gives: ["band: T"],
      [.type("T", .dense), .type("Tindex", .indices, default: .int64)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let matrices = node.input(0).shape
      guard let rank = matrices.rank else { return [.unknown] }
      guard rank >= 2 else { throw GraphError("matrices are expected, found shape \(matrices)") }
      for (input, what) in [(1, "num_lower"), (2, "num_upper")] {
        guard let size = matrices[rank - 3 + input], let kept = node.sizes(input)?.known?.first,
          kept > size
        else { continue }
        throw GraphError("\(what) must be at most \(size), found \(kept)")
      }
      return [matrices]
    }
    public static func axes(ofInput index: Int, of node: Node) -> [Int]? { index == 0 ? nil : [] }
    public static func body(_ x: ElementContext) -> Element {
      let rank = x.node.output(0).shape.rank ?? 2
      let below = x.coordinate(along: rank - 2) - x.coordinate(along: rank - 1)
      let (lower, upper) = (x[1].cast(to: .int64), x[2].cast(to: .int64))
      let zero = below.constant(0)
      let isInside = ((lower < zero) | (below <= lower)) & ((upper < zero) | (-below <= upper))
      return select(isInside, x[0], x.constant(0))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { $0.apply(MatrixBandPart.self, [node.input(1), node.input(2)]) }, nil,
        nil,
      ])
    }
  }
}
