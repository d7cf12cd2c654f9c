import GraphCore
import TensorCore

extension Ops {
  /// The product of two matrices, either of which may be transposed first.
  public enum MatMul: KernelOp {
    /// Whether the first matrix is transposed.
    public static let transposeA = AttributeKey<Bool>("transpose_a")
    /// Whether the second matrix is transposed.
    public static let transposeB = AttributeKey<Bool>("transpose_b")
    public static let signature = Signature(
      ["a: T", "b: T"], gives: ["product: T"],
      [
        .flag("transpose_a"), .flag("transpose_b"),
        .type("T", [.bfloat16, .float16, .float32, .float64, .int32, .int64]),
        .flag("grad_a"), .flag("grad_b"),
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (a, b) = (node.input(0), node.input(1))
      for (role, tensor) in [("a", a), ("b", b)] {
        guard (tensor.shape.rank ?? 2) == 2 else {
          throw GraphError(
            "\(role) must be a matrix, found shape \(tensor.shape)",
            notes: [Graph.note("a", a), Graph.note("b", b)])
        }
      }
      let (tA, tB) = (node[transposeA], node[transposeB])
      let (rows, inner) = (a.shape[tA ? 1 : 0], a.shape[tA ? 0 : 1])
      let (other, columns) = (b.shape[tB ? 1 : 0], b.shape[tB ? 0 : 1])
      if let inner, let other, inner != other {
        throw GraphError(
          "the inner sizes must agree: a gives \(inner), b takes \(other)",
          notes: [Graph.note("a", a), Graph.note("b", b)])
      }
      return [[rows, columns]]
    }

    public static func kernel(of node: Node) -> KernelSpecification {
      .contraction(transposeA: node[transposeA], transposeB: node[transposeB])
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil]) }
      let (a, b) = (node.input(0), node.input(1))
      switch (node[transposeA], node[transposeB]) {
      case (false, false):
        return .dense([matmul(dy, b, transposeB: true), matmul(a, dy, transposeA: true)])
      case (false, true):
        return .dense([matmul(dy, b), matmul(dy, a, transposeA: true)])
      case (true, false):
        return .dense([matmul(b, dy, transposeB: true), matmul(a, dy)])
      case (true, true):
        return .dense([
          matmul(b, dy, transposeA: true, transposeB: true),
          matmul(dy, a, transposeA: true, transposeB: true),
        ])
      }
    }
  }

  /// The input with a vector added along its channels.
  public enum BiasAdd: ElementwiseOp {
    /// Where the channels are: last (`NHWC`) or second (`NCHW`).
    public static let dataFormat = AttributeKey<String>("data_format")
    public static let signature = Signature(
      ["value: T", "bias: T"], gives: ["output: T"],
      [.type("T", .reals), .string("data_format", default: "NHWC")])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (value, bias) = (node.input(0).shape, node.input(1).shape)
      try checkFormat(node)
      guard let sizes = value.dimensions else { return [value] }
      guard sizes.count >= 2, (bias.rank ?? 1) == 1 else {
        throw GraphError(
          "a value of rank 2 or more and a vector are expected, found \(value) and \(bias)")
      }
      if let channels = sizes[channelAxis(node, sizes.count)], let size = bias[0], channels != size
      {
        throw GraphError(
          "the bias must have \(channels) elements as the value's channels, found \(size)")
      }
      return [value]
    }

    public static func axes(ofInput index: Int, of node: Node) -> [Int]? {
      index == 0 ? nil : node.output(0).shape.rank.map { [channelAxis(node, $0)] }
    }

    public static func body(_ x: ElementContext) -> Element { x[0] + x[1] }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil]) }
      let format = ["data_format": node[dataFormat].attribute]
      let db = dy.apply(BiasAddGrad.self, [], format)
      return .dense([dy, db])
    }

    static func channelAxis(_ node: Node, _ rank: Int) -> Int {
      node[dataFormat] == "NCHW" ? 1 : rank - 1
    }

    static func checkFormat(_ node: Node) throws(GraphError) {
      guard ["NHWC", "NCHW"].contains(node[dataFormat]) else {
        throw GraphError("data_format must be NHWC or NCHW, found \(node[dataFormat])")
      }
    }
  }

  /// The gradient of `BiasAdd` with respect to the bias: the sum over all but the channels.
  public enum BiasAddGrad: ReductionOp {
    public static let signature = Signature(
      ["out_backprop: T"], gives: ["output: T"],
      [.type("T", .reals), .string("data_format", default: "NHWC")])

    public static func axes(of node: Node) throws(GraphError) -> [Int]? {
      try BiasAdd.checkFormat(node)
      return node.input(0).shape.rank.map { rank in
        (0..<rank).filter { $0 != BiasAdd.channelAxis(node, rank) }
      }
    }
    public static func initial(of node: Node) -> [Double] { [0] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [a[0] + b[0]]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard var dy = upstream[0] else { return .dense([nil]) }
      let x = node.input(0)
      if node[BiasAdd.dataFormat] == "NCHW" {
        let sizes = slice(shapeTensor(of: x), begin: [1], size: [-1])
        // One axis of size 1 for each that follows the channels.
        let behind = slice(onesLike(sizes), begin: [1], size: [-1])
        dy = reshape(dy, to: concat([shapeTensor(of: dy), behind], axis: 0))
      }
      return .dense([broadcast(dy, to: shapeTensor(of: x))])
    }
  }
}

/// The product of two matrices, either of which may be transposed first; of tensors of higher rank,
/// the products of the matrices in their last two dimensions.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if max(a.shape.rank ?? 2, b.shape.rank ?? 2) > 2 {
    return batchMatMul(
      a, b, adjointX: transposeA, adjointY: transposeB, name: name ?? "MatMul", file: file,
      line: line)
  }
  return a.apply(
    Ops.MatMul.self, [b], name: name,
    ["transpose_a": .bool(transposeA), "transpose_b": .bool(transposeB)],
    site: SourceSite(file, line))
}

/// The tensor with a vector added along its channels: the last dimension, or the second for `NCHW`.
public func biasAdd(
  _ value: Tensor, _ bias: Tensor, dataFormat: String = "NHWC", name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  value.apply(
    Ops.BiasAdd.self, [bias], name: name, ["data_format": dataFormat.attribute],
    site: SourceSite(file, line))
}
