import GraphCore
import TensorCore

extension Ops {
  /// Half the sum of the squares of all elements.
  public enum L2Loss: CompositeOp {
    public static let signature = Signature(["t: T"], gives: ["output: T"], [.type("T", .floats)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func expand(_ node: Node) -> [Tensor] {
      [reduceSum(square(node.input(0))) * 0.5]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([upstream[0].map { node.input(0) * $0 }]) }
  }
}

extension Ops {
  /// The square root of the sum of the squares of the elements along axes.
  public enum EuclideanNorm: CompositeOp {
    public static let signature = Signature(
      ["input: T", "reduction_indices: Tidx"], gives: ["output: T"],
      [.flag("keep_dims"), .type("T", .floats), .type("Tidx", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try Sum.shapes(of: node)
    }
    public static func expand(_ node: Node) -> [Tensor] {
      [
        sqrt(
          square(node.input(0)).apply(
            Sum.self, [node.input(1)], node.attributes.filter { $0.key == "keep_dims" }))
      ]
    }
    /// x over the norm, taken as a quotient of quotients: 0 beside a gradient of 0 wherever the norm is not.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { dy in
          node.input(0) / (withKeptAxes(node.output(0), of: node) / withKeptAxes(dy, of: node))
        }, nil,
      ])
    }
  }
}

/// Half the sum of the squares of all elements; TensorFlow's `l2_loss`.
public func l2Loss(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.L2Loss.self, name: name, site: SourceSite(file, line)) }

/// ln Σ eˣ along axes (all by default) without overflow; TensorFlow's `reduce_logsumexp`.
public func reduceLogSumExp(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.graph.at(SourceSite(file, line)) {
    x.graph.nameScope(name ?? "ReduceLogSumExp") {
      let greatest = reduceMax(x, axes: axes, keepDimensions: true)
      // An infinite maximum would make ∞ − ∞ of it.
      let shift = stopGradient(select(isFinite(greatest), greatest, zerosLike(greatest)))
      let sum = reduceSum(exp(x - shift), axes: axes, keepDimensions: keepDimensions)
      let logarithm = log(sum)
      return logarithm
        + (keepDimensions ? shift : reshape(shift, to: shapeTensor(of: logarithm)))
    }
  }
}

/// Mean and variance along axes; TensorFlow's `moments`.
///
/// The variance is the mean of the squared distances from the mean.
public func moments(
  _ x: Tensor, axes: [Int], keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> (mean: Tensor, variance: Tensor) {
  x.graph.at(SourceSite(file, line)) {
    x.graph.nameScope(name ?? "moments") {
      // Half precision is too narrow for sums of squares.
      let wide = x.dtype == .float16 ? cast(x, .float32) : x
      let mean = reduceMean(wide, axes: axes, keepDimensions: true, name: "mean")
      let distance = squaredDifference(wide, stopGradient(mean))
      let variance = reduceMean(distance, axes: axes, keepDimensions: true, name: "variance")
      let results = [mean, variance].map { moment in
        // Along axes of size 1 the sum is the element itself.
        let shaped = keepDimensions ? moment : reduceSum(moment, axes: axes)
        return cast(shaped, x.dtype)
      }
      return (results[0], results[1])
    }
  }
}
