import GraphCore
import TensorCore

extension Ops {
  /// Values of one shape side by side along a new axis.
  public enum Pack: ViewOp {
    /// The new axis in the output.
    public static let axis = AttributeKey<Int>("axis")
    public static let signature = Signature(
      ["values: N * T"], gives: ["output: T"], [.int("N"), .type("T"), .int("axis", default: 0)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let values = node.inputs
      var shape = PartialShape.unknown
      for value in values {
        guard let merged = shape.merged(with: value.shape) else {
          throw GraphError(
            "only tensors of one shape can be stacked, found \(values[0].shape) and "
              + "\(value.shape)",
            notes: [Graph.note("value", values[0]), Graph.note("beside", value)])
        }
        shape = merged
      }
      guard var sizes = shape.dimensions else { return [.unknown] }
      let place = try normalized(axes: [node[axis]], rank: sizes.count + 1)[0]
      sizes.insert(values.count, at: place)
      return [PartialShape(sizes)]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      let values = node.inputs.map(\.partialValue)
      guard node.output(0).shape.rank == 1, values.contains(where: { $0 != nil }) else {
        return [nil]
      }
      return [PartialValue(vector: values.map { $0?.elements[0] })]
    }

    public static func view(of node: Node) -> View? {
      guard let output = node.output(0).shape.fullyDefined else { return nil }
      let place = node[axis] < 0 ? node[axis] + output.rank : node[axis]
      let axes = (0..<output.rank).filter { $0 != place }
        .map { AffineIndex(along: $0, rank: output.rank) }
      var extents = output.dimensions
      extents[place] = 1
      return .pieces(
        node.inputs.indices.map { index in
          var lower = [Int](repeating: 0, count: output.rank)
          lower[place] = index
          return ViewPiece(lower: lower, extents: extents, source: .input(index, axes))
        })
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let count = node.inputs.count
      guard let dy = upstream[0] else { return .dense(Array(repeating: nil, count: count)) }
      return .dense(unstack(dy, count: count, axis: node[axis]))
    }
  }

  /// The slices of a value along an axis, without it.
  public enum Unpack: CompositeOp, MovingOp {
    /// The axis that goes.
    public static let axis = AttributeKey<Int>("axis")
    /// The number of slices.
    public static let count = AttributeKey<Int>("num")
    public static let signature = Signature(
      ["value: T"], gives: ["output: num * T"],
      [.int("num"), .type("T"), .int("axis", default: 0)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard var sizes = node.input(0).shape.dimensions else {
        return Array(repeating: .unknown, count: node[count])
      }
      let place = try normalized(axes: [node[axis]], rank: sizes.count)[0]
      guard (sizes[place] ?? node[count]) == node[count] else {
        throw GraphError(
          "\(node[count]) slices are asked for along axis \(node[axis]) of \(node.input(0).shape)")
      }
      sizes.remove(at: place)
      return Array(repeating: PartialShape(sizes), count: node[count])
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let value = node.partialValue(0), !value.isScalar else { return [] }
      return value.elements.map { PartialValue(scalar: $0) }
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let x = node.input(0)
      guard let rank = x.shape.rank else { preconditionFailure("Unpack of unknown rank") }
      let place = node[axis] < 0 ? node[axis] + rank : node[axis]
      return (0..<node[count]).map { index in
        var begin = [Int](repeating: 0, count: rank)
        var size = [Int](repeating: -1, count: rank)
        begin[place] = index
        size[place] = 1
        return squeeze(slice(x, begin: begin, size: size), axes: [place])
      }
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([stack(filled(upstream, of: node), axis: node[axis])])
    }
  }

  /// The gradients with respect to all outputs of a node, zeros for those that have none.
  static func filled(_ upstream: [Tensor?], of node: Node) -> [Tensor] {
    zip(upstream, node.outputs).map { $0 ?? zerosLike($1) }
  }
}

/// Tensors of one shape side by side along a new axis, which counts from the end if negative.
public func stack(
  _ values: [Tensor], axis: Int = 0, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  guard let first = values.first else { preconditionFailure("stack of no tensors") }
  return first.apply(
    Ops.Pack.self, Array(values.dropFirst()), name: name ?? "stack",
    ["N": .int(values.count), "axis": .int(axis)], site: SourceSite(file, line))
}

/// The slices of a tensor along an axis, without it.
///
/// - Parameter count: how many there are; needed only where the size of the axis is not known.
public func unstack(
  _ x: Tensor, count: Int? = nil, axis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> [Tensor] {
  let site = SourceSite(file, line)
  let known = x.shape.rank.flatMap { x.shape[axis < 0 ? axis + $0 : axis] }
  guard let count = count ?? known else {
    if !x.isPoison {
      _ = x.graph.mistake(
        "the size of axis \(axis) of \(x.shape) is not known; say how many slices there are",
        op: "Unpack", name: name, site: site, beside: [x])
    }
    return []
  }
  let node = x.graph.add(
    Ops.Unpack.self, [x], name: name ?? "unstack", ["num": .int(count), "axis": .int(axis)],
    site: site)
  return (0..<count).map { node.output($0) }
}
