import GraphCore
import TensorCore

extension Ops {
  /// The value cut into equal parts along an axis.
  public enum Split: CompositeOp, MovingOp {
    /// The number of parts.
    public static let count = AttributeKey<Int>("num_split")
    public static let signature = Signature(
      ["split_dim: int32 scalar", "value: T"], gives: ["output: num_split * T"],
      [.int("num_split"), .type("T")])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let count = node[count]
      guard var sizes = node.input(1).shape.dimensions else {
        return Array(repeating: .unknown, count: count)
      }
      guard let axis = node.sizes(0)?.known?.first else {
        return Array(repeating: .ofRank(sizes.count), count: count)
      }
      let place = try normalized(axes: [axis], rank: sizes.count)[0]
      if let size = sizes[place] {
        guard count >= 1, size.isMultiple(of: count) else {
          throw GraphError("\(size) rows along axis \(axis) do not make \(count) equal parts")
        }
        sizes[place] = size / count
      }
      return Array(repeating: PartialShape(sizes), count: count)
    }

    public static func expand(_ node: Node) -> [Tensor] {
      parts(of: node, value: node.input(1), axis: node.sizes(0))
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([nil, rejoined(filled(upstream, of: node), node.input(0))])
    }
  }

  /// The value cut into parts of given sizes along an axis; one size may be −1.
  public enum SplitV: CompositeOp, MovingOp {
    /// The number of parts.
    public static let count = AttributeKey<Int>("num_split")
    public static let signature = Signature(
      ["value: T", "size_splits: Tlen vector", "split_dim: int32 scalar"],
      gives: ["output: num_split * T"],
      [.int("num_split"), .type("T"), .type("Tlen", .indices, default: .int64)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let count = node[count]
      guard let input = node.input(0).shape.dimensions else {
        return Array(repeating: .unknown, count: count)
      }
      guard let axis = node.sizes(2)?.known?.first, let wanted = node.sizes(1) else {
        return Array(repeating: .ofRank(input.count), count: count)
      }
      let place = try normalized(axes: [axis], rank: input.count)[0]
      guard wanted.elements.count == count else {
        throw GraphError("\(count) sizes are expected, found \(wanted.elements.count)")
      }
      var sizes = wanted.elements
      if let known = wanted.known, let size = input[place] {
        let stated = known.filter { $0 != -1 }.reduce(0, +)
        guard known.filter({ $0 == -1 }).count <= 1, known.allSatisfy({ $0 >= -1 }),
          known.contains(-1) ? stated <= size : stated == size
        else { throw GraphError("sizes \(known) do not add up to \(size) rows along axis \(axis)") }
        sizes = known.map { $0 == -1 ? size - stated : $0 }
      } else {
        sizes = sizes.map { $0 == -1 ? nil : $0 }
      }
      return sizes.map { size in
        var shape = input
        shape[place] = size
        return PartialShape(shape)
      }
    }

    public static func expand(_ node: Node) -> [Tensor] {
      parts(of: node, value: node.input(0), axis: node.sizes(2))
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([rejoined(filled(upstream, of: node), node.input(2)), nil, nil])
    }
  }

  /// The outputs of a split as slices, once all shapes are known.
  private static func parts(of node: Node, value: Tensor, axis: PartialValue?) -> [Tensor] {
    guard let rank = value.shape.rank, let axis = axis?.known?.first else {
      preconditionFailure("\(node) is expanded before its axis is known")
    }
    let place = axis < 0 ? axis + rank : axis
    var begin = [Int](repeating: 0, count: rank)
    return node.outputs.map { output in
      guard let shape = output.shape.fullyDefined else {
        preconditionFailure("\(node) is expanded before its shapes are known")
      }
      defer { begin[place] += shape[place] }
      return slice(value, begin: begin, size: shape.dimensions)
    }
  }

  /// The parts put together along an axis that may be data.
  private static func rejoined(_ parts: [Tensor], _ axis: Tensor) -> Tensor {
    if parts.count == 1 { return parts[0] }
    return parts[0].apply(
      ConcatV2.self, parts.dropFirst() + [axis], name: "concat", ["N": .int(parts.count)])
  }
}

/// The tensor cut into `count` equal parts along an axis, which counts from the end if negative.
public func split(
  _ x: Tensor, into count: Int, axis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> [Tensor] {
  if x.isPoison { return Array(repeating: x, count: count) }
  return x.graph.composed(name ?? "split", at: SourceSite(file, line)) { scope in
    let axis = x.graph.constant(axis, .int32, name: "split_dim")
    let node = x.graph.add(
      Ops.Split.self, [axis, x], name: scope, ["num_split": .int(count)])
    return (0..<count).map { node.output($0) }
  }
}

/// The tensor cut into parts of the given sizes along an axis; one size may be −1.
public func split(
  _ x: Tensor, sizes: [Int], axis: Int = 0, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> [Tensor] {
  if x.isPoison { return Array(repeating: x, count: sizes.count) }
  return x.graph.composed(name ?? "split", at: SourceSite(file, line)) { scope in
    let lengths = x.graph.constant(sizes, .int32, name: "size_splits")
    let axis = x.graph.constant(axis, .int32, name: "split_dim")
    let node = x.graph.add(
      Ops.SplitV.self, [x, lengths, axis], name: scope, ["num_split": .int(sizes.count)])
    return sizes.indices.map { node.output($0) }
  }
}
