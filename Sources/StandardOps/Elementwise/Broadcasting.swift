import GraphCore
import TensorCore

/// An elementwise op of two inputs of one type that broadcast to one another.
public protocol BinaryOp: ElementwiseOp {
  /// The types the op takes.
  static var types: [DType] { get }
  /// The gradients with respect to the broadcast inputs, given that with respect to the output.
  static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (Tensor?, Tensor?)
}

extension BinaryOp {
  /// All real types.
  public static var types: [DType] { .reals }
  /// Two inputs, one output of their type.
  public static var signature: Signature {
    Signature(["x: T", "y: T"], gives: ["z: T"], [.type("T", types)])
  }
  /// The op's formulas, summed over the axes along which each input was repeated.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let dy = upstream[0] else { return .dense([nil, nil]) }
    let (x, y) = (node.input(0), node.input(1))
    let (dx, dyy) = gradients(dy, x: x, y: y, z: node.output(0))
    return .dense([
      dx.map { sumToShape($0, of: x, beside: y) }, dyy.map { sumToShape($0, of: y, beside: x) },
    ])
  }
}

/// The gradient of broadcasting `x` (together with `other`): `gradient` summed over the axes along
/// which `x` was repeated, in the shape of `x`.
package func sumToShape(_ gradient: Tensor, of x: Tensor, beside other: Tensor) -> Tensor {
  if let axes = repeatedAxes(of: x.shape, beside: other.shape) {
    if axes.isEmpty { return gradient }
    let summed = reduceSum(gradient, axes: axes, keepDimensions: false)
    return summed.shape.fullyDefined != nil && summed.shape == x.shape
      ? summed : reshape(summed, to: shapeTensor(of: x))
  }
  let graph = gradient.graph
  let axes = graph.add(
    Ops.BroadcastGradientArgs.self, [shapeTensor(of: x), shapeTensor(of: other)]
  ).output(0)
  return reshape(
    gradient.apply(Ops.Sum.self, [axes]), to: shapeTensor(of: x))
}

/// The output axes along which a tensor of `shape` is repeated beside one of `other`; nil if that
/// depends on sizes not known yet.
package func repeatedAxes(of shape: PartialShape, beside other: PartialShape) -> [Int]? {
  guard let mine = shape.dimensions, let theirs = other.dimensions else { return nil }
  let rank = max(mine.count, theirs.count)
  var axes: [Int] = []
  for axis in 0..<rank {
    let left = axis - (rank - mine.count)
    let right = axis - (rank - theirs.count)
    if left < 0 {
      axes.append(axis)
      continue
    }
    let y: Int? = right < 0 ? 1 : theirs[right]
    switch (mine[left], y) {
    case (1, 1): break
    case (1, .some): axes.append(axis)
    case (_, 1): break
    case (.some, _): break
    case (nil, _): return nil
    }
    if mine[left] == 1, y == nil { return nil }
  }
  return axes
}

extension Ops {
  /// The axes over which the gradients of two broadcast operands are summed, from their shapes.
  public enum BroadcastGradientArgs: ShapeOp {
    public static let signature = Signature(
      ["s0: T", "s1: T"], gives: ["r0: T", "r1: T"], [.type("T", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [[nil], [nil]]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let a = node.partialValue(0)?.known, let b = node.partialValue(1)?.known else {
        return [nil, nil]
      }
      func axes(_ mine: [Int], _ theirs: [Int]) -> PartialValue? {
        let rank = max(mine.count, theirs.count)
        let padded = Array(repeating: 1, count: rank - mine.count) + mine
        let other = Array(repeating: 1, count: rank - theirs.count) + theirs
        // TensorFlow also sums over axes where both are 1, which changes nothing.
        return PartialValue(
          vector: (0..<rank).filter {
            padded[$0] == 1 && (other[$0] != 1 || $0 < rank - mine.count)
          })
      }
      return [axes(a, b), axes(b, a)]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("the axes of a broadcast are integers") }
  }

  /// The shape that two shapes broadcast to.
  public enum BroadcastArgs: ShapeOp {
    public static let signature = Signature(
      ["s0: T", "s1: T"], gives: ["r0: T"], [.type("T", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (a, b) = (node.input(0).shape[0], node.input(1).shape[0])
      return [[a.flatMap { a in b.map { max(a, $0) } }]]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let a = node.partialValue(0)?.asShape, let b = node.partialValue(1)?.asShape,
        let sizes = PartialShape.broadcast(a, b)?.dimensions
      else { return [nil] }
      return [PartialValue(vector: sizes)]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a shape is made of integers") }
  }
}
