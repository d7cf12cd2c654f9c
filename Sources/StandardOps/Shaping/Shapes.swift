import GraphCore
import TensorCore

/// An op whose value follows from its inputs' shapes or from small integers, so that it is known
/// once shapes are: the compiler replaces it by its `partialValues`.
public protocol ShapeOp: Op {}

extension ShapeOp {
  /// No effects.
  public static var effects: Effects { .none }
  /// Integers.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("a shape is made of integers") }
}

extension Ops {
  /// The input's shape as a vector.
  public enum Shape: ShapeOp {
    public static let signature = Signature(
      ["input: T"], gives: ["output: out_type"],
      [.type("T"), .type("out_type", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [[node.input(0).shape.rank]]
    }
    public static func partialValues(of node: Node) -> [PartialValue?] {
      [node.input(0).shape.dimensions.map { PartialValue(vector: $0) }]
    }
  }

  /// The number of elements in the input.
  public enum Size: ShapeOp {
    public static let signature = Shape.signature
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func partialValues(of node: Node) -> [PartialValue?] {
      [PartialValue(scalar: node.input(0).shape.count)]
    }
  }

  /// The number of the input's dimensions.
  public enum Rank: ShapeOp {
    public static let signature = Signature(["input: T"], gives: ["output: int32"], [.type("T")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func partialValues(of node: Node) -> [PartialValue?] {
      [PartialValue(scalar: node.input(0).shape.rank)]
    }
  }
}

/// The tensor's shape as an `int32` vector: a constant where all of it is known.
package func shapeTensor(of x: Tensor) -> Tensor {
  if let known = x.shape.fullyDefined {
    return x.graph.constant(known.dimensions, .int32, name: "Shape")
  }
  return x.apply(Ops.Shape.self)
}

/// The tensor's shape as a vector; TensorFlow's `shape`.
public func shape(
  of x: Tensor, outType: DType = .int32, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  x.apply(
    Ops.Shape.self, name: name, ["out_type": .type(outType)], site: SourceSite(file, line))
}

/// The tensor's number of elements; TensorFlow's `size`.
public func size(
  of x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Size.self, name: name, site: SourceSite(file, line)) }

/// The tensor's number of dimensions; TensorFlow's `rank`.
public func rank(
  of x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Rank.self, name: name, site: SourceSite(file, line)) }
