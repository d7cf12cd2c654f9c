import TensorCore

/// A box cut out of a tensor: what one part of a partitioned variable holds.
public struct TensorSlice: Sendable, Hashable, CustomStringConvertible {
  /// What of one dimension belongs to the slice.
  public struct Extent: Sendable, Hashable {
    /// The first index.
    public let start: Int
    /// How many indices; nil for the whole dimension.
    public let length: Int?

    /// The indices from `start` on.
    public init(start: Int, length: Int?) {
      self.start = start
      self.length = length
    }
  }

  /// One extent for each dimension.
  public let extents: [Extent]

  /// A slice of the given extents.
  public init(_ extents: [Extent]) { self.extents = extents }

  /// All of a tensor of that rank.
  init(wholeOfRank rank: Int) {
    extents = Array(repeating: Extent(start: 0, length: nil), count: rank)
  }

  init(_ proto: TFTensorSliceProto) {
    extents = proto.extent.map { extent in
      guard case .length(let length)? = extent.hasLengthHack_p else {
        return Extent(start: Int(extent.start), length: nil)
      }
      return Extent(start: Int(extent.start), length: Int(length))
    }
  }

  var proto: TFTensorSliceProto {
    var proto = TFTensorSliceProto()
    proto.extent = extents.map { extent in
      var message = TFTensorSliceProto.Extent()
      message.start = Int64(extent.start)
      if let length = extent.length { message.length = Int64(length) }
      return message
    }
    return proto
  }

  /// As TensorFlow's saver writes it, `0,3:-`: start and length of each dimension, or `-` for all of it.
  public var description: String {
    extents.map { extent in extent.length.map { "\(extent.start),\($0)" } ?? "-" }
      .joined(separator: ":")
  }

  /// The slice of a specification of TensorFlow's saver, `5 3 0,3:-`: the whole shape, then the slice;
  /// nil if it is none.
  package static func parse(specification text: String) -> TensorSlice? {
    guard let last = text.split(separator: " ").last else { return nil }
    var extents: [Extent] = []
    for part in last.split(separator: ":") {
      if part == "-" {
        extents.append(Extent(start: 0, length: nil))
        continue
      }
      let numbers = part.split(separator: ",").map { Int($0) }
      guard numbers.count == 2, let start = numbers[0], let length = numbers[1] else { return nil }
      extents.append(Extent(start: start, length: length))
    }
    return TensorSlice(extents)
  }
}

/// A slice's place in a tensor of known shape.
struct SliceBox {
  let starts: [Int]
  let shape: Shape
  let whole: Shape

  /// The box of a slice; nil if it reaches beyond the shape.
  init?(_ slice: TensorSlice, in whole: Shape) {
    guard slice.extents.count == whole.rank, whole.checkedCount != nil else { return nil }
    var sizes: [Int] = []
    for (extent, size) in zip(slice.extents, whole.dimensions) {
      guard extent.start >= 0, extent.start <= size else { return nil }
      let length = extent.length ?? size - extent.start
      guard length >= 0, length <= size - extent.start else { return nil }
      sizes.append(length)
    }
    starts = slice.extents.map(\.start)
    shape = Shape(sizes)
    self.whole = whole
  }

  /// Calls `body` with each run of neighbouring elements: its place in the whole, its place in the
  /// slice, and its length.
  func forEachRun(_ body: (_ whole: Int, _ part: Int, _ count: Int) -> Void) {
    let count = shape.count
    guard count > 0 else { return }
    // Dimensions that the slice spans wholly make longer runs of the one before them.
    var inner = whole.rank
    while inner > 0, shape[inner - 1] == whole[inner - 1] { inner -= 1 }
    let axis = max(inner - 1, 0)
    let run = shape.dimensions[axis...].reduce(1, *)
    let strides = whole.strides
    var index = [Int](repeating: 0, count: axis)
    var part = 0
    while part < count {
      var offset = whole.rank > axis ? starts[axis] * strides[axis] : 0
      for outer in 0..<axis { offset += (starts[outer] + index[outer]) * strides[outer] }
      body(offset, part, run)
      part += run
      var carry = axis - 1
      while carry >= 0 {
        index[carry] += 1
        if index[carry] < shape[carry] { break }
        index[carry] = 0
        carry -= 1
      }
    }
  }

  /// The slice's elements of a whole tensor.
  func cut(from value: TensorValue) -> TensorValue {
    if let strings = try? value.strings() {
      var part = [[UInt8]](repeating: [], count: shape.count)
      forEachRun { whole, own, count in
        for item in 0..<count { part[own + item] = strings[whole + item] }
      }
      return (try? TensorValue(strings: part, shape: shape)) ?? value
    }
    let size = value.dtype.byteCount ?? 0
    var part = TensorValue(zeros: shape, dtype: value.dtype)
    value.withUnsafeBytes { source in
      part.withUnsafeMutableBytes { target in
        forEachRun { whole, own, count in
          target.baseAddress?.advanced(by: own * size).copyMemory(
            from: source.baseAddress!.advanced(by: whole * size), byteCount: count * size)
        }
      }
    }
    return part
  }
}

extension TensorValue {
  /// A tensor put together from its slices; nil if they overlap or leave something out.
  init?(joining parts: [(box: SliceBox, value: TensorValue)], dtype: DType, shape: Shape) {
    let count = shape.count
    guard parts.reduce(0, { $0 + $1.value.count }) == count,
      parts.allSatisfy({ $0.value.dtype == dtype && $0.value.shape == $0.box.shape })
    else { return nil }
    var isCovered = [Bool](repeating: false, count: count)
    for part in parts {
      part.box.forEachRun { whole, _, count in
        for item in whole..<(whole + count) { isCovered[item] = true }
      }
    }
    guard isCovered.allSatisfy({ $0 }) else { return nil }
    if dtype == .string {
      var strings = [[UInt8]](repeating: [], count: count)
      for part in parts {
        guard let own = try? part.value.strings() else { return nil }
        part.box.forEachRun { whole, start, count in
          for item in 0..<count { strings[whole + item] = own[start + item] }
        }
      }
      guard let joined = try? TensorValue(strings: strings, shape: shape) else { return nil }
      self = joined
      return
    }
    guard let size = dtype.byteCount else { return nil }
    var joined = TensorValue(zeros: shape, dtype: dtype)
    joined.withUnsafeMutableBytes { target in
      for part in parts {
        part.value.withUnsafeBytes { source in
          part.box.forEachRun { whole, start, count in
            target.baseAddress?.advanced(by: whole * size).copyMemory(
              from: source.baseAddress!.advanced(by: start * size), byteCount: count * size)
          }
        }
      }
    }
    self = joined
  }
}
