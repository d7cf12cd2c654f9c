import GraphCore
import TensorCore

/// The index of the greatest or least element along one axis: of equal ones the first.
///
/// A NaN is passed over, as TensorFlow's kernel does; 0 where there is nothing else.
public protocol ArgumentExtremumOp: ReductionOp {
  /// Whether `a` is nearer the extremum than `b`.
  static func precedes(_ a: Element, _ b: Element) -> Element
  /// The value that every other precedes or equals.
  static func farthest(of dtype: DType) -> Double
}

extension ArgumentExtremumOp {
  /// The attribute that says which integers the indices are.
  public static var outputType: AttributeKey<DType> { AttributeKey("output_type") }

  /// An input and an axis, to indices.
  public static var signature: Signature {
    Signature(
      ["input: T", "dimension: Tidx scalar"], gives: ["output: output_type"],
      [
        .type("T", .reals), .type("Tidx", .indices, default: .int32),
        .type("output_type", .indices, default: .int64),
      ])
  }

  /// The element and its index.
  public static func stateTypes(of node: Node) -> [DType] { [node.input(0).dtype, .int64] }

  /// Never chosen over an element but one like it, whose index then counts as 0.
  public static func initial(of node: Node) -> [Double] { [farthest(of: node.input(0).dtype), 0] }

  /// The element with its index, or the initial state for a NaN.
  public static func lift(_ x: Element, coordinate: () -> Element, of node: Node) -> [Element] {
    let index = coordinate()
    guard x.dtype.isFloatingPoint else { return [x, index] }
    let isNumber = x .== x
    return [
      select(isNumber, x, x.constant(farthest(of: x.dtype))),
      select(isNumber, index, index.constant(0)),
    ]
  }

  /// Whichever precedes; of equal ones that of the lower index.
  public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
    let isFirst = precedes(a[0], b[0]) | ((a[0] .== b[0]) & (a[1] <= b[1]))
    return [select(isFirst, a[0], b[0]), select(isFirst, a[1], b[1])]
  }

  /// The index in the type asked for.
  public static func finish(_ state: [Element], count: Int, of node: Node) -> Element {
    state[1].cast(to: node[outputType])
  }

  /// The one axis that the second input names.
  public static func axes(of node: Node) throws(GraphError) -> [Int]? {
    guard let rank = node.input(0).shape.rank, let named = node.sizes(1)?.known else {
      return nil
    }
    let axes = try normalized(axes: named, rank: rank)
    guard node.input(0).shape[axes[0]] != 0 else {
      throw GraphError("axis \(axes[0]) of shape \(node.input(0).shape) has no elements")
    }
    return axes
  }

  /// The input's shape without the axis; of one rank less while the axis is unknown.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    guard var sizes = node.input(0).shape.dimensions else { return [.unknown] }
    guard let axes = try axes(of: node) else { return [.ofRank(max(sizes.count - 1, 0))] }
    sizes.remove(at: axes[0])
    return [PartialShape(sizes)]
  }

  /// None.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("indices are integers, which have no derivative") }
}

extension Ops {
  /// The index of the greatest element along an axis.
  public enum ArgMax: ArgumentExtremumOp {
    public static func precedes(_ a: Element, _ b: Element) -> Element { a > b }
    public static func farthest(of dtype: DType) -> Double { dtype.lowest }
  }

  /// The index of the least element along an axis.
  public enum ArgMin: ArgumentExtremumOp {
    public static func precedes(_ a: Element, _ b: Element) -> Element { a < b }
    public static func farthest(of dtype: DType) -> Double { dtype.highest }
  }
}

/// The index of the greatest element along an axis, of equal ones the first; TensorFlow's `argmax`.
public func argMax(
  _ x: Tensor, axis: Int = 0, outputType: DType = .int64, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  argument(Ops.ArgMax.self, x, axis, outputType, name ?? "ArgMax", SourceSite(file, line))
}

/// The index of the least element along an axis, of equal ones the first; TensorFlow's `argmin`.
public func argMin(
  _ x: Tensor, axis: Int = 0, outputType: DType = .int64, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  argument(Ops.ArgMin.self, x, axis, outputType, name ?? "ArgMin", SourceSite(file, line))
}

private func argument(
  _ op: any ArgumentExtremumOp.Type, _ x: Tensor, _ axis: Int, _ dtype: DType, _ name: String,
  _ site: SourceSite
) -> Tensor {
  x.graph.at(site) {
    let dimension = x.graph.constant(axis, .int32, name: name + "/dimension")
    return x.apply(op, [dimension], name: name, ["output_type": .type(dtype)])
  }
}
