import GraphCore
import TensorCore

/// An op that combines the elements of its first input along axes: a state, how an element enters it,
/// how two states combine, and how the last one becomes the result.
///
/// The order in which states combine is a function of the reduced shape alone: 16 lanes and a fixed
/// tree over the row-major order.
public protocol ReductionOp: Op {
  /// The types of the state's parts.
  static func stateTypes(of node: Node) -> [DType]
  /// The state of no elements, one number for each part.
  static func initial(of node: Node) -> [Double]
  /// The state of one element; `coordinate` is its index along the (single) reduced axis.
  static func lift(_ x: Element, coordinate: () -> Element, of node: Node) -> [Element]
  /// The state of two sets of elements, of which `a`'s come before `b`'s.
  static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element]
  /// The result from the state of all `count` elements.
  static func finish(_ state: [Element], count: Int, of node: Node) -> Element
  /// The reduced axes, sorted and not negative; nil while they or the rank are unknown.
  ///
  /// - Throws: `GraphError` if an axis is out of range.
  static func axes(of node: Node) throws(GraphError) -> [Int]?
  /// Whether reduced dimensions stay with size 1.
  static func keepsDimensions(_ node: Node) -> Bool
}

extension ReductionOp {
  /// No effects.
  public static var effects: Effects { .none }

  /// One part, of the input's type.
  public static func stateTypes(of node: Node) -> [DType] { [node.input(0).dtype] }

  /// The element itself.
  public static func lift(_ x: Element, coordinate: () -> Element, of node: Node) -> [Element] {
    [x]
  }

  /// The first part itself.
  public static func finish(_ state: [Element], count: Int, of node: Node) -> Element { state[0] }

  /// The axes that the constant second input names.
  public static func axes(of node: Node) throws(GraphError) -> [Int]? {
    guard let rank = node.input(0).shape.rank, let axes = node.sizes(1)?.known else {
      return nil
    }
    return try normalized(axes: axes, rank: rank)
  }

  /// The attribute `keep_dims`.
  public static func keepsDimensions(_ node: Node) -> Bool {
    node[optional: AttributeKey<Bool>("keep_dims")] ?? false
  }

  /// The input's shape without the reduced axes.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    guard let axes = try axes(of: node), let sizes = node.input(0).shape.dimensions else {
      if keepsDimensions(node), let rank = node.input(0).shape.rank { return [.ofRank(rank)] }
      return [.unknown]
    }
    var kept: [Int?] = []
    for (axis, size) in sizes.enumerated() {
      if !axes.contains(axis) {
        kept.append(size)
      } else if keepsDimensions(node) {
        kept.append(1)
      }
    }
    return [PartialShape(kept)]
  }
}

/// Axes counted from the front, sorted, each once.
///
/// - Throws: `GraphError` if one is out of range or named twice.
package func normalized(axes: [Int], rank: Int) throws(GraphError) -> [Int] {
  var result: [Int] = []
  for axis in axes {
    guard axis >= -rank, axis < rank else {
      throw GraphError("axis \(axis) is out of range for rank \(rank)")
    }
    let positive = axis < 0 ? axis + rank : axis
    guard !result.contains(positive) else {
      throw GraphError.atRun("axis \(axis) is named twice")
    }
    result.append(positive)
  }
  return result.sorted()
}
