import GraphCore
import TensorCore

extension Ops {
  /// The values one after another along an axis.
  public enum ConcatV2: ViewOp {
    public static let signature = Signature(
      ["values: N * T", "axis: Tidx scalar"], gives: ["output: T"],
      [.int("N"), .type("T"), .type("Tidx", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try concatenated(Array(node.inputs.dropLast()), axis: node.inputs[node.inputs.count - 1])
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      let values = node.inputs.dropLast().map(\.partialValue)
      guard node.output(0).shape.rank == 1, !values.contains(nil) else { return [nil] }
      return [PartialValue(vector: values.flatMap { $0?.elements ?? [] })]
    }

    public static func view(of node: Node) -> View? {
      joined(node, 0..<(node.inputs.count - 1), axis: node.inputs[node.inputs.count - 1])
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let axis = node.inputs[node.inputs.count - 1]
      return .dense(parts(of: upstream[0], Array(node.inputs.dropLast()), axis) + [nil])
    }
  }

  /// The values one after another along an axis, which TensorFlow's first version took first.
  public enum Concat: ViewOp {
    public static let signature = Signature(
      ["concat_dim: int32 scalar", "values: N * T"], gives: ["output: T"], [.int("N"), .type("T")])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try concatenated(Array(node.inputs.dropFirst()), axis: node.input(0))
    }

    public static func view(of node: Node) -> View? {
      joined(node, 1..<node.inputs.count, axis: node.input(0))
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([nil] + parts(of: upstream[0], Array(node.inputs.dropFirst()), node.input(0)))
    }
  }

  /// Where each of several tensors begins in their concatenation, from their shapes.
  public enum ConcatOffset: ShapeOp {
    public static let signature = Signature(
      ["concat_dim: int32 scalar", "shape: N * shape_type vector"],
      gives: ["offset: N * shape_type"],
      [.int("N"), .type("shape_type", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      node.inputs.dropFirst().map(\.shape)
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      let shapes = node.inputs.dropFirst().map(\.partialValue)
      guard let axis = node.partialValue(0)?.known?.first,
        let rank = node.input(1).shape[0], axis >= -rank, axis < rank
      else { return shapes.map { _ in nil } }
      let positive = axis < 0 ? axis + rank : axis
      var next: Int? = 0
      return shapes.map { shape in
        var offset = [Int?](repeating: 0, count: rank)
        offset[positive] = next
        let size = shape.flatMap { $0.elements.count == rank ? $0.elements[positive] : nil }
        next = next.flatMap { start in size.map { start &+ $0 } }
        return PartialValue(vector: offset)
      }
    }
  }

  private static func concatenated(_ values: [Tensor], axis: Tensor) throws(GraphError)
    -> [PartialShape]
  {
    guard let witness = values.first(where: { $0.shape.rank != nil }),
      let rank = witness.shape.rank
    else { return [.unknown] }
    guard rank > 0 else {
      throw GraphError(
        "scalars cannot be joined; stack them", notes: [Graph.note("value", witness)])
    }
    guard let axis = axis.partialValue?.known?.first else { return [.ofRank(rank)] }
    let positive = try normalized(axes: [axis], rank: rank)[0]
    var result = PartialShape.ofRank(rank)
    var total: Int? = 0
    for value in values {
      total = total.flatMap { sum in value.shape[positive].map { sum + $0 } }
      guard var sizes = value.shape.dimensions else { continue }
      if sizes.count == rank { sizes[positive] = nil }
      guard let merged = result.merged(with: PartialShape(sizes)) else {
        throw GraphError(
          "all sizes but those of axis \(axis) must agree, found \(witness.shape) and "
            + "\(value.shape)",
          notes: [Graph.note("value", witness), Graph.note("beside", value)])
      }
      result = merged
    }
    result.dimensions?[positive] = total
    return [result]
  }

  private static func joined(_ node: Node, _ values: Swift.Range<Int>, axis: Tensor) -> View? {
    guard let output = node.output(0).shape.fullyDefined,
      let axis = axis.partialValue?.known?.first
    else { return nil }
    let positive = axis < 0 ? axis + output.rank : axis
    let identity = (0..<output.rank).map { AffineIndex(along: $0, rank: output.rank) }
    var pieces: [ViewPiece] = []
    var start = 0
    for index in values {
      guard let shape = node.input(index).shape.fullyDefined else { return nil }
      var lower = [Int](repeating: 0, count: output.rank)
      lower[positive] = start
      start += shape[positive]
      if shape.count > 0 {
        pieces.append(
          ViewPiece(lower: lower, extents: shape.dimensions, source: .input(index, identity)))
      }
    }
    return .pieces(pieces)
  }

  /// The gradient's part for each value: the slice that the value became.
  private static func parts(of gradient: Tensor?, _ values: [Tensor], _ axis: Tensor) -> [Tensor?] {
    guard let gradient else { return values.map { _ in nil } }
    let graph = gradient.graph
    var place = cast(axis, .int32)
    // Offsets are counted from the front.
    if let rank = gradient.shape.rank, let known = axis.partialValue?.known?.first {
      if known < 0 { place = graph.constant(known + rank, .int32) }
    } else {
      place = floorMod(place, gradient.apply(Rank.self))
    }
    let sizes = values.map { shapeTensor(of: $0) }
    let offsets = graph.add(ConcatOffset.self, [place] + sizes, ["N": .int(sizes.count)])
    return values.indices.map { index in
      gradient.apply(Slice.self, [offsets.output(index), sizes[index]])
    }
  }
}

/// The tensors one after another along an axis, which counts from the end if negative.
///
/// They have the same sizes along all other axes.
public func concat(
  _ values: [Tensor], axis: Int, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  guard let first = values.first else { preconditionFailure("concat of no tensors") }
  if let poison = values.first(where: \.isPoison) { return poison }
  let graph = first.graph
  return graph.composed(name ?? "concat", at: SourceSite(file, line)) { scope in
    // TensorFlow's op takes at least two.
    if values.count == 1 { return first.apply(Ops.Identity.self, name: scope) }
    let axis = graph.constant(axis, .int32, name: "axis")
    return first.apply(
      Ops.ConcatV2.self, values.dropFirst() + [axis], name: scope, ["N": .int(values.count)])
  }
}
