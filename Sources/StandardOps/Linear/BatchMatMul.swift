import GraphCore
import TensorCore

/// The products of the matrices in the last two dimensions, either of which may be transposed first.
public protocol BatchMatMulOp: KernelOp {
  /// The types the op takes.
  static var types: [DType] { get }
  /// The leading dimensions of the output.
  ///
  /// - Throws: `GraphError` if those of the inputs do not fit one another.
  static func batch(_ x: PartialShape, _ y: PartialShape) throws(GraphError) -> PartialShape
}

extension BatchMatMulOp {
  /// Whether the first matrices are transposed.
  public static var adjointX: AttributeKey<Bool> { AttributeKey("adj_x") }
  /// Whether the second matrices are transposed.
  public static var adjointY: AttributeKey<Bool> { AttributeKey("adj_y") }

  /// Two inputs of one type, and how each is taken.
  public static var signature: Signature {
    Signature(
      ["x: T", "y: T"], gives: ["output: T"],
      [
        .type("T", types), .flag("adj_x"), .flag("adj_y"), .flag("grad_x"), .flag("grad_y"),
      ])
  }

  /// The batch, then the first's rows and the second's columns.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    for (role, tensor) in [("x", node.input(0)), ("y", node.input(1))] {
      guard (tensor.shape.rank ?? 2) >= 2 else {
        throw GraphError("\(role) must have at least two dimensions, found \(tensor.shape)")
      }
    }
    guard let x = node.input(0).shape.dimensions, let y = node.input(1).shape.dimensions else {
      return [.unknown]
    }
    let (matrixX, matrixY) = (Array(x.suffix(2)), Array(y.suffix(2)))
    let (rows, inner) = node[adjointX] ? (matrixX[1], matrixX[0]) : (matrixX[0], matrixX[1])
    let (other, columns) = node[adjointY] ? (matrixY[1], matrixY[0]) : (matrixY[0], matrixY[1])
    if let inner, let other, inner != other {
      throw GraphError("the inner sizes must agree: x gives \(inner), y takes \(other)")
    }
    let batch = try batch(PartialShape(x.dropLast(2)), PartialShape(y.dropLast(2)))
    return [batch.appending([rows, columns])]
  }

  /// A contraction whose leading dimensions broadcast.
  public static func kernel(of node: Node) -> KernelSpecification {
    .contraction(transposeA: node[adjointX], transposeB: node[adjointY])
  }

  /// Products again, summed over the batch dimensions along which an input was repeated.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let dz = upstream[0] else { return .dense([nil, nil]) }
    let (x, y) = (node.input(0), node.input(1))
    func product(_ a: Tensor, _ b: Tensor, _ adjointA: Bool, _ adjointB: Bool) -> Tensor {
      a.apply(Self.self, [b], ["adj_x": .bool(adjointA), "adj_y": .bool(adjointB)])
    }
    let (dx, dy) =
      switch (node[adjointX], node[adjointY]) {
      case (false, false): (product(dz, y, false, true), product(x, dz, true, false))
      case (false, true): (product(dz, y, false, false), product(dz, x, true, false))
      case (true, false): (product(y, dz, false, true), product(x, dz, false, false))
      case (true, true): (product(y, dz, true, true), product(dz, x, true, true))
      }
    // Each has the whole batch before its own input's matrix.
    return .dense([sumToShape(dx, of: x, beside: dx), sumToShape(dy, of: y, beside: dy)])
  }
}

extension Ops {
  /// The products of matrices of one and the same batch.
  public enum BatchMatMul: BatchMatMulOp {
    public static let types: [DType] = .floats + .indices
    public static func batch(
      _ x: PartialShape, _ y: PartialShape
    ) throws(GraphError) -> PartialShape {
      guard let merged = x.merged(with: y) else {
        throw GraphError("the leading dimensions must be equal, found \(x) and \(y)")
      }
      return merged
    }
  }

  /// The products of matrices of batches that broadcast to one another.
  public enum BatchMatMulV2: BatchMatMulOp {
    public static let types: [DType] = .floats + .indices
    public static func batch(
      _ x: PartialShape, _ y: PartialShape
    ) throws(GraphError) -> PartialShape {
      guard let both = PartialShape.broadcast(x, y) else {
        throw GraphError("the leading dimensions \(x) and \(y) do not broadcast")
      }
      return both
    }
  }
}

/// The products of the matrices in the last two dimensions, batches broadcast.
public func batchMatMul(
  _ x: Tensor, _ y: Tensor, adjointX: Bool = false, adjointY: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.apply(
    Ops.BatchMatMulV2.self, [y], name: name,
    ["adj_x": .bool(adjointX), "adj_y": .bool(adjointY)], site: SourceSite(file, line))
}
