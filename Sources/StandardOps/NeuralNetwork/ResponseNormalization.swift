import GraphCore
import TensorCore

extension Ops {
  private static let attributes: [Signature.AttributeDefinition] = [
    .int("depth_radius", default: 5), .float("bias", default: 1), .float("alpha", default: 1),
    .float("beta", default: 0.5), .type("T", [.float16, .bfloat16, .float32], default: .float32),
  ]

  /// Each element divided by a power of the sum of squares of its neighbouring channels:
  /// y = x·N^−β with N = bias + α·Σ x².
  public enum LRN: CompositeOp {
    public static let signature = Signature(["input: T images"], gives: ["output: T"], attributes)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [node.input(0).shape]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let x = node.input(0)
      return [x * pow(norm(node, x), x.constant(-number("beta", node)))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map {
          $0.apply(LRNGrad.self, [node.input(0), node.output(0)], node.attributes)
        }
      ])
    }
  }

  /// dx = dy·N^−β − 2αβ·x·Σ dy·y/N.
  public enum LRNGrad: CompositeOp {
    public static let signature = Signature(
      ["input_grads: T images", "input_image: T images", "output_image: T images"],
      gives: ["output: T"], attributes)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [try commonShape(node.inputs)]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let (dy, x, y) = (node.input(0), node.input(1), node.input(2))
      let norm = norm(node, x)
      let factor = 2 * number("alpha", node) * number("beta", node)
      let shared = neighbours(node, dy * y / norm)
      return [dy * pow(norm, x.constant(-number("beta", node))) - x * shared * factor]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard node.input(1).shape[3] != nil else {
        return .unavailable("the number of channels must be declared")
      }
      return .dense(context.differentiate(expand(node), upstream, node.inputs))
    }
  }

  private static func norm(_ node: Node, _ x: Tensor) -> Tensor {
    neighbours(node, square(x)) * number("alpha", node) + number("bias", node)
  }

  /// A sum over neighbouring channels, as a product with a band of ones.
  private static func neighbours(_ node: Node, _ x: Tensor) -> Tensor {
    let (radius, channels) = (node[AttributeKey<Int>("depth_radius")], x.shape[3] ?? 0)
    if channels == 0 { return x }
    let band = (0..<channels).map { row in
      (0..<channels).map { abs($0 - row) <= radius ? 1.0 : 0.0 }
    }
    let flat = reshape(x, to: [-1, channels])
    return reshape(matmul(flat, x.graph.constant(band, x.dtype)), to: shapeTensor(of: x))
  }

  private static func number(_ name: String, _ node: Node) -> Double {
    Double(node[AttributeKey<Float>(name)])
  }
}
