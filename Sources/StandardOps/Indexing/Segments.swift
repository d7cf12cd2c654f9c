import GraphCore
import TensorCore

/// An op that combines slices that have the same segment number.
public protocol SegmentOp: KernelOp {
  /// How they are combined.
  static var combination: SegmentCombination { get }
}

extension SegmentOp {
  /// Whether the numbers are sorted and the last tells how many there are.
  static var isSorted: Bool { signature.inputs.count == 2 }
  /// The segments' slices.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let (data, ids) = (node.input(0).shape, node.input(1).shape)
    let count: Int?
    if isSorted {
      let numbers = node.constantSizes(1)
      if let numbers, zip(numbers, numbers.dropFirst()).contains(where: { $0 > $1 }) {
        throw GraphError.atRun("segment numbers must be sorted, found \(numbers)")
      }
      if let least = numbers?.first, least < 0 {
        throw GraphError.atRun("segment numbers must not be negative, found \(least)")
      }
      count = numbers.map { ($0.last ?? -1) + 1 }
    } else {
      count = node.sizes(2)?.known?.first
      if let count, count < 0 {
        throw GraphError("num_segments must not be negative, found \(count)")
      }
    }
    guard let sizes = data.dimensions, let rank = ids.rank else { return [.unknown] }
    guard rank <= sizes.count, PartialShape(Array(sizes[..<rank])).isCompatible(with: ids) else {
      throw GraphError("segment numbers of shape \(ids) do not fit data of shape \(data)")
    }
    return [PartialShape([count] + Array(sizes[rank...]))]
  }
  /// Combining by segment.
  public static func kernel(of node: Node) -> KernelSpecification {
    .named(.segment(combination, isSorted: isSorted))
  }
  /// For sums, each slice has its segment's gradient; for the others a part of it.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    let others: [Tensor?] = Array(repeating: nil, count: node.inputs.count - 1)
    guard let dy = upstream[0] else { return .dense([nil] + others) }
    let (data, ids) = (node.input(0), node.input(1))
    let numbers = Array(node.inputs.dropFirst())
    func own(_ segments: Tensor) -> Tensor { gather(segments, maximum(ids, zerosLike(ids))) }
    /// The gradient of a slice whose number is negative, and which is dropped, is zero.
    func kept(_ gradient: Tensor) -> Tensor {
      if isSorted { return gradient }
      return select(spread(ids .>= 0, over: data), gradient, zerosLike(gradient))
    }
    func sum(_ slices: Tensor) -> Tensor {
      slices.apply(isSorted ? Ops.SegmentSum.self : Ops.UnsortedSegmentSum.self, numbers)
    }
    let dx: Tensor
    switch combination {
    case .sum: dx = kept(own(dy))
    case .mean:
      let counts = sum(fill(shapeTensor(of: ids), with: data.constant(1)))
      dx = own(dy) * spread(gather(1 / counts, ids), over: data)
    case .minimum, .maximum:
      let isChosen = data .== own(node.output(0))
      let count = sum(cast(isChosen, data.dtype))
      dx = kept(select(isChosen, own(dy / count), zerosLike(data)))
    case .product:
      // The product of the others: what all but zeros make, unless there are two zeros or more.
      let isZero = data .== zerosLike(data)
      let nonzero = select(isZero, onesLike(data), data)
      let rest = nonzero.apply(
        isSorted ? Ops.SegmentProd.self : Ops.UnsortedSegmentProd.self, numbers)
      let least = select(sum(cast(isZero, .int32)) .> 1, zerosLike(dy), dy)
      let quotient = own(node.output(0)) / nonzero
      dx = kept(own(least)) * select(isZero, own(rest), quotient)
    }
    return .dense([dx] + others)
  }
}

extension Ops {
  private static let sorted: [Signature.AttributeDefinition] = [
    .type("T", .reals), .type("Tindices", .indices),
  ]
  private static let unsorted: [Signature.AttributeDefinition] = [
    .type("T", .reals), .type("Tindices", .indices),
    .type("Tnumsegments", .indices, default: .int32),
  ]

  /// Sums of neighbouring slices with the same number.
  public enum SegmentSum: SegmentOp {
    public static let combination = SegmentCombination.sum
    public static let signature = Signature(
      ["data: T", "segment_ids: Tindices vector"], gives: ["output: T"], sorted)
  }
  /// Means of neighbouring slices with the same number.
  public enum SegmentMean: SegmentOp {
    public static let combination = SegmentCombination.mean
    public static let signature = SegmentSum.signature
  }
  /// Products of neighbouring slices with the same number.
  public enum SegmentProd: SegmentOp {
    public static let combination = SegmentCombination.product
    public static let signature = SegmentSum.signature
  }
  /// The least elements of neighbouring slices with the same number.
  public enum SegmentMin: SegmentOp {
    public static let combination = SegmentCombination.minimum
    public static let signature = SegmentSum.signature
  }
  /// The greatest elements of neighbouring slices with the same number.
  public enum SegmentMax: SegmentOp {
    public static let combination = SegmentCombination.maximum
    public static let signature = SegmentSum.signature
  }
  /// Sums of slices with the same number, negative ones dropped.
  public enum UnsortedSegmentSum: SegmentOp {
    public static let combination = SegmentCombination.sum
    public static let signature = Signature(
      ["data: T", "segment_ids: Tindices", "num_segments: Tnumsegments scalar"],
      gives: ["output: T"],
      unsorted)
  }
  /// Products of slices with the same number, negative ones dropped.
  public enum UnsortedSegmentProd: SegmentOp {
    public static let combination = SegmentCombination.product
    public static let signature = UnsortedSegmentSum.signature
  }
  /// The least elements of slices with the same number, negative ones dropped.
  public enum UnsortedSegmentMin: SegmentOp {
    public static let combination = SegmentCombination.minimum
    public static let signature = UnsortedSegmentSum.signature
  }
  /// The greatest elements of slices with the same number, negative ones dropped.
  public enum UnsortedSegmentMax: SegmentOp {
    public static let combination = SegmentCombination.maximum
    public static let signature = UnsortedSegmentSum.signature
  }
}

/// Sums of slices that have the same number, TensorFlow's `tf.math.unsorted_segment_sum`.
///
/// - Parameters:
///   - ids: a number for each leading index of `data`; what has a negative one is dropped.
///   - count: the number of segments, a scalar.
public func unsortedSegmentSum(
  _ data: Tensor, _ ids: Tensor, count: Tensor, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  data.apply(Ops.UnsortedSegmentSum.self, [ids, count], name: name, site: SourceSite(file, line))
}
