import GraphCore
import TensorCore

/// An op that changes the size of images.
public protocol ResizeOp: KernelOp {
  /// Which pixels a pixel follows from.
  static var kind: ResizeKind { get }
  /// Whether it goes backwards.
  static var isGradient: Bool { get }
}

extension ResizeOp {
  /// Resizing with the node's conventions.
  public static func kernel(of node: Node) -> KernelSpecification {
    .named(
      .resize(
        kind, alignCorners: node[AttributeKey<Bool>("align_corners")],
        halfPixelCenters: node[AttributeKey<Bool>("half_pixel_centers")], isGradient: isGradient))
  }

  static func resized(_ images: PartialShape, _ size: PartialValue?) throws(GraphError)
    -> [PartialShape]
  {
    let sizes = size?.elements ?? [nil, nil]
    guard sizes.count == 2 else { throw GraphError("two sizes are expected, found \(sizes.count)") }
    if let wrong = sizes.first(where: { ($0 ?? 1) <= 0 }) ?? nil {
      throw GraphError.atRun("the size must be positive, found \(wrong)")
    }
    guard images[1] != 0, images[2] != 0, images[3] != 0 else {
      throw GraphError("images without pixels or channels, of shape \(images), cannot be resized")
    }
    return [[images[0], sizes[0], sizes[1], images[3]]]
  }
}

extension Ops {
  private static let pixels: [DType] = [
    .int8, .uint8, .int16, .uint16, .int32, .int64, .float16, .float32, .float64, .bfloat16,
  ]
  private static let conventions: [Signature.AttributeDefinition] = [
    .flag("align_corners"), .flag("half_pixel_centers"),
  ]

  /// Images of another size, each pixel a mean of its four neighbours.
  public enum ResizeBilinear: ResizeOp {
    public static let kind = ResizeKind.bilinear
    public static let isGradient = false
    public static let signature = Signature(
      ["images: T images", "size: int32 vector"], gives: ["resized_images: float32"],
      [.type("T", pixels)] + conventions)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try resized(node.input(0).shape, node.sizes(1))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { $0.apply(ResizeBilinearGrad.self, [node.input(0)], own(node)) }, nil,
      ])
    }
  }

  /// The gradient of `ResizeBilinear`.
  public enum ResizeBilinearGrad: ResizeOp {
    public static let kind = ResizeKind.bilinear
    public static let isGradient = true
    public static let signature = Signature(
      ["grads: float32 images", "original_image: T images"], gives: ["output: T"],
      [.type("T", [.float32, .float64])] + conventions)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (grads, images) = (node.input(0).shape, node.input(1).shape)
      for axis in [0, 3] {
        guard let a = grads[axis], let b = images[axis], a != b else { continue }
        throw GraphError("grads of shape \(grads) are not those of images of shape \(images)")
      }
      return [images]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("TensorFlow declares it not differentiable") }
  }

  /// Images of another size, each pixel its nearest one.
  public enum ResizeNearestNeighbor: ResizeOp {
    public static let kind = ResizeKind.nearest
    public static let isGradient = false
    public static let signature = Signature(
      ["images: T images", "size: int32 vector"], gives: ["resized_images: T"],
      [.type("T", pixels)] + conventions)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try resized(node.input(0).shape, node.sizes(1))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { dy in
          let size = slice(shapeTensor(of: node.input(0)), begin: [1], size: [2])
          return dy.apply(ResizeNearestNeighborGrad.self, [size], own(node))
        }, nil,
      ])
    }
  }

  /// The gradient of `ResizeNearestNeighbor`.
  public enum ResizeNearestNeighborGrad: ResizeOp {
    public static let kind = ResizeKind.nearest
    public static let isGradient = true
    public static let signature = Signature(
      ["grads: T images", "size: int32 vector"], gives: ["output: T"],
      [.type("T", [.float32, .float64])] + conventions)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try resized(node.input(0).shape, node.sizes(1))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { g in
          let size = slice(shapeTensor(of: node.input(0)), begin: [1], size: [2])
          return g.apply(ResizeNearestNeighbor.self, [size], own(node))
        }, nil,
      ])
    }
  }

  private static func own(_ node: Node) -> [String: Attribute] {
    node.attributes.filter { $0.key == "align_corners" || $0.key == "half_pixel_centers" }
  }

  private static let blocks: [Signature.AttributeDefinition] = [
    .type("T"), .int("block_size"), .string("data_format", default: "NHWC"),
  ]

  /// Blocks of pixels as channels.
  public enum SpaceToDepth: CompositeOp, MovingOp {
    public static let signature = Signature(["input: T"], gives: ["output: T"], blocks)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (size, x) = (try blockSize(node), node.input(0).shape)
      if let h = x[1], let w = x[2], h % size != 0 || w % size != 0 {
        throw GraphError("images of \(h) by \(w) are not made of blocks of \(size)")
      }
      return [
        [
          x[0], x[1].map { $0 / size }, x[2].map { $0 / size },
          x[3].map { [$0, size, size].sizeProduct },
        ]
      ]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let size = node[AttributeKey<Int>("block_size")]
      let s = node.output(0).shape.fullyDefined?.dimensions ?? [0, 0, 0, 0]
      let c = s[3] / (size * size)
      let parts = reshape(node.input(0), to: [s[0], s[1], size, s[2], size, c])
      return [reshape(transpose(parts, permutation: [0, 1, 3, 2, 4, 5]), to: s)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([upstream[0].map { $0.apply(DepthToSpace.self, [], node.attributes) }])
    }
  }

  /// Channels as blocks of pixels.
  public enum DepthToSpace: CompositeOp, MovingOp {
    public static let signature = Signature(["input: T"], gives: ["output: T"], blocks)
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (size, x) = (try blockSize(node), node.input(0).shape)
      if let c = x[3], c % (size * size) != 0 {
        throw GraphError("\(c) channels are not made of blocks of \(size)")
      }
      return [
        [
          x[0], x[1].map { [$0, size].sizeProduct }, x[2].map { [$0, size].sizeProduct },
          x[3].map { $0 / (size * size) },
        ]
      ]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let size = node[AttributeKey<Int>("block_size")]
      let s = node.output(0).shape.fullyDefined?.dimensions ?? [0, 0, 0, 0]
      let parts = reshape(
        node.input(0), to: [s[0], s[1] / size, s[2] / size, size, size, s[3]])
      return [reshape(transpose(parts, permutation: [0, 1, 3, 2, 4, 5]), to: s)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([upstream[0].map { $0.apply(SpaceToDepth.self, [], node.attributes) }])
    }
  }

  private static func blockSize(_ node: Node) throws(GraphError) -> Int {
    let size = node[AttributeKey<Int>("block_size")]
    guard size >= 2 else { throw GraphError("block_size must be at least 2, found \(size)") }
    guard node[AttributeKey<String>("data_format")] == "NHWC" else {
      throw GraphError.unsupported("only data_format NHWC is supported")
    }
    guard (node.input(0).shape.rank ?? 4) == 4 else {
      throw GraphError("images of rank 4 are expected, found shape \(node.input(0).shape)")
    }
    return size
  }
}
