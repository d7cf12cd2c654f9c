import GraphCore
import TensorCore

extension Ops {
  /// The greater of x and y; NaN if either is.
  public enum Maximum: BinaryOp {
    public static func body(_ x: ElementContext) -> Element {
      maximum(x[0], x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      split(dy, where: x .>= y)
    }
  }

  /// The lesser of x and y; NaN if either is.
  public enum Minimum: BinaryOp {
    public static func body(_ x: ElementContext) -> Element {
      minimum(x[0], x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      split(dy, where: x .<= y)
    }
  }

  /// The gradient to whichever operand the output is; to the first where both are equal.
  private static func split(_ dy: Tensor, where isFirst: Tensor) -> (Tensor?, Tensor?) {
    let zero = dy.constant(0, name: "zeros")
    return (select(isFirst, dy, zero), select(isFirst, zero, dy))
  }

  /// The first input kept between bounds that are scalars or of its shape; NaN stays NaN.
  public enum ClipByValue: ElementwiseOp {
    public static let signature = Signature(
      ["t: T", "clip_value_min: T", "clip_value_max: T"], gives: ["output: T"],
      [.type("T", .reals)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      var shape = node.input(0).shape
      for index in 1...2 {
        let bound = node.input(index).shape
        if bound.rank == 0 || bound.rank == nil { continue }
        guard let merged = shape.merged(with: bound) else {
          throw GraphError(
            "a bound must be a scalar or of the tensor's shape \(shape), found \(bound)")
        }
        shape = merged
      }
      return [shape]
    }

    public static func body(_ x: ElementContext) -> Element {
      // Comparisons instead of maximum and minimum: a NaN among the bounds bounds nothing.
      let below = select(x[2] < x[0], x[2], x[0])
      return select(below < x[1], x[1], below)
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
      let (t, low, high) = (node.input(0), node.input(1), node.input(2))
      let zeros = zerosLike(dy)
      let (isBelow, isAbove) = (t .< low, t .> high)
      return .dense([
        select(isBelow .| isAbove, zeros, dy),
        sumToShape(select(isBelow, dy, zeros), of: low, beside: t),
        sumToShape(select(isAbove, dy, zeros), of: high, beside: t),
      ])
    }
  }
}

/// The greater of two, element by element; NaN if either is.
public func maximum(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Maximum.self, [y], name: name, site: SourceSite(file, line)) }

/// The greater of two, element by element; NaN if either is.
///
/// The number is taken in the tensor's type.
public func maximum(
  _ x: Tensor, _ y: Double, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.graph.at(SourceSite(file, line)) {
    maximum(x, x.constant(y, name: (name ?? "Maximum") + "/y"), name: name)
  }
}

/// The lesser of two, element by element; NaN if either is.
public func minimum(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Minimum.self, [y], name: name, site: SourceSite(file, line)) }

/// The lesser of two, element by element; NaN if either is.
///
/// The number is taken in the tensor's type.
public func minimum(
  _ x: Tensor, _ y: Double, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.graph.at(SourceSite(file, line)) {
    minimum(x, x.constant(y, name: (name ?? "Minimum") + "/y"), name: name)
  }
}

/// The tensor kept between bounds that are scalars or of its shape; TensorFlow's `clip_by_value`.
public func clip(
  _ x: Tensor, min: Tensor, max: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  x.apply(
    Ops.ClipByValue.self, [min, max], name: name ?? "clip_by_value", site: SourceSite(file, line))
}

/// The tensor kept between two numbers, taken in its type; TensorFlow's `clip_by_value`.
public func clip(
  _ x: Tensor, min: Double, max: Double, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let base = name ?? "clip_by_value"
  return x.graph.at(SourceSite(file, line)) {
    clip(
      x, min: x.constant(min, name: base + "/min"), max: x.constant(max, name: base + "/max"),
      name: name)
  }
}
