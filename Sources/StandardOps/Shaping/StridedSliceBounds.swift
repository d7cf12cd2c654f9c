import GraphCore
import TensorCore

/// What a strided slice's sparse specification means for each axis of its input.
///
/// TensorFlow's rules: an ellipsis stands for all axes that are not named, a new axis takes none,
/// negative indices count from the end, and bounds beyond the ends are moved to them.
struct StridedSliceBounds {
  /// What is taken along one axis of the input.
  struct Axis {
    /// The first index, nil where it is not known yet.
    var start: Int?
    /// The distance between indices, negative for backwards.
    var step: Int?
    /// How many there are, nil where it is not known yet.
    var count: Int?
    /// Whether the axis is gone from the output.
    var isShrunk = false

    static func whole(_ size: Int?) -> Axis { Axis(start: 0, step: 1, count: size) }
  }

  /// One entry for each axis of the input.
  private(set) var axes: [Axis] = []
  /// For each axis of the output the axis of the input, nil for a new one.
  private(set) var outputAxes: [Int?] = []

  /// The output's shape.
  var shape: PartialShape { PartialShape(outputAxes.map { $0.map { axes[$0].count } ?? 1 }) }

  /// Whether every number is known.
  var isKnown: Bool {
    axes.allSatisfy { $0.start != nil && $0.step != nil && $0.count != nil }
  }

  /// The specification of `node`, whose begin, end and strides are inputs `first` to `first + 2`.
  ///
  /// - Throws: `GraphError` if it names more axes than there are, an index out of range or a zero
  ///   stride.
  init?(of node: Node, input sizes: [Int?], first: Int) throws(GraphError) {
    guard let length = (first...(first + 2)).lazy.compactMap({ node.input($0).shape[0] }).first
    else { return nil }
    for index in first...(first + 2) where (node.input(index).shape[0] ?? length) != length {
      throw GraphError("begin, end and strides must be vectors of one length")
    }
    func mask(_ name: String) -> Int { node[AttributeKey<Int>(name)] }
    func has(_ mask: Int, _ entry: Int) -> Bool { mask & (1 << entry) != 0 }
    let (ellipsis, newAxis) = (mask("ellipsis_mask"), mask("new_axis_mask"))
    let (beginMask, endMask, shrink) = (
      mask("begin_mask"), mask("end_mask"), mask("shrink_axis_mask")
    )
    let values = (first...(first + 2)).map { node.sizes($0)?.elements }
    func known(_ vector: Int, _ entry: Int) -> Int? {
      guard let elements = values[vector], elements.indices.contains(entry) else { return nil }
      return elements[entry]
    }
    let entries = 0..<min(length, 62)
    guard entries.filter({ has(ellipsis, $0) }).count <= 1 else {
      throw GraphError("only one ellipsis is allowed")
    }
    let named = entries.filter { !has(ellipsis, $0) && !has(newAxis, $0) }.count
    guard named <= sizes.count else {
      throw GraphError("\(named) indices are too many for shape \(PartialShape(sizes))")
    }
    let unnamed = sizes.count - named
    for entry in entries {
      if has(ellipsis, entry) {
        for _ in 0..<unnamed { keepWhole(sizes) }
      } else if has(newAxis, entry) {
        outputAxes.append(nil)
      } else {
        let size = sizes[axes.count]
        var axis = try Self.axis(
          size: size, begin: has(beginMask, entry) ? .masked : .init(known(0, entry)),
          end: has(endMask, entry) ? .masked : .init(known(1, entry)), step: known(2, entry),
          shrunkAt: has(shrink, entry) ? .some(known(0, entry)) : nil, number: axes.count)
        axis.isShrunk = has(shrink, entry)
        if !axis.isShrunk { outputAxes.append(axes.count) }
        axes.append(axis)
      }
    }
    while axes.count < sizes.count { keepWhole(sizes) }
  }

  private mutating func keepWhole(_ sizes: [Int?]) {
    outputAxes.append(axes.count)
    axes.append(.whole(sizes[axes.count]))
  }

  private enum Bound {
    case masked, unknown
    case at(Int)

    init(_ index: Int?) { self = index.map { .at($0) } ?? .unknown }
  }

  private static func axis(
    size: Int?, begin: Bound, end: Bound, step: Int?, shrunkAt index: Int??, number: Int
  ) throws(GraphError) -> Axis {
    guard step != 0 else { throw GraphError("the stride of axis \(number) must not be 0") }
    if let index {
      guard (step ?? 1) > 0 else {
        throw GraphError("an index of axis \(number) takes no negative stride")
      }
      guard let index else { return Axis(start: nil, step: 1, count: 1) }
      if let size, index < -size || index >= size {
        throw GraphError("index \(index) is out of range for axis \(number) of size \(size)")
      }
      if index >= 0 { return Axis(start: index, step: 1, count: 1) }
      return Axis(start: size.map { index + $0 }, step: 1, count: 1)
    }
    guard let step else { return Axis() }
    guard let size else {
      // From the front on, at least the place is known.
      if case .masked = begin, step > 0 { return Axis(start: 0, step: step, count: nil) }
      return Axis(start: nil, step: step, count: nil)
    }
    let valid = step > 0 ? 0...size : -1...(size - 1)
    func place(_ bound: Bound, _ whenMasked: Int) -> Int? {
      switch bound {
      case .masked: whenMasked
      case .unknown: nil
      case .at(let index):
        min(max(index < 0 ? index + size : index, valid.lowerBound), valid.upperBound)
      }
    }
    let start = place(begin, step > 0 ? valid.lowerBound : valid.upperBound)
    let stop = place(end, step > 0 ? valid.upperBound : valid.lowerBound)
    guard let start, let stop else { return Axis(start: start, step: step, count: nil) }
    let distance = stop - start
    let count =
      distance == 0 || (distance < 0) != (step < 0)
      ? 0 : (abs(distance) + abs(step) - 1) / abs(step)
    return Axis(start: start, step: step, count: count)
  }
}
