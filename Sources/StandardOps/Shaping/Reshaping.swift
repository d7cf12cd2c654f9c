import GraphCore
import TensorCore

extension Ops {
  /// The same elements under another shape, of which one size may be −1.
  public enum Reshape: ViewOp {
    public static let signature = Signature(
      ["tensor: T", "shape: Tshape vector"], gives: ["output: T"],
      [.type("T"), .type("Tshape", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let wanted = node.sizes(1) else {
        return [node.input(1).shape[0].map { .ofRank($0) } ?? .unknown]
      }
      let input = node.input(0).shape
      // Only a known −1 is to be inferred; an element that is not known yet stays unknown.
      guard wanted.elements.filter({ $0 == -1 }).count <= 1 else {
        throw GraphError("at most one size may be −1, found \(wanted.elements.map { $0 ?? -2 })")
      }
      var sizes = wanted.elements
      guard let known = wanted.known else { return [wanted.asShape] }
      if let negative = known.first(where: { $0 < -1 }) {
        throw GraphError("a size must not be negative, found \(negative) in \(known)")
      }
      let product = known.filter { $0 != -1 }.sizeProduct
      if let inferred = known.firstIndex(of: -1) {
        sizes[inferred] = nil
        if let count = input.count {
          guard product > 0 ? count.isMultiple(of: product) : count == 0 else {
            throw GraphError(
              "\(count) elements of shape \(input) do not fit into \(known)")
          }
          sizes[inferred] = product > 0 ? count / product : sizeBesideZero(input, known)
        } else if let dimensions = input.dimensions {
          sizes[inferred] = sizeOfTheOnlyUnknown(dimensions, product)
        }
      } else if let count = input.count, count != product {
        throw GraphError("\(count) elements of shape \(input) do not fit into \(known)")
      }
      return [PartialShape(sizes)]
    }

    /// `[?, 4, 5]` reshaped to `[-1, 20]` keeps an unknown size; nothing more can be said.
    private static func sizeOfTheOnlyUnknown(_ dimensions: [Int?], _ product: Int) -> Int? {
      dimensions.contains(0) && product > 0 ? 0 : nil
    }

    /// `[3, 2, 0]` reshaped to `[3, -1, 0]`: as TensorFlow, what the sizes other than 0 leave.
    private static func sizeBesideZero(_ input: PartialShape, _ wanted: [Int]) -> Int {
      let given = (input.dimensions ?? []).map { max($0 ?? 1, 1) }.sizeProduct
      return given / wanted.map { max($0, 1) }.sizeProduct
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let value = node.partialValue(0), let rank = node.output(0).shape.rank, rank <= 1
      else { return [nil] }
      return [
        rank == 0
          ? PartialValue(scalar: value.elements.first ?? nil) : PartialValue(vector: value.elements)
      ]
    }

    public static func view(of node: Node) -> View? { .reshape }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([upstream[0].map { reshape($0, to: shapeTensor(of: node.input(0))) }, nil])
    }
  }

  /// The same elements with a new dimension of size 1.
  public enum ExpandDims: ViewOp {
    public static let signature = Signature(
      ["input: T", "dim: Tdim"], gives: ["output: T"],
      [.type("T"), .type("Tdim", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard (node.input(1).shape.count ?? 1) == 1 else {
        throw GraphError("dim must be one number, found shape \(node.input(1).shape)")
      }
      guard var sizes = node.input(0).shape.dimensions else { return [.unknown] }
      guard let axis = node.sizes(1)?.known?.first else {
        return [.ofRank(sizes.count + 1)]
      }
      guard axis >= -sizes.count - 1, axis <= sizes.count else {
        throw GraphError("axis \(axis) is out of range for rank \(sizes.count)")
      }
      sizes.insert(1, at: axis < 0 ? axis + sizes.count + 1 : axis)
      return [PartialShape(sizes)]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let value = node.partialValue(0), value.isScalar else { return [nil] }
      return [PartialValue(vector: value.elements)]
    }

    public static func view(of node: Node) -> View? { .reshape }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([upstream[0].map { reshape($0, to: shapeTensor(of: node.input(0))) }, nil])
    }
  }

  /// The input repeated along dimensions of size 1 to fill a shape.
  public enum BroadcastTo: ViewOp {
    public static let signature = Signature(
      ["input: T", "shape: Tidx vector"], gives: ["output: T"],
      [.type("T"), .type("Tidx", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let wanted = try node.sizes(1)?.asSizes() else {
        return [node.input(1).shape[0].map { .ofRank($0) } ?? .unknown]
      }
      let input = node.input(0).shape
      if let both = PartialShape.broadcast(input, wanted), both.isCompatible(with: wanted) {
        return [wanted]
      }
      throw GraphError("shape \(input) does not broadcast to \(wanted)")
    }

    public static func view(of node: Node) -> View? {
      guard let output = node.output(0).shape.fullyDefined,
        let input = node.input(0).shape.fullyDefined
      else { return nil }
      let missing = output.rank - input.rank
      let axes = input.dimensions.enumerated().map { axis, size in
        AffineIndex(along: size == 1 ? nil : axis + missing, rank: output.rank)
      }
      return ViewPiece.whole(output, of: 0, axes)
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { sumToShape($0, of: node.input(0), beside: node.output(0)) }, nil,
      ])
    }
  }
}

/// The same elements under another shape, of which one size may be −1 to be inferred.
public func reshape(
  _ x: Tensor, to shape: [Int], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.at(SourceSite(file, line)) {
    reshape(
      x, to: x.graph.constant(shape, .int32, name: (name ?? "Reshape") + "/shape"), name: name)
  }
}

/// The same elements under a shape that is itself a tensor.
public func reshape(
  _ x: Tensor, to shape: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor { x.apply(Ops.Reshape.self, [shape], name: name, site: SourceSite(file, line)) }

/// The same elements with a new dimension of size 1 at `axis`; TensorFlow's `expand_dims`.
public func expandDimensions(
  _ x: Tensor, axis: Int, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.at(SourceSite(file, line)) {
    let dim = x.graph.constant(axis, .int32, name: (name ?? "ExpandDims") + "/dim")
    return x.apply(Ops.ExpandDims.self, [dim], name: name)
  }
}

/// The tensor repeated along dimensions of size 1 to fill a shape; TensorFlow's `broadcast_to`.
public func broadcast(
  _ x: Tensor, to shape: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor { x.apply(Ops.BroadcastTo.self, [shape], name: name, site: SourceSite(file, line)) }
