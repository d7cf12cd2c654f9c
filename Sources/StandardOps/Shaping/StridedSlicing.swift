import GraphCore
import TensorCore

extension Ops {
  /// Python's indexing: ranges with strides, indices that drop their axis, new axes, an ellipsis.
  public enum StridedSlice: ViewOp {
    static let masks: [Signature.AttributeDefinition] = [
      .int("begin_mask", default: 0), .int("end_mask", default: 0),
      .int("ellipsis_mask", default: 0), .int("new_axis_mask", default: 0),
      .int("shrink_axis_mask", default: 0),
    ]
    public static let signature = Signature(
      ["input: T", "begin: Index vector", "end: Index vector", "strides: Index vector"],
      gives: ["output: T"],
      [.type("T"), .type("Index", .indices)] + masks)

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions,
        let bounds = try StridedSliceBounds(of: node, input: sizes, first: 1)
      else { return [.unknown] }
      return [bounds.shape]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let value = node.partialValue(0), !value.isScalar,
        let bounds = try? StridedSliceBounds(of: node, input: [value.elements.count], first: 1),
        bounds.isKnown, bounds.outputAxes.count <= 1, let start = bounds.axes[0].start,
        let step = bounds.axes[0].step, let count = bounds.axes[0].count
      else { return [nil] }
      let taken = (0..<count).map { value.elements[start + $0 * step] }
      return [
        bounds.outputAxes.isEmpty ? PartialValue(scalar: taken[0]) : PartialValue(vector: taken)
      ]
    }

    public static func view(of node: Node) -> View? {
      guard let output = node.output(0).shape.fullyDefined,
        let sizes = node.input(0).shape.dimensions,
        let bounds = try? StridedSliceBounds(of: node, input: sizes, first: 1), bounds.isKnown
      else { return nil }
      let axes = bounds.axes.enumerated().map { number, axis in
        AffineIndex(
          along: bounds.outputAxes.firstIndex(of: number), rank: output.rank,
          offset: axis.start ?? 0, step: axis.step ?? 1)
      }
      return ViewPiece.whole(output, of: 0, axes)
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil, nil, nil]) }
      let index = node.input(1).dtype
      let shape = cast(shapeTensor(of: node.input(0)), index)
      let dx = context.graph.add(
        StridedSliceGrad.self,
        [shape, node.input(1), node.input(2), node.input(3), dy], maskAttributes(of: node)
      ).output(0)
      return .dense([dx, nil, nil, nil])
    }

    /// The masks of one node for another.
    static func maskAttributes(of node: Node) -> [String: Attribute] {
      node.attributes.filter { $0.key.hasSuffix("_mask") }
    }
  }

  /// Zeros of a shape, with `dy` where a strided slice of it would be.
  public enum StridedSliceGrad: CompositeOp {
    public static let staticInputs = [0, 1, 2, 3]
    public static let signature = Signature(
      [
        "shape: Index vector", "begin: Index vector", "end: Index vector", "strides: Index vector",
        "dy: T",
      ],
      gives: ["output: T"], [.type("T"), .type("Index", .indices)] + StridedSlice.masks)

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let shape = try node.sizes(0)?.asSizes() else {
        return [node.input(0).shape[0].map { .ofRank($0) } ?? .unknown]
      }
      guard let sizes = shape.dimensions,
        let bounds = try StridedSliceBounds(of: node, input: sizes, first: 1)
      else { return [shape] }
      guard bounds.shape.isCompatible(with: node.input(4).shape) else {
        throw GraphError("dy must have shape \(bounds.shape), found \(node.input(4).shape)")
      }
      return [shape]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      guard let shape = node.output(0).shape.fullyDefined,
        let bounds = try? StridedSliceBounds(of: node, input: shape.dimensions, first: 1),
        bounds.isKnown
      else { preconditionFailure("\(node) is expanded before its bounds are known") }
      return [scatter(node.input(4), bounds, into: shape)]
    }

    /// Brings dropped axes back, turns backward ones round, spreads strided ones, and pads.
    private static func scatter(
      _ dy: Tensor, _ bounds: StridedSliceBounds, into shape: TensorCore.Shape
    ) -> Tensor {
      var starts = bounds.axes.map { $0.start ?? 0 }
      var counts = bounds.axes.map { $0.count ?? 0 }
      var result = reshape(dy, to: counts)
      var backward: [Int] = []
      for (axis, bound) in bounds.axes.enumerated() {
        let step = bound.step ?? 1
        if counts[axis] == 0 { starts[axis] = 0 }
        guard counts[axis] > 0, step < 0 else { continue }
        backward.append(axis)
        starts[axis] += (counts[axis] - 1) * step
      }
      if !backward.isEmpty { result = reverse(result, axes: backward) }
      for (axis, bound) in bounds.axes.enumerated() {
        let step = abs(bound.step ?? 1)
        guard step > 1, counts[axis] > 1 else { continue }
        // n rows become n groups of a row and step − 1 rows of zeros, the last cut to its row.
        result = expandDimensions(result, axis: axis + 1)
        var paddings = [[Int]](repeating: [0, 0], count: shape.rank + 1)
        paddings[axis + 1] = [0, step - 1]
        result = pad(result, paddings)
        let spread = counts[axis] * step
        counts[axis] = spread
        result = reshape(result, to: counts)
        counts[axis] = spread - (step - 1)
        result = slice(result, begin: counts.map { _ in 0 }, size: counts)
      }
      return pad(
        result,
        shape.dimensions.indices.map { [starts[$0], shape[$0] - starts[$0] - counts[$0]] })
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let ddy = upstream[0].map {
        $0.apply(
          StridedSlice.self, [node.input(1), node.input(2), node.input(3)],
          StridedSlice.maskAttributes(of: node))
      }
      return .dense([nil, nil, nil, nil, ddy])
    }
  }
}
