import GraphCore
import TensorCore

extension Ops {
  /// The box that starts at `begin` and has the given size; −1 means up to the end.
  public enum Slice: ViewOp {
    public static let signature = Signature(
      ["input: T", "begin: Index vector", "size: Index vector"], gives: ["output: T"],
      [.type("T"), .type("Index", .indices)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (begin, size) = (node.sizes(1)?.elements, node.sizes(2)?.elements)
      let rank =
        node.input(0).shape.rank ?? node.input(1).shape[0] ?? node.input(2).shape[0]
      guard let rank else { return [.unknown] }
      for index in 1...2 where (node.input(index).shape[0] ?? rank) != rank {
        throw GraphError(
          "begin and size must have \(rank) elements, one for each axis of "
            + "\(node.input(0).shape)")
      }
      for case let vector? in [begin, size] where vector.count != rank {
        throw GraphError("begin and size must be vectors of \(rank) elements")
      }
      var result: [Int?] = []
      for axis in 0..<rank {
        let (start, count) = (begin?[axis], size?[axis])
        let limit = node.input(0).shape[axis]
        if let start, start < 0 || start > limit ?? start {
          throw GraphError.atRun(
            "begin \(start) is outside axis \(axis) of \(node.input(0).shape)")
        }
        guard let count else {
          result.append(nil)
          continue
        }
        guard count >= -1 else { throw GraphError("size \(count) of axis \(axis) is negative") }
        if count == -1 {
          result.append(start.flatMap { start in limit.map { $0 - start } })
        } else {
          if let start, let limit, start + count > limit {
            throw GraphError.atRun(
              "\(count) elements from \(start) reach beyond axis \(axis) of "
                + "\(node.input(0).shape)")
          }
          result.append(count)
        }
      }
      return [PartialShape(result)]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let value = node.partialValue(0), !value.isScalar,
        let begin = node.sizes(1)?.known?.first,
        let size = node.output(0).shape[0], begin >= 0, begin + size <= value.elements.count
      else { return [nil] }
      return [PartialValue(vector: Array(value.elements[begin..<(begin + size)]))]
    }

    public static func view(of node: Node) -> View? {
      guard let output = node.output(0).shape.fullyDefined,
        let begin = node.sizes(1)?.known
      else { return nil }
      let axes = begin.enumerated().map {
        AffineIndex(along: $0, rank: output.rank, offset: $1)
      }
      return ViewPiece.whole(output, of: 0, axes)
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
      // Unlike Pad, whose paddings are a matrix, this takes vectors, which shapes can follow.
      let begin = node.input(1)
      let shape = cast(shapeTensor(of: node.input(0)), begin.dtype)
      let end = begin + cast(shapeTensor(of: node.output(0)), begin.dtype)
      let dx = context.graph.add(
        StridedSliceGrad.self, [shape, begin, end, onesLike(begin), dy]
      ).output(0)
      return .dense([dx, nil, nil])
    }
  }
}

/// The box of a tensor that starts at `begin` and has the given size; −1 means up to the end.
public func slice(
  _ x: Tensor, begin: [Int], size: [Int], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name ?? "Slice", at: SourceSite(file, line)) { scope in
    let begin = x.graph.constant(begin, .int32, name: "begin")
    let size = x.graph.constant(size, .int32, name: "size")
    return x.apply(Ops.Slice.self, [begin, size], name: scope)
  }
}

/// The box of a tensor that starts at `begin` and has the given size, both themselves tensors.
public func slice(
  _ x: Tensor, begin: Tensor, size: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor { x.apply(Ops.Slice.self, [begin, size], name: name, site: SourceSite(file, line)) }
