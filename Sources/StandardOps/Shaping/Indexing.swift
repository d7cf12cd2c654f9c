import GraphCore
import TensorCore

/// What may stand between the brackets of `x[…]`, one entry for each axis: an integer (which drops
/// the axis), a range, a scalar tensor, or one of `SliceIndex`.
///
/// Negative integers count from the end, also as the bounds of one-sided ranges: `x[..<(-1)]`.
public protocol TensorIndex {
  /// The entry with its bounds spelled out.
  var sliceIndex: SliceIndex { get }
}

/// An entry of `x[…]` with its bounds spelled out.
public struct SliceIndex: TensorIndex, Sendable {
  enum Kind: Sendable {
    case index(Int)
    case tensor(Tensor)
    case range(from: Int?, to: Int?, by: Int)
    case newAxis
    case ellipsis
  }
  let kind: Kind

  /// The entry itself.
  public var sliceIndex: SliceIndex { self }
}

extension TensorIndex where Self == SliceIndex {
  /// The whole axis.
  public static var all: SliceIndex { SliceIndex(kind: .range(from: nil, to: nil, by: 1)) }
  /// A new axis of size 1.
  public static var newAxis: SliceIndex { SliceIndex(kind: .newAxis) }
  /// As many whole axes as the other entries leave.
  public static var ellipsis: SliceIndex { SliceIndex(kind: .ellipsis) }
  /// Every `step`th index from `start` up to but not including `end`, as in Python; negative steps
  /// go backwards, and a missing bound is the end of the axis.
  public static func stride(from start: Int? = nil, to end: Int? = nil, by step: Int = 1)
    -> SliceIndex
  { SliceIndex(kind: .range(from: start, to: end, by: step)) }
}

extension Int: TensorIndex {
  /// The one index, whose axis is dropped.
  public var sliceIndex: SliceIndex { SliceIndex(kind: .index(self)) }
}

extension Tensor: TensorIndex {
  /// The one index, an `int32` or `int64` scalar, whose axis is dropped.
  public var sliceIndex: SliceIndex { SliceIndex(kind: .tensor(self)) }
}

extension Range: TensorIndex where Bound == Int {
  /// The indices from the lower bound up to but not including the upper.
  public var sliceIndex: SliceIndex { .stride(from: lowerBound, to: upperBound) }
}

extension ClosedRange: TensorIndex where Bound == Int {
  /// The indices from the lower to the upper bound.
  public var sliceIndex: SliceIndex {
    // One beyond the last index is not 0 but the end.
    .stride(from: lowerBound, to: upperBound == -1 ? nil : upperBound + 1)
  }
}

extension PartialRangeFrom: TensorIndex where Bound == Int {
  /// The indices from the lower bound on.
  public var sliceIndex: SliceIndex { .stride(from: lowerBound) }
}

extension PartialRangeUpTo: TensorIndex where Bound == Int {
  /// The indices up to but not including the upper bound.
  public var sliceIndex: SliceIndex { .stride(to: upperBound) }
}

extension PartialRangeThrough: TensorIndex where Bound == Int {
  /// The indices up to the upper bound.
  public var sliceIndex: SliceIndex {
    .stride(to: upperBound == -1 ? nil : upperBound + 1)
  }
}

extension Tensor {
  /// A part of the tensor, as Python indexes it: `x[0]`, `x[1..<3, .ellipsis, .newAxis]`,
  /// `x[.stride(by: -1)]`. Axes that have no entry are taken whole.
  public subscript<each Index: TensorIndex>(_ index: repeat each Index) -> Tensor {
    var entries: [SliceIndex] = []
    for entry in repeat each index { entries.append(entry.sliceIndex) }
    return stridedSlice(self, entries)
  }
}

/// A part of a tensor given by any number of entries; the function behind `x[…]`.
public func stridedSlice(
  _ x: Tensor, _ entries: [SliceIndex], name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  var specification = SliceSpecification()
  for entry in entries { specification.append(entry.kind) }
  if let poison = specification.tensors.first(where: \.isPoison) { return poison }
  return x.graph.composed(name ?? "strided_slice", at: SourceSite(file, line)) { scope in
    let vectors = specification.vectors(in: x.graph)
    return x.apply(Ops.StridedSlice.self, vectors, name: scope, specification.masks)
  }
}

/// Bounds and masks under construction.
private struct SliceSpecification {
  private enum Bound {
    case number(Int)
    case tensor(Tensor)
    case following(Tensor)
  }
  private var begin: [Bound] = []
  private var end: [Bound] = []
  private var strides: [Int] = []
  private(set) var masks: [String: Attribute] = [:]
  private(set) var tensors: [Tensor] = []

  private mutating func mark(_ mask: String) {
    let bits = masks[mask].flatMap { Int($0) } ?? 0
    masks[mask] = .int(bits | 1 << begin.count)
  }

  mutating func append(_ kind: SliceIndex.Kind) {
    var (first, last) = (Bound.number(0), Bound.number(0))
    var step = 1
    switch kind {
    case .index(let index):
      mark("shrink_axis_mask")
      first = .number(index)
      // TensorFlow writes the end of the last element as 0, which a dropped axis does not look at.
      last = .number(index + 1)
    case .tensor(let tensor):
      mark("shrink_axis_mask")
      tensors.append(tensor)
      (first, last) = (.tensor(tensor), .following(tensor))
    case .range(let from, let to, let by):
      step = by
      if let from { first = .number(from) } else { mark("begin_mask") }
      if let to { last = .number(to) } else { mark("end_mask") }
    case .newAxis: mark("new_axis_mask")
    case .ellipsis: mark("ellipsis_mask")
    }
    begin.append(first)
    end.append(last)
    strides.append(step)
  }

  /// The three vectors: constants, or packed where an entry is a tensor.
  func vectors(in graph: Graph) -> [Tensor] {
    let dtype = tensors.first?.dtype ?? .int32
    func vector(_ bounds: [Bound], _ name: String) -> Tensor {
      let numbers = bounds.compactMap { if case .number(let n) = $0 { n } else { nil } }
      if numbers.count == bounds.count { return graph.constant(numbers, dtype, name: name) }
      let elements = bounds.map { bound in
        switch bound {
        case .number(let number): graph.constant(number, dtype)
        case .tensor(let tensor): tensor
        case .following(let tensor): tensor + graph.constant(1, dtype)
        }
      }
      return stack(elements, name: name)
    }
    return [
      vector(begin, "stack"), vector(end, "stack_1"),
      vector(strides.map { .number($0) }, "stack_2"),
    ]
  }
}
