import GraphCore
import TensorCore

/// A reduction along the axes that a second input names.
public protocol AxisReductionOp: ReductionOp {
  /// The types the op takes.
  static var types: [DType] { get }
}

extension AxisReductionOp {
  /// All real types.
  public static var types: [DType] { .reals }
  /// An input, axes, and one output of the input's type.
  public static var signature: Signature {
    Signature(
      ["input: T", "reduction_indices: Tidx"], gives: ["output: T"],
      [.flag("keep_dims"), .type("T", types), .type("Tidx", .indices, default: .int32)])
  }
}

extension Ops {
  /// The sum of the elements along axes.
  public enum Sum: AxisReductionOp {
    public static func initial(of node: Node) -> [Double] { [0] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [a[0] + b[0]]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil]) }
      let x = node.input(0)
      return .dense([broadcast(withKeptAxes(dy, of: node), to: shapeTensor(of: x)), nil])
    }
  }

  /// The mean of the elements along axes: their sum over their number, towards zero for integers, whose
  /// sum is kept in 64 bits, as that of halves is in 32.
  public enum Mean: AxisReductionOp {
    public static func stateTypes(of node: Node) -> [DType] { [sumType(of: node)] }
    public static func initial(of node: Node) -> [Double] { [0] }
    public static func lift(_ x: Element, coordinate: () -> Element, of node: Node) -> [Element] {
      [x.cast(to: sumType(of: node))]
    }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [a[0] + b[0]]
    }
    public static func finish(_ state: [Element], count: Int, of node: Node) -> Element {
      (state[0] / Double(count)).cast(to: node.input(0).dtype)
    }
    private static func sumType(of node: Node) -> DType {
      switch node.input(0).dtype {
      case .int8, .int16, .int32: .int64
      case .uint8, .uint16, .uint32: .uint64
      case .float16, .bfloat16: .float32
      case let dtype: dtype
      }
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil]) }
      let (x, y) = (node.input(0), node.output(0))
      let dx = broadcast(withKeptAxes(dy, of: node), to: shapeTensor(of: x))
      // TensorFlow divides by the number of elements in the input over that in the output.
      // The quotient is an integer, which half precision may hold where it does not hold the sizes.
      let factor = floorDiv(size(of: x), maximum(size(of: y), 1))
      return .dense([dx / cast(factor, dy.dtype), nil])
    }
  }
}

/// A reduction's output (or its gradient) with the reduced axes back as size 1.
package func withKeptAxes(_ y: Tensor, of node: Node) -> Tensor {
  if node[optional: AttributeKey<Bool>("keep_dims")] ?? false { return y }
  let x = node.input(0)
  if let rank = x.shape.rank, let axes = node.partialValue(1)?.known,
    let sorted = try? normalized(axes: axes, rank: rank)
  {
    var result = y
    for axis in sorted { result = expandDimensions(result, axis: axis) }
    return result
  }
  // The axes are data: 1 where one names the dimension, else the input's size.
  let graph = y.graph
  let axes = node.input(1)
  let all = range(graph.constant(0), rank(of: x), graph.constant(1))
  let inRange = floorMod(cast(axes, .int32) + rank(of: x), rank(of: x))
  let ones = fill(shapeTensor(of: inRange), with: graph.constant(1))
  return reshape(y, to: dynamicStitch([all, inRange], [shapeTensor(of: x), ones]))
}

/// The sum of the elements along axes (all by default); TensorFlow's `reduce_sum`.
public func reduceSum(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.Sum.self, x, axes, keepDimensions, name ?? "Sum", SourceSite(file, line))
}

/// The mean of the elements along axes (all by default); TensorFlow's `reduce_mean`.
public func reduceMean(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.Mean.self, x, axes, keepDimensions, name ?? "Mean", SourceSite(file, line))
}

/// Adds a reduction with its axes as a constant, as TensorFlow does.
package func reduce(
  _ op: any Op.Type, _ x: Tensor, _ axes: [Int]?, _ keep: Bool, _ name: String, _ site: SourceSite
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.at(site) {
    let indices: Tensor
    if let axes {
      indices = x.graph.constant(axes, .int32, name: name + "/reduction_indices")
    } else if let rank = x.shape.rank {
      indices = x.graph.constant(Array(0..<rank), .int32, name: "Const")
    } else {
      // Every axis of a tensor whose rank is known only when it is fed.
      indices = range(x.graph.constant(0), rank(of: x), x.graph.constant(1))
    }
    return x.apply(op, [indices], name: name, ["keep_dims": .bool(keep)])
  }
}
