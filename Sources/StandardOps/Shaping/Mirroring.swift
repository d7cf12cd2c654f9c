import GraphCore
import TensorCore

extension Ops {
  /// The tensor surrounded by its own elements, mirrored at its edges or just inside of them.
  public enum MirrorPad: ViewOp {
    /// `REFLECT`, without the edge itself, or `SYMMETRIC`, with it.
    public static let mode = AttributeKey<String>("mode")
    static let attributes: [Signature.AttributeDefinition] = [
      .type("T"), .type("Tpaddings", .indices, default: .int32), .string("mode"),
    ]
    public static let signature = Signature(
      ["input: T", "paddings: Tpaddings matrix"], gives: ["output: T"], attributes)

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let edge = try edge(of: node)
      guard let paddings = try checkedPaddings(node) else { return [paddedShape(node)] }
      var sizes: [Int?] = []
      for (axis, around) in paddings.enumerated() {
        let size = node.input(0).shape[axis]
        if let size, max(around.before, around.after) > max(size - edge, 0) {
          throw GraphError.atRun(
            "paddings of \(around.before) and \(around.after) are too many to mirror axis \(axis) of "
              + "size \(size)")
        }
        sizes.append(size.map { $0 + around.before + around.after })
      }
      return [PartialShape(sizes)]
    }

    public static func view(of node: Node) -> View? {
      guard let input = node.input(0).shape.fullyDefined,
        let paddings = (try? checkedPaddings(node)) ?? nil, let edge = try? edge(of: node),
        paddings.count == input.rank
      else { return nil }
      let rank = input.rank
      var pieces = [(lower: [Int](), extents: [Int](), axes: [AffineIndex]())]
      for (axis, around) in paddings.enumerated() {
        let size = input[axis]
        let parts: [(Int, Int, AffineIndex)] = [
          (0, around.before, mirrored(axis, rank, from: around.before - 1 + edge)),
          (around.before, size, AffineIndex(along: axis, rank: rank)),
          (around.before + size, around.after, mirrored(axis, rank, from: size - 1 - edge)),
        ]
        pieces = pieces.flatMap { piece in
          parts.filter { $0.1 > 0 }.map { start, count, index in
            (piece.lower + [start], piece.extents + [count], piece.axes + [index])
          }
        }
      }
      return .pieces(
        pieces.map {
          ViewPiece(lower: $0.lower, extents: $0.extents, source: .input(0, $0.axes))
        })
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let mode = ["mode": node[mode].attribute]
      return .dense([upstream[0].map { $0.apply(MirrorPadGrad.self, [node.input(1)], mode) }, nil])
    }

    private static func mirrored(_ axis: Int, _ rank: Int, from start: Int) -> AffineIndex {
      AffineIndex(along: axis, rank: rank, offset: start, step: -1)
    }

    /// 1 where the edge itself is not repeated.
    static func edge(of node: Node) throws(GraphError) -> Int {
      switch node[mode] {
      case "REFLECT": return 1
      case "SYMMETRIC": return 0
      default: throw GraphError("mode must be REFLECT or SYMMETRIC, found \(node[mode])")
      }
    }
  }

  /// Adds the gradients of mirrored elements to those that they mirror.
  public enum MirrorPadGrad: CompositeOp {
    public static let staticInputs = [1]
    public static let signature = Signature(
      ["input: T", "paddings: Tpaddings matrix"], gives: ["output: T"], MirrorPad.attributes)

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let edge = try MirrorPad.edge(of: node)
      guard let paddings = try checkedPaddings(node) else { return [paddedShape(node)] }
      var sizes: [Int?] = []
      for (axis, around) in paddings.enumerated() {
        let size = node.input(0).shape[axis].map { $0 - around.before - around.after }
        if let size, size < 0 || max(around.before, around.after) > max(size - edge, 0) {
          throw GraphError.atRun(
            "paddings of \(around.before) and \(around.after) do not mirror what axis \(axis) of "
              + "\(node.input(0).shape) is without them")
        }
        sizes.append(size)
      }
      return [PartialShape(sizes)]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      var gradient = node.input(0)
      let paddings = (try? checkedPaddings(node)) ?? []
      let edge = (try? MirrorPad.edge(of: node)) ?? 0
      for (axis, around) in paddings.enumerated() where around.before + around.after > 0 {
        let sizes = gradient.shape.fullyDefined?.dimensions ?? []
        let count = sizes[axis] - around.before - around.after
        func part(_ start: Int, _ size: Int) -> Tensor {
          var (begin, extent) = ([Int](repeating: 0, count: sizes.count), sizes)
          (begin[axis], extent[axis]) = (start, size)
          return slice(gradient, begin: begin, size: extent)
        }
        func placed(_ mirrored: Tensor, _ size: Int, at start: Int) -> Tensor {
          var paddings = [[Int]](repeating: [0, 0], count: sizes.count)
          paddings[axis] = [start, count - size - start]
          return pad(reverse(mirrored, axes: [axis]), paddings)
        }
        var sum = part(around.before, count)
        if around.before > 0 {
          sum = sum + placed(part(0, around.before), around.before, at: edge)
        }
        if around.after > 0 {
          let tail = part(around.before + count, around.after)
          sum = sum + placed(tail, around.after, at: count - around.after - edge)
        }
        gradient = sum
      }
      return [gradient]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let mode = ["mode": node[MirrorPad.mode].attribute]
      return .dense([upstream[0].map { $0.apply(MirrorPad.self, [node.input(1)], mode) }, nil])
    }
  }
}
