import GraphCore
import TensorCore

extension Ops {
  /// Blocks of space as batches; what TensorFlow 1 makes of a dilated convolution.
  public enum SpaceToBatchND: CompositeOp, MovingOp {
    public static let staticInputs = [1, 2]
    public static let signature = Signature(
      ["input: T", "block_shape: Tblock_shape vector", "paddings: Tpaddings matrix"],
      gives: ["output: T"],
      [
        .type("T"), .type("Tblock_shape", .indices, default: .int32),
        .type("Tpaddings", .indices, default: .int32),
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (blocks, around) = try blocks(of: node)
      guard let blocks, var sizes = node.input(0).shape.dimensions else { return [.unknown] }
      for (axis, block) in blocks.enumerated() {
        sizes[0] = sizes[0].map { [$0, block].sizeProduct }
        guard let size = sizes[axis + 1], let around else {
          sizes[axis + 1] = nil
          continue
        }
        let padded = size + around[2 * axis] + around[2 * axis + 1]
        guard padded % block == 0 else {
          throw GraphError("axis \(axis + 1) padded to \(padded) is not made of blocks of \(block)")
        }
        sizes[axis + 1] = padded / block
      }
      return [PartialShape(sizes)]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let blocks = node.constantSizes(1) ?? []
      let around = node.constantSizes(2) ?? []
      let rank = node.input(0).shape.rank ?? 0
      var paddings = [[Int]](repeating: [0, 0], count: rank)
      for axis in blocks.indices { paddings[axis + 1] = [around[2 * axis], around[2 * axis + 1]] }
      let padded = pad(node.input(0), paddings)
      let sizes = padded.shape.fullyDefined?.dimensions ?? []
      var split = [sizes[0]]
      for (axis, block) in blocks.enumerated() { split += [sizes[axis + 1] / block, block] }
      let rest = Array(sizes[(blocks.count + 1)...])
      let inner = blocks.indices.map { 2 * $0 + 2 }
      let outer = blocks.indices.map { 2 * $0 + 1 }
      let tail = Array((2 * blocks.count + 1)..<(2 * blocks.count + 1 + rest.count))
      let moved = transpose(
        reshape(padded, to: split + rest), permutation: inner + [0] + outer + tail)
      return [reshape(moved, to: node.output(0).shape.fullyDefined?.dimensions ?? [])]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { $0.apply(BatchToSpaceND.self, [node.input(1), node.input(2)]) }, nil, nil,
      ])
    }
  }

  /// Batches as blocks of space, cropped.
  public enum BatchToSpaceND: CompositeOp, MovingOp {
    public static let staticInputs = [1, 2]
    public static let signature = Signature(
      ["input: T", "block_shape: Tblock_shape vector", "crops: Tcrops matrix"],
      gives: ["output: T"],
      [
        .type("T"), .type("Tblock_shape", .indices, default: .int32),
        .type("Tcrops", .indices, default: .int32),
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (blocks, crops) = try blocks(of: node)
      guard let blocks, var sizes = node.input(0).shape.dimensions else { return [.unknown] }
      let product = blocks.sizeProduct
      if let batch = sizes[0], batch % product != 0 {
        throw GraphError("a batch of \(batch) is not made of \(product) blocks")
      }
      sizes[0] = sizes[0].map { $0 / product }
      for (axis, block) in blocks.enumerated() {
        guard let size = sizes[axis + 1], let crops else {
          sizes[axis + 1] = nil
          continue
        }
        let left = [size, block].sizeProduct - crops[2 * axis] - crops[2 * axis + 1]
        guard left >= 0 else {
          throw GraphError("more is cropped than axis \(axis + 1) of \(node.input(0).shape) has")
        }
        sizes[axis + 1] = left
      }
      return [PartialShape(sizes)]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let blocks = node.constantSizes(1) ?? []
      let crops = node.constantSizes(2) ?? []
      let input = node.input(0).shape.fullyDefined?.dimensions ?? []
      let output = node.output(0).shape.fullyDefined?.dimensions ?? []
      let count = blocks.count
      let split = blocks + [output[0]] + Array(input[1...])
      var order = [count]
      for axis in 0..<count { order += [count + 1 + axis, axis] }
      order += Array((2 * count + 1)..<split.count)
      var joined = [output[0]]
      for (axis, block) in blocks.enumerated() { joined.append(input[axis + 1] * block) }
      joined += input[(count + 1)...]
      let whole = reshape(
        transpose(reshape(node.input(0), to: split), permutation: order), to: joined)
      var begin = [Int](repeating: 0, count: output.count)
      for axis in 0..<count { begin[axis + 1] = crops[2 * axis] }
      return [slice(whole, begin: begin, size: output)]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { $0.apply(SpaceToBatchND.self, [node.input(1), node.input(2)]) }, nil, nil,
      ])
    }
  }

  /// The sizes of blocks and what is padded around space, or cropped, as far as they are known.
  ///
  /// - Throws: `GraphError` if they do not fit the input or one another.
  private static func blocks(of node: Node) throws(GraphError) -> (blocks: [Int]?, around: [Int]?) {
    let (shape, count, matrix) = (node.input(0).shape, node.input(1).shape[0], node.input(2).shape)
    guard matrix.isCompatible(with: [count, 2]), (shape.rank ?? .max) > count ?? 0 else {
      throw GraphError(
        "blocks of shape \(node.input(1).shape) and what is around them, of shape \(matrix), do not "
          + "fit shape \(shape)")
    }
    let (blocks, around) = (node.constantSizes(1), node.constantSizes(2))
    if let blocks, let wrong = blocks.first(where: { $0 < 1 }) {
      throw GraphError("a block must be of at least 1, found \(wrong)")
    }
    if let around, let negative = around.first(where: { $0 < 0 }) {
      throw GraphError("what is around blocks must not be negative, found \(negative)")
    }
    return (blocks, around)
  }

  /// The shapes of several tensors.
  public enum ShapeN: CompositeOp, MovingOp {
    public static let signature = Signature(
      ["input: N * T"], gives: ["output: N * out_type"],
      [.int("N"), .type("T"), .type("out_type", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      node.inputs.map { [$0.shape.rank] }
    }
    public static func partialValues(of node: Node) -> [PartialValue?] {
      node.inputs.map { $0.shape.dimensions.map { PartialValue(vector: $0) } }
    }
    public static func expand(_ node: Node) -> [Tensor] {
      node.inputs.map { cast(shapeTensor(of: $0), node.output(0).dtype) }
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense(node.inputs.map { _ in nil }) }
  }

  /// Each input as it is.
  public enum IdentityN: CompositeOp, MovingOp {
    public static let signature = Signature(["input: T"], gives: ["output: T"], [.types("T")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      node.inputs.map(\.shape)
    }
    public static func partialValues(of node: Node) -> [PartialValue?] {
      node.inputs.map(\.partialValue)
    }
    public static func expand(_ node: Node) -> [Tensor] { node.inputs.map { identity($0) } }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense(upstream) }
  }

  /// Numbers at equal distances from one to another.
  public enum LinSpace: CompositeOp {
    public static let staticInputs = [2]
    public static let signature = Signature(
      ["start: T", "stop: T", "num: Tidx scalar"], gives: ["output: T"],
      [
        .type("T", [.bfloat16, .float16, .float32, .float64]),
        .type("Tidx", .indices, default: .int32),
      ])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let count = node.sizes(2)?.known?.first
      if let count, count < 1 { throw GraphError("num must be at least 1, found \(count)") }
      return [[count]]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let count = node.output(0).shape[0] ?? 1
      let (start, stop) = (node.input(0), node.input(1))
      let step = (stop - start) / Double(max(count - 1, 1))
      let graph = node.graph
      let places = range(
        graph.constant(0, .int64), graph.constant(count, .int64), graph.constant(1, .int64))
      let inner = cast(places, start.dtype) * step + start
      if count == 1 { return [inner] }
      // The last is the end itself, as in TensorFlow, not a sum that rounds to near it.
      return [
        concat([slice(inner, begin: [0], size: [count - 1]), reshape(stop, to: [1])], axis: 0)
      ]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("TensorFlow has no gradient of LinSpace") }
  }
}
