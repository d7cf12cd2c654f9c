import GraphCore
import TensorCore

/// A function of one element that neural networks put between layers.
public protocol ActivationOp: UnaryOp {}

extension ActivationOp {
  /// `features` to `activations`.
  public static var signature: Signature {
    Signature(["features: T"], gives: ["activations: T"], [.type("T", types)])
  }
}

/// The gradient of an activation: upstream gradients first, then features or outputs.
public protocol ActivationGradientOp: ElementwiseOp {
  /// The types the op takes.
  static var types: [DType] { get }
  /// What TensorFlow calls the second input.
  static var argument: String { get }
  /// The gradients with respect to both inputs, given that of the result.
  static func gradients(_ g: Tensor, dy: Tensor, x: Tensor) -> (Tensor?, Tensor?)
}

extension ActivationGradientOp {
  /// The floating-point types.
  public static var types: [DType] { .floats }
  /// `features`.
  public static var argument: String { "features" }
  /// `gradients` and the second input, to `backprops`.
  public static var signature: Signature {
    Signature(
      ["gradients: T", .init(stringLiteral: "\(argument): T")], gives: ["backprops: T"],
      [.type("T", types)])
  }
  /// That of both inputs.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    [try commonShape(node.inputs)]
  }
  /// The op's formulas.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let g = upstream[0] else { return .dense([nil, nil]) }
    let (dy, dx) = gradients(g, dy: node.input(0), x: node.input(1))
    return .dense([dy, dx])
  }
}

extension Ops {
  /// max(x, 0); NaN for NaN.
  public enum Relu: ActivationOp {
    public static let types: [DType] = .reals
    public static func body(_ x: ElementContext) -> Element { maximum(x[0], x.constant(0)) }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy.apply(ReluGrad.self, [y])
    }
  }

  /// dy where the feature is above 0.
  public enum ReluGrad: ActivationGradientOp {
    public static let types: [DType] = .reals
    public static func body(_ x: ElementContext) -> Element {
      x[0] * (x[1] > 0).cast(to: x[0].dtype)
    }
    public static func gradients(_ g: Tensor, dy: Tensor, x: Tensor) -> (Tensor?, Tensor?) {
      (g.apply(ReluGrad.self, [x]), zerosLike(x))
    }
  }

  /// max(x, 0), at most 6.
  public enum Relu6: ActivationOp {
    public static let types: [DType] = .reals
    public static func body(_ x: ElementContext) -> Element {
      minimum(maximum(x[0], x.constant(0)), x.constant(6))
    }
    public static func gradient(_ dy: Tensor, x: Tensor, y: Tensor) -> Tensor? {
      dy.apply(Relu6Grad.self, [y])
    }
  }

  /// dy where the feature is above 0 and below 6.
  public enum Relu6Grad: ActivationGradientOp {
    public static let types: [DType] = .reals
    public static func body(_ x: ElementContext) -> Element {
      x[0] * ((x[1] > 0) & (x[1] < 6)).cast(to: x[0].dtype)
    }
    public static func gradients(_ g: Tensor, dy: Tensor, x: Tensor) -> (Tensor?, Tensor?) {
      (g.apply(Relu6Grad.self, [x]), zerosLike(x))
    }
  }

  /// x, below 0 scaled by `alpha`.
  public enum LeakyRelu: ElementwiseOp {
    /// The slope below 0.
    public static let alpha = AttributeKey<Float>("alpha")
    public static let signature = Signature(
      ["features: T"], gives: ["activations: T"],
      [.float("alpha", default: 0.2), .type("T", .floats, default: .float32)])
    public static func body(_ x: ElementContext) -> Element {
      select(x[0] > 0, x[0], x[0] * Double(x.node[alpha]))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let slope = ["alpha": node[alpha].attribute]
      return .dense([upstream[0]?.apply(LeakyReluGrad.self, [node.input(0)], slope)])
    }
  }

  /// dy where the feature is above 0, elsewhere scaled by `alpha`.
  public enum LeakyReluGrad: ElementwiseOp {
    /// The slope below 0.
    public static let alpha = AttributeKey<Float>("alpha")
    public static let signature = Signature(
      ["gradients: T", "features: T"], gives: ["backprops: T"],
      [.float("alpha", default: 0.2), .type("T", .floats, default: .float32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [try commonShape(node.inputs)]
    }
    public static func body(_ x: ElementContext) -> Element {
      select(x[1] > 0, x[0], x[0] * Double(x.node[alpha]))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let slope = ["alpha": node[alpha].attribute]
      let x = node.input(1)
      return .dense([upstream[0]?.apply(LeakyReluGrad.self, [x], slope), zerosLike(x)])
    }
  }
}

/// max(x, 0), element by element.
public func relu(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Relu.self, name: name, site: SourceSite(file, line)) }

/// max(x, 0), at most 6.
public func relu6(
  _ x: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Relu6.self, name: name, site: SourceSite(file, line)) }

/// x, below 0 scaled by `alpha`.
public func leakyRelu(
  _ x: Tensor, alpha: Float = 0.2, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  x.apply(
    Ops.LeakyRelu.self, name: name, ["alpha": alpha.attribute], site: SourceSite(file, line))
}
