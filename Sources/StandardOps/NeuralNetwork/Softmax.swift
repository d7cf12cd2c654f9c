import GraphCore
import TensorCore

/// A function of the logits along the last axis that keeps their shape.
public protocol LogitsOp: CompositeOp {
  /// What TensorFlow calls the output.
  static var result: String { get }
}

extension LogitsOp {
  /// Logits, to a tensor of their shape.
  public static var signature: Signature {
    Signature(
      ["logits: T"], gives: [.init(stringLiteral: "\(result): T")], [.type("T", .floats)])
  }
  /// The logits', which must have an axis.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    guard node.input(0).shape.rank != 0 else {
      throw GraphError("logits must have at least one dimension, found a scalar")
    }
    return [node.input(0).shape]
  }
}

extension Ops {
  /// eˣ / Σ eˣ along the last axis.
  public enum Softmax: LogitsOp {
    public static let result = "softmax"
    public static func expand(_ node: Node) -> [Tensor] {
      let powers = exp(belowMaximum(node.input(0)))
      return [powers / sumAlongLast(powers)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let y = node.output(0)
      return .dense([upstream[0].map { ($0 - sumAlongLast($0 * y)) * y }])
    }
  }

  /// x − ln Σ eˣ along the last axis.
  public enum LogSoftmax: LogitsOp {
    public static let result = "logsoftmax"
    public static func expand(_ node: Node) -> [Tensor] {
      let shifted = belowMaximum(node.input(0))
      return [shifted - log(sumAlongLast(exp(shifted)))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let y = node.output(0)
      return .dense([upstream[0].map { $0 - sumAlongLast($0) * exp(y) }])
    }
  }

  /// The logits less their greatest, so that no power of e overflows.
  static func belowMaximum(_ logits: Tensor) -> Tensor {
    logits - reduceMax(logits, axes: [-1], keepDimensions: true)
  }

  static func sumAlongLast(_ x: Tensor) -> Tensor {
    reduceSum(x, axes: [-1], keepDimensions: true)
  }
}

/// eˣ / Σ eˣ along an axis, the last by default: probabilities from logits.
public func softmax(
  _ logits: Tensor, axis: Int = -1, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor { along(axis, Ops.Softmax.self, logits, name, SourceSite(file, line)) }

/// x − ln Σ eˣ along an axis, the last by default: the logarithms of `softmax`.
public func logSoftmax(
  _ logits: Tensor, axis: Int = -1, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor { along(axis, Ops.LogSoftmax.self, logits, name, SourceSite(file, line)) }

/// The op along another axis than the last: between two transpositions, as TensorFlow builds it.
private func along(
  _ axis: Int, _ op: any LogitsOp.Type, _ logits: Tensor, _ name: String?, _ site: SourceSite
) -> Tensor {
  if axis == -1 || logits.isPoison { return logits.apply(op, name: name, site: site) }
  guard let rank = logits.shape.rank, axis >= -rank, axis < rank else {
    return logits.graph.mistake(
      "there is no axis \(axis) of shape \(logits.shape)", op: op.name, name: name, site: site,
      beside: [logits])
  }
  var order = Array(0..<rank)
  order.swapAt(axis < 0 ? axis + rank : axis, rank - 1)
  if order[rank - 1] == rank - 1 { return logits.apply(op, name: name, site: site) }
  return logits.graph.at(site) {
    transpose(transpose(logits, permutation: order).apply(op, name: name), permutation: order)
  }
}
