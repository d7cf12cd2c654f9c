import GraphCore
import TensorCore

extension Ops {
  /// The input with its dimensions in another order: output axis i is input axis perm[i].
  public enum Transpose: ViewOp {
    public static let signature = Signature(
      ["x: T", "perm: Tperm vector"], gives: ["y: T"],
      [.type("T"), .type("Tperm", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let sizes = node.input(0).shape.dimensions
      if let rank = sizes?.count, let length = node.input(1).shape[0], rank != length {
        throw GraphError("a permutation of \(rank) axes is expected, found \(length)")
      }
      guard let order = node.sizes(1)?.known else {
        return [(sizes?.count ?? node.input(1).shape[0]).map { .ofRank($0) } ?? .unknown]
      }
      let axes = try permutation(order)
      return [sizes.map { sizes in PartialShape(axes.map { sizes[$0] }) } ?? .ofRank(axes.count)]
    }

    public static func view(of node: Node) -> View? {
      guard let output = node.output(0).shape.fullyDefined,
        let order = node.sizes(1)?.known, let axes = try? permutation(order)
      else { return nil }
      let inputs = axes.indices.map { axis in
        AffineIndex(along: axes.firstIndex(of: axis), rank: output.rank)
      }
      return ViewPiece.whole(output, of: 0, inputs)
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map {
          $0.apply(Transpose.self, [node.input(1).apply(InvertPermutation.self)])
        }, nil,
      ])
    }
  }
}

/// The tensor with its dimensions in another order (reversed by default): output axis i is input axis
/// `permutation[i]`.
public func transpose(
  _ x: Tensor, permutation: [Int]? = nil, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "transpose", at: SourceSite(file, line)) { scope in
    let order: Tensor
    if let permutation {
      // The gradient inverts it, where axes counted from the end are an error.
      let axes = permutation.map { $0 < 0 ? $0 + permutation.count : $0 }
      order = x.graph.constant(axes, .int32, name: "perm")
    } else if let rank = x.shape.rank {
      order = x.graph.constant(Array((0..<rank).reversed()), .int32, name: "perm")
    } else {
      let last = x.apply(Ops.Rank.self) - 1
      order = range(last, x.graph.constant(-1), x.graph.constant(-1))
    }
    return x.apply(Ops.Transpose.self, [order], name: scope)
  }
}
