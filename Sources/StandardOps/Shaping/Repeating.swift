import GraphCore
import TensorCore

extension Ops {
  /// The whole input repeated `multiples[i]` times along axis i.
  public enum Tile: CompositeOp, MovingOp {
    public static let signature = Signature(
      ["input: T", "multiples: Tmultiples vector"], gives: ["output: T"],
      [.type("T"), .type("Tmultiples", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let shape = node.input(0).shape
      let count = node.input(1).shape[0]
      guard let rank = shape.rank ?? count else { return [.unknown] }
      guard (count ?? rank) == rank else {
        throw GraphError(
          "a multiple for each axis of \(shape) is expected, found shape \(node.input(1).shape)")
      }
      guard let multiples = node.sizes(1)?.elements else { return [.ofRank(rank)] }
      guard multiples.allSatisfy({ ($0 ?? 0) >= 0 }) else {
        throw GraphError.atRun("multiples must not be negative")
      }
      return [
        PartialShape(
          multiples.enumerated().map { axis, times in
            times.flatMap { times in shape[axis].map { [$0, times].sizeProduct } }
          })
      ]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      guard let input = node.input(0).shape.fullyDefined,
        let output = node.output(0).shape.fullyDefined, let multiples = node.sizes(1)?.known
      else { preconditionFailure("\(node) is expanded before its shapes are known") }
      // An axis of size d becomes one of 1 and one of d, of which the first is then repeated.
      let apart = zip(multiples, input.dimensions)
      let single = reshape(node.input(0), to: apart.flatMap { [1, $1] })
      let wide = node.graph.constant(apart.flatMap { [$0, $1] }, .int32)
      return [reshape(broadcast(single, to: wide), to: output.dimensions)]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil]) }
      guard let rank = node.input(0).shape.rank ?? node.input(1).shape[0] else {
        let graph = context.graph
        let rows = stack([cast(node.input(1), .int32), shapeTensor(of: node.input(0))])
        let apart = reshape(transpose(rows, permutation: [1, 0]), to: [-1])
        let copies = range(graph.constant(0, .int32), size(of: apart), graph.constant(2, .int32))
        return .dense([reshape(dy, to: apart).apply(Sum.self, [copies]), nil])
      }
      // Copies lie along axes of their own once multiples and sizes take turns; those are summed.
      let even = context.graph.constant((0..<rank).map { 2 * $0 }, .int32)
      let odd = context.graph.constant((0..<rank).map { 2 * $0 + 1 }, .int32)
      let sizes = [cast(node.input(1), .int32), shapeTensor(of: node.input(0))]
      let apart = reshape(dy, to: dynamicStitch([even, odd], sizes))
      return .dense([reduceSum(apart, axes: (0..<rank).map { 2 * $0 }), nil])
    }
  }

  /// The input with its elements in reverse order along axes.
  public enum ReverseV2: ViewOp {
    public static let signature = Signature(
      ["tensor: T", "axis: Tidx vector"], gives: ["output: T"],
      [.type("Tidx", .indices, default: .int32), .type("T", .dense)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      if let rank = node.input(0).shape.rank, let axes = node.sizes(1)?.known {
        _ = try normalized(axes: axes, rank: rank)
      }
      return [node.input(0).shape]
    }

    public static func view(of node: Node) -> View? {
      guard let shape = node.output(0).shape.fullyDefined,
        let named = node.sizes(1)?.known,
        let axes = try? normalized(axes: named, rank: shape.rank)
      else { return nil }
      let indices = (0..<shape.rank).map { axis in
        axes.contains(axis)
          ? AffineIndex(along: axis, rank: shape.rank, offset: shape[axis] - 1, step: -1)
          : AffineIndex(along: axis, rank: shape.rank)
      }
      return ViewPiece.whole(shape, of: 0, indices)
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([upstream[0].map { $0.apply(ReverseV2.self, [node.input(1)]) }, nil])
    }
  }
}

/// The whole tensor repeated `multiples[i]` times along axis i.
public func tile(
  _ x: Tensor, _ multiples: [Int], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "Tile", at: SourceSite(file, line)) { scope in
    let multiples = x.graph.constant(multiples, .int32, name: "multiples")
    return x.apply(Ops.Tile.self, [multiples], name: scope)
  }
}

/// The whole tensor repeated along each axis as often as a vector says.
public func tile(
  _ x: Tensor, _ multiples: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor { x.apply(Ops.Tile.self, [multiples], name: name, site: SourceSite(file, line)) }

/// The tensor with its elements in reverse order along the given axes.
public func reverse(
  _ x: Tensor, axes: [Int], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "ReverseV2", at: SourceSite(file, line)) { scope in
    let axes = x.graph.constant(axes, .int32, name: "axis")
    return x.apply(Ops.ReverseV2.self, [axes], name: scope)
  }
}
