import GraphCore
import TensorCore

extension Ops {
  /// The input with zeros around it: `paddings[i]` says how many before and after along axis i.
  public enum Pad: ViewOp {
    public static let signature = Signature(
      ["input: T", "paddings: Tpaddings matrix"], gives: ["output: T"],
      [.type("T"), .type("Tpaddings", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try padded(node)
    }
    public static func view(of node: Node) -> View? { surrounded(node, by: .fill(0)) }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([unpadded(upstream[0], node), nil]) }
  }

  /// The input with a constant around it.
  public enum PadV2: ViewOp {
    public static let signature = Signature(
      ["input: T", "paddings: Tpaddings matrix", "constant_values: T scalar"], gives: ["output: T"],
      [.type("T"), .type("Tpaddings", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try padded(node)
    }
    public static func view(of node: Node) -> View? { surrounded(node, by: .input(2, [])) }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([unpadded(upstream[0], node), nil, nil]) }
  }

  /// The numbers before and after each axis, if they are known.
  private static func paddings(of node: Node) -> [(before: Int, after: Int)]? {
    guard let numbers = node.constantSizes(1) else { return nil }
    return stride(from: 0, to: numbers.count - 1, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
  }

  /// The numbers before and after each axis of the first input, which the second holds; nil while they
  /// are not known.
  ///
  /// - Throws: `GraphError` if they are not two for each axis, or negative.
  static func checkedPaddings(_ node: Node) throws(GraphError) -> [(before: Int, after: Int)]? {
    let (shape, matrix) = (node.input(0).shape, node.input(1).shape)
    guard (matrix[1] ?? 2) == 2, shape.rank == nil || matrix[0] == nil || shape.rank == matrix[0]
    else {
      throw GraphError(
        "the paddings of shape \(shape) must be a row of two for each axis, "
          + "found shape \(matrix)")
    }
    guard let paddings = paddings(of: node) else { return nil }
    guard paddings.allSatisfy({ $0.before >= 0 && $0.after >= 0 }) else {
      throw GraphError("paddings must not be negative, found \(paddings.map { [$0, $1] })")
    }
    return paddings
  }

  /// What is known of a padded tensor while its paddings are not.
  static func paddedShape(_ node: Node) -> PartialShape {
    (node.input(0).shape.rank ?? node.input(1).shape[0]).map { .ofRank($0) } ?? .unknown
  }

  private static func padded(_ node: Node) throws(GraphError) -> [PartialShape] {
    guard let paddings = try checkedPaddings(node) else { return [paddedShape(node)] }
    return [
      PartialShape(
        paddings.enumerated().map { axis, around in
          node.input(0).shape[axis].map { $0 + around.before + around.after }
        })
    ]
  }

  private static func surrounded(_ node: Node, by filling: ViewPiece.Source) -> View? {
    guard let input = node.input(0).shape.fullyDefined,
      let output = node.output(0).shape.fullyDefined, let paddings = paddings(of: node)
    else { return nil }
    let identity = (0..<output.rank).map { AffineIndex(along: $0, rank: output.rank) }
    let filling: ViewPiece.Source =
      if case .input(let index, _) = filling { .input(index, []) } else { filling }
    // Axis by axis two slabs are cut off what remains; the input is the core.
    var lower = [Int](repeating: 0, count: output.rank)
    var extents = output.dimensions
    var pieces: [ViewPiece] = []
    func add(_ lower: [Int], _ extents: [Int], _ source: ViewPiece.Source) {
      if !extents.contains(0) {
        pieces.append(ViewPiece(lower: lower, extents: extents, source: source))
      }
    }
    for (axis, around) in paddings.enumerated() {
      var slab = extents
      slab[axis] = around.before
      add(lower, slab, filling)
      var end = lower
      end[axis] = around.before + input[axis]
      slab[axis] = around.after
      add(end, slab, filling)
      lower[axis] = around.before
      extents[axis] = input[axis]
    }
    add(lower, extents, .input(0, identity))
    return .pieces(pieces)
  }

  /// The gradient's core.
  private static func unpadded(_ gradient: Tensor?, _ node: Node) -> Tensor? {
    guard let gradient else { return nil }
    let graph = gradient.graph
    let index = node.input(1).dtype
    let before: Tensor
    if let paddings = paddings(of: node) {
      before = graph.constant(paddings.map(\.before), index)
    } else {
      let rows = node.input(0).shape.rank ?? -1
      before = reshape(slice(node.input(1), begin: [0, 0], size: [rows, 1]), to: [-1])
    }
    return slice(gradient, begin: before, size: cast(shapeTensor(of: node.input(0)), index))
  }
}

/// The tensor with `constant` around it: `paddings[i]` holds how many before and after along axis i.
public func pad(
  _ x: Tensor, _ paddings: [[Int]], constant: Double = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  let op: any Op.Type = constant == 0 ? Ops.Pad.self : Ops.PadV2.self
  return x.graph.composed(name ?? op.name, at: SourceSite(file, line)) { scope in
    let matrix =
      paddings.isEmpty
      ? x.graph.constant(TensorValue(zeros: [0, 2], dtype: .int32), name: "paddings")
      : x.graph.constant(paddings, .int32, name: "paddings")
    var inputs = [matrix]
    if constant != 0 { inputs.append(x.constant(constant, name: "constant_values")) }
    return x.apply(op, inputs, name: scope)
  }
}
