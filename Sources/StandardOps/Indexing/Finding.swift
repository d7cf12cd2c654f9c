import GraphCore
import TensorCore

extension Ops {
  /// The greatest elements along the last axis, the greatest first, and their indices; of equal ones
  /// the first comes first.
  public enum TopKV2: KernelOp {
    public static let signature = Signature(
      ["input: T", "k: Tk scalar"], gives: ["values: T", "indices: index_type"],
      [
        .flag("sorted", default: true), .type("T", .reals),
        .type("Tk", [.int16, .int32, .int64], default: .int32),
        .type("index_type", .indices, default: .int32),
      ])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard var sizes = node.input(0).shape.dimensions else { return [.unknown, .unknown] }
      guard let last = sizes.popLast() else {
        throw GraphError("a vector or more is expected, found a scalar")
      }
      let k = node.sizes(1)?.known?.first
      if let k, let last, k < 0 || k > last {
        throw GraphError("\(k) elements are asked for, there are \(last)")
      }
      let shape = PartialShape(sizes + [k])
      return [shape, shape]
    }
    public static func kernel(of node: Node) -> KernelSpecification { .named(.topK) }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil]) }
      // Row by row, the chosen elements have their gradients, the others none.
      let (x, graph) = (node.input(0), node.graph)
      let count = product(ofSizes: leadingSizes(of: x))
      let rows = reshape(
        cast(node.output(1), .int32), to: stack([count, lastSize(of: node.output(0))]))
      let numbers = range(graph.constant(0, .int32), count, graph.constant(1, .int32))
      let places = reshape(
        rows + expandDimensions(numbers * lastSize(of: x), axis: -1), to: [-1])
      let flat = unsortedSegmentSum(reshape(dy, to: [-1]), places, count: size(of: x))
      return .dense([reshape(flat, to: shapeTensor(of: x)), nil])
    }
  }

  /// The indices of all elements that are true or not zero.
  public enum Where: DataOp {
    public static let signature = Signature(
      ["input: T"], gives: ["index: int64"], [.type("T", .dense, default: .bool)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [PartialShape([nil, node.input(0).shape.rank])]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let strides = inputs[0].shape.strides
      guard !strides.isEmpty else { throw GraphError("a scalar has no indices") }
      var rows: [Int64] = []
      for (place, number) in (inputs[0].doubles ?? []).enumerated() where number != 0 {
        var rest = place
        for stride in strides {
          rows.append(Int64(rest / stride))
          rest %= stride
        }
      }
      let rank = strides.count
      guard let value = try? TensorValue(rows, shape: [rows.count / rank, rank]) else { return [] }
      return [value]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("indices are integers, which have no derivative") }
  }

  /// The distinct elements of a vector in the order in which they appear, and where each element is
  /// among them.
  public enum Unique: DataOp {
    public static let signature = Signature(
      ["x: T vector"], gives: ["y: T", "idx: out_idx"],
      [.type("T"), .type("out_idx", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [[nil], node.input(0).shape]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let found = try distinct(inputs[0])
      return [
        found.values, try indices(found.places, as: node.output(1).dtype),
      ]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("which elements are distinct has no derivative") }
  }

  /// `Unique` with how often each element appears.
  public enum UniqueWithCounts: DataOp {
    public static let signature = Signature(
      ["x: T vector"], gives: ["y: T", "idx: out_idx", "count: out_idx"],
      [.type("T"), .type("out_idx", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [[nil], node.input(0).shape, [nil]]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let found = try distinct(inputs[0])
      var counts = [Int](repeating: 0, count: found.values.count)
      for place in found.places { counts[place] += 1 }
      let dtype = node.output(1).dtype
      return [found.values, try indices(found.places, as: dtype), try indices(counts, as: dtype)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("which elements are distinct has no derivative") }
  }

  /// The elements of a vector that another one does not hold, and their places in it.
  public enum ListDiff: DataOp {
    public static let signature = Signature(
      ["x: T", "y: T"], gives: ["out: T", "idx: out_idx"],
      [.type("T"), .type("out_idx", .indices, default: .int32)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [[nil], [nil]]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      guard inputs.allSatisfy({ $0.shape.rank == 1 }) else {
        throw GraphError(
          "two vectors are expected, found shapes \(inputs[0].shape) and \(inputs[1].shape)")
      }
      let dropped = Set(inputs[1].slices)
      let kept = inputs[0].slices.enumerated().filter { !dropped.contains($0.element) }
      let places = try indices(kept.map(\.offset), as: node.output(1).dtype)
      do throws(TensorError) {
        return [
          try TensorValue.tensorValue(of: kept.map(\.element), as: inputs[0].dtype), places,
        ]
      } catch {
        throw GraphError("\(error)")
      }
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("which elements differ has no derivative") }
  }

  private static func indices(_ numbers: [Int], as dtype: DType) throws(GraphError) -> TensorValue {
    do throws(TensorError) {
      return try TensorValue(integers: numbers, as: dtype, shape: [numbers.count])
    } catch {
      throw GraphError("\(error)")
    }
  }

  private static func distinct(_ value: TensorValue) throws(GraphError) -> (
    values: TensorValue, places: [Int]
  ) {
    guard value.shape.rank == 1 else {
      throw GraphError("a vector is expected, found shape \(value.shape)")
    }
    var seen: [TensorValue: Int] = [:]
    var kept: [TensorValue] = []
    var places: [Int] = []
    for element in value.slices {
      if let place = seen[element] {
        places.append(place)
      } else {
        seen[element] = kept.count
        places.append(kept.count)
        kept.append(element)
      }
    }
    do throws(TensorError) {
      return (try TensorValue.tensorValue(of: kept, as: value.dtype), places)
    } catch {
      throw GraphError("\(error)")
    }
  }
}

/// The greatest `k` elements along the last axis, the greatest first, and their indices.
public func topK(
  _ x: Tensor, k: Int, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> (values: Tensor, indices: Tensor) {
  if x.isPoison { return (x, x) }
  let node = x.graph.at(SourceSite(file, line)) {
    x.graph.add(
      Ops.TopKV2.self, [x, x.graph.constant(k, .int32, name: (name ?? "TopKV2") + "/k")],
      name: name)
  }
  return node.isPoison ? (x.graph.poison, x.graph.poison) : (node.output(0), node.output(1))
}
