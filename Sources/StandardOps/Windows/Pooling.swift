import GraphCore
import TensorCore

extension Ops {
  private static let pooling: [Signature.AttributeDefinition] = [
    .type("T", [.float32, .float64], default: .float32), .value("ksize", .listOfInt),
    .value("strides", .listOfInt), .string("padding"),
    .value("explicit_paddings", .listOfInt, default: .list([])),
    .string("data_format", default: "NHWC"),
  ]
  private static let averaging: [Signature.AttributeDefinition] =
    [.type("T", [.float32, .float64])]
    + pooling.filter { $0.name != "explicit_paddings" && $0.name != "T" }

  /// The greatest element of each window.
  public enum MaxPool: KernelOp {
    public static let signature = Signature(["input: T images"], gives: ["output: T"], pooling)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [try pooled(node, node.input(0).shape)]
    }
    public static func kernel(of node: Node) -> KernelSpecification {
      pool(.maximum, node, node.input(0).shape, isGradient: false)
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map {
          node.input(0).apply(MaxPoolGrad.self, [node.output(0), $0], node.attributes)
        }
      ])
    }
  }

  /// Gives each window's gradient to the first of its greatest elements.
  public enum MaxPoolGrad: KernelOp {
    public static let signature = Signature(
      ["orig_input: T images", "orig_output: T images", "grad: T images"], gives: ["output: T"],
      pooling)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let output = try pooled(node, node.input(0).shape)
      for index in 1...2 where !output.isCompatible(with: node.input(index).shape) {
        throw mismatch(node, index, output, of: node.input(0).shape)
      }
      return [node.input(0).shape]
    }
    public static func kernel(of node: Node) -> KernelSpecification {
      pool(.maximum, node, node.input(0).shape, isGradient: true)
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { ofChoosing(node, upstream[0], MaxPoolGradGrad.self) }
  }

  /// What each window's gradient is where its greatest element is: `MaxPoolGrad`'s own gradient.
  public enum MaxPoolGradGrad: KernelOp {
    public static let signature = Signature(
      MaxPoolGrad.signature.inputs, gives: MaxPoolGrad.signature.outputs, averaging)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let input = node.input(0).shape
      let output = try pooled(node, input)
      guard output.isCompatible(with: node.input(1).shape) else {
        throw mismatch(node, 1, output, of: input)
      }
      guard input.isCompatible(with: node.input(2).shape) else {
        throw GraphError("grad must have the shape \(input), found \(node.input(2).shape)")
      }
      return [output]
    }
    public static func kernel(of node: Node) -> KernelSpecification {
      pool(.chosen, node, node.input(0).shape, isGradient: false)
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { ofChoosing(node, upstream[0], MaxPoolGrad.self) }
  }

  /// The mean of the elements of each window that lie in the input.
  public enum AvgPool: KernelOp {
    public static let signature = Signature(["value: T images"], gives: ["output: T"], averaging)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [try pooled(node, node.input(0).shape)]
    }
    public static func kernel(of node: Node) -> KernelSpecification {
      pool(.average, node, node.input(0).shape, isGradient: false)
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map {
          shapeTensor(of: node.input(0)).apply(AvgPoolGrad.self, [$0], node.attributes)
        }
      ])
    }
  }

  /// Spreads each window's gradient over its elements.
  public enum AvgPoolGrad: KernelOp {
    public static let staticInputs = [0]
    public static let signature = Signature(
      ["orig_input_shape: int32 vector", "grad: T images"], gives: ["output: T"], averaging)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let input = try node.sizes(0)?.asSizes() else { return [.ofRank(4)] }
      guard input.rank == 4 else {
        throw GraphError("orig_input_shape must be of four sizes, found \(input)")
      }
      let output = try pooled(node, input)
      guard output.isCompatible(with: node.input(1).shape) else {
        throw mismatch(node, 1, output, of: input)
      }
      return [input]
    }
    public static func kernel(of node: Node) -> KernelSpecification {
      pool(.average, node, node.output(0).shape, isGradient: true)
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([nil, upstream[0].map { $0.apply(AvgPool.self, [], node.attributes) }])
    }
  }

  private static func mismatch(
    _ node: Node, _ index: Int, _ expected: PartialShape, of input: PartialShape
  ) -> GraphError {
    GraphError(
      "windows over \(input) give the shape \(expected), found \(node.input(index).shape)",
      notes: [Graph.note("input \(index)", node.input(index))])
  }

  /// Where the greatest elements are does not change with them, so that only the third input counts.
  private static func ofChoosing(_ node: Node, _ g: Tensor?, _ op: any Op.Type) -> Gradient {
    guard let g else { return .dense([nil, nil, nil]) }
    guard node[optional: AttributeKey<[Int]>("explicit_paddings")]?.isEmpty ?? true else {
      return .unavailable("TensorFlow has none with explicit paddings")
    }
    let (x, y) = (node.input(0), node.input(1))
    let stated = node.attributes.filter { $0.key != "explicit_paddings" }
    return .dense([zerosLike(x), zerosLike(y), x.apply(op, [y, g], stated)])
  }

  private static func pooled(_ node: Node, _ input: PartialShape) throws(GraphError) -> PartialShape
  {
    let attributes = try WindowAttributes(node)
    let (_, height, width, channels) = attributes.axes
    return try attributes.outputShape(
      input, windowHeight: attributes.window?[height], windowWidth: attributes.window?[width],
      channels: input[channels])
  }

  private static func pool(
    _ kind: PoolKind, _ node: Node, _ input: PartialShape, isGradient: Bool
  ) -> KernelSpecification {
    guard let attributes = try? WindowAttributes(node), let sizes = input.fullyDefined,
      let window = attributes.window,
      let geometry = try? attributes.geometry(
        sizes, windowHeight: window[attributes.axes.height],
        windowWidth: window[attributes.axes.width], channels: sizes[attributes.axes.channels],
        perGroup: 1)
    else { preconditionFailure("\(node) has unknown sizes") }
    return .named(.pool(kind, geometry.trimmed, isGradient: isGradient))
  }
}

/// The greatest element of each window, TensorFlow's `tf.nn.max_pool2d`.
///
/// - Parameters:
///   - x: `[batch, rows, columns, channels]`, or channels first for `NCHW`.
///   - size: the window's rows and columns.
///   - strides: its steps; the size itself by default.
public func maxPool(
  _ x: Tensor, size: [Int] = [2, 2], strides: [Int]? = nil, padding: String = "VALID",
  dataFormat: String = "NHWC", name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  pooled(Ops.MaxPool.self, x, size, strides, padding, dataFormat, name, SourceSite(file, line))
}

/// The mean element of each window, TensorFlow's `tf.nn.avg_pool2d`.
public func averagePool(
  _ x: Tensor, size: [Int] = [2, 2], strides: [Int]? = nil, padding: String = "VALID",
  dataFormat: String = "NHWC", name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  pooled(Ops.AvgPool.self, x, size, strides, padding, dataFormat, name, SourceSite(file, line))
}

private func pooled(
  _ op: any Op.Type, _ x: Tensor, _ size: [Int], _ strides: [Int]?, _ padding: String,
  _ format: String, _ name: String?, _ site: SourceSite
) -> Tensor {
  x.apply(
    op, [], name: name,
    [
      "ksize": spread(size, format), "strides": spread(strides ?? size, format),
      "padding": padding.attribute, "data_format": format.attribute,
    ], site: site)
}
