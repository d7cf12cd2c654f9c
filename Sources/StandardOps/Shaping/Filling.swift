import GraphCore
import TensorCore

extension Ops {
  /// One element repeated to fill a shape.
  public enum Fill: ViewOp {
    public static let signature = Signature(
      ["dims: index_type vector", "value: T scalar"], gives: ["output: T"],
      [.type("T"), .type("index_type", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      if let known = node.sizes(0) { return [try known.asSizes()] }
      return [node.input(0).shape[0].map { .ofRank($0) } ?? .unknown]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let shape = node.output(0).shape.fullyDefined, shape.rank <= 1,
        shape.count <= PartialValue.longest, let value = node.partialValue(1)?.elements[0]
      else { return [nil] }
      return [
        shape.rank == 0
          ? PartialValue(scalar: value)
          : PartialValue(vector: Array(repeating: value, count: shape.count))
      ]
    }

    public static func view(of node: Node) -> View? {
      node.output(0).shape.fullyDefined.map { ViewPiece.whole($0, of: 1, []) }
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil, upstream[0].map { reduceSum($0) }]) }
  }

  /// `start, start + delta, …` up to but not including `limit`.
  public enum Range: ElementwiseOp {
    public static let signature = Signature(
      ["start: Tidx scalar", "limit: Tidx scalar", "delta: Tidx scalar"], gives: ["output: Tidx"],
      [.type("Tidx", .reals.filter { $0 != .uint8 }, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      if let count = try count(of: node) { return [[count]] }
      return [[nil]]
    }

    private static func count(of node: Node) throws(GraphError) -> Int? {
      var numbers: [Double] = []
      for index in 0..<3 {
        if let known = node.partialValue(index)?.known?.first {
          numbers.append(Double(known))
        } else if let number = node.constantValue(index)?.doubles?.first {
          numbers.append(number)
        } else {
          return nil
        }
      }
      let (start, limit, delta) = (numbers[0], numbers[1], numbers[2])
      guard delta != 0, delta > 0 ? start <= limit : start >= limit else {
        throw GraphError("\(limit) cannot be reached from \(start) in steps of \(delta)")
      }
      let count = ((limit - start) / delta).rounded(.up)
      guard count <= 2_147_483_647 else { throw GraphError("\(count) elements are too many") }
      return Int(count)
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let start = node.partialValue(0)?.known?.first,
        let delta = node.partialValue(2)?.known?.first,
        let count = node.output(0).shape.count, count <= PartialValue.longest
      else { return [nil] }
      // Beyond 64 bits the elements wrap, as the values do.
      return [PartialValue(vector: (0..<count).map { start &+ $0 &* delta })]
    }

    public static func body(_ x: ElementContext) -> Element {
      x[0] + x.coordinate(along: 0).cast(to: x[0].dtype) * x[2]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a range is not differentiable") }
  }
}

/// One element repeated to fill a shape; TensorFlow's `fill`.
public func fill(
  _ shape: Tensor, with value: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor { shape.apply(Ops.Fill.self, [value], name: name, site: SourceSite(file, line)) }

/// `start, start + delta, …` up to but not including `limit`; TensorFlow's `range`.
public func range(
  _ start: Tensor, _ limit: Tensor, _ delta: Tensor, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  start.apply(Ops.Range.self, [limit, delta], name: name ?? "range", site: SourceSite(file, line))
}

/// Vectors interleaved by index; TensorFlow's `dynamic_stitch`.
public func dynamicStitch(
  _ indices: [Tensor], _ data: [Tensor], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  guard let first = indices.first else {
    preconditionFailure("dynamicStitch of no tensors")
  }
  return first.apply(
    Ops.DynamicStitch.self, indices.dropFirst() + data, name: name, ["N": .int(indices.count)],
    site: SourceSite(file, line))
}
