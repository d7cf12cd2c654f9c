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

/// eˣ / Σ eˣ along the last axis: probabilities from logits.
public func softmax(
  _ logits: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { logits.apply(Ops.Softmax.self, name: name, site: SourceSite(file, line)) }

/// x − ln Σ eˣ along the last axis: the logarithms of `softmax`.
public func logSoftmax(
  _ logits: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { logits.apply(Ops.LogSoftmax.self, name: name, site: SourceSite(file, line)) }
