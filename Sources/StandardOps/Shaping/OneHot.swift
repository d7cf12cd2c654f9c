import GraphCore
import TensorCore

extension Ops {
  /// `on_value` where the index along a new axis equals the input's element, `off_value` elsewhere;
  /// an element outside the depth gives none.
  public enum OneHot: ElementwiseOp {
    /// The new axis in the output; −1 for the last.
    public static let axis = AttributeKey<Int>("axis")
    public static let signature = Signature(
      ["indices: TI", "depth: int32 scalar", "on_value: T scalar", "off_value: T scalar"],
      gives: ["output: T"],
      [
        .int("axis", default: -1), .type("T", .dense),
        .type("TI", [.uint8, .int8, .int32, .int64], default: .int64),
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let depth = node.sizes(1)?.elements[0]
      if let depth, depth < 0 { throw GraphError("the depth must not be negative, found \(depth)") }
      guard var sizes = node.input(0).shape.dimensions else { return [.unknown] }
      guard node[axis] >= -1, node[axis] <= sizes.count else {
        throw GraphError("axis \(node[axis]) is out of range for rank \(sizes.count + 1)")
      }
      sizes.insert(depth, at: node[axis] < 0 ? sizes.count : node[axis])
      return [PartialShape(sizes)]
    }

    public static func axes(ofInput index: Int, of node: Node) -> [Int]? {
      guard index == 0, let rank = node.output(0).shape.rank else { return nil }
      return (0..<rank).filter { $0 != place(of: node, rank) }
    }

    public static func body(_ x: ElementContext) -> Element {
      let rank = x.node.output(0).shape.rank ?? 1
      let place = x.coordinate(along: place(of: x.node, rank))
      return select(place .== x[0].cast(to: .int64), x[2], x[3])
    }

    private static func place(of node: Node, _ rank: Int) -> Int {
      node[axis] < 0 ? rank - 1 : node[axis]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("an index is not differentiable") }
  }
}

/// For each index a vector of `depth` elements along a new axis (the last by default): `on` at the
/// index, `off` elsewhere.
public func oneHot(
  _ indices: Tensor, depth: Int, on: Double = 1, off: Double = 0, axis: Int = -1,
  dtype: DType = .float32, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if indices.isPoison { return indices }
  let graph = indices.graph
  return graph.composed(name ?? "one_hot", at: SourceSite(file, line)) { scope in
    func number(_ value: Double, _ name: String) -> Tensor {
      guard let value = try? TensorValue(converting: [value], to: dtype, shape: .scalar) else {
        return graph.mistake(
          "\(value) is not a value of \(dtype)", op: "OneHot", site: SourceSite(file, line),
          beside: [indices])
      }
      return graph.constant(value, name: name)
    }
    let values = [number(on, "on_value"), number(off, "off_value")]
    let depth = graph.constant(depth, .int32, name: "depth")
    return indices.apply(
      Ops.OneHot.self, [depth] + values, name: scope, ["axis": .int(axis)])
  }
}
