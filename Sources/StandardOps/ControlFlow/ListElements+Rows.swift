import GraphCore
import TensorCore

// Tensors whose rows are the elements' rows, one element's after another's.
extension ListElements {
  /// A tensor's rows as elements of so many rows each.
  static func parts(_ value: TensorValue, _ lengths: TensorValue) throws(GraphError)
    -> [TensorValue]
  {
    guard value.shape.rank > 0, lengths.shape.rank == 1, let counts = lengths.integers else {
      throw GraphError(
        "rows and a vector of lengths are expected, found shapes \(value.shape) and "
          + "\(lengths.shape)")
    }
    let (rows, inner) = (value.slices, value.shape.dimensions.dropFirst())
    var (parts, start) = ([TensorValue](), 0)
    for count in counts {
      guard (0...(rows.count - start)).contains(count) else {
        throw GraphError("lengths \(counts) do not add up to \(rows.count) rows")
      }
      parts.append(
        try joined(Array(rows[start..<(start + count)]), value.dtype, inner: Array(inner)))
      start += count
    }
    guard start == rows.count else {
      throw GraphError("lengths \(counts) do not add up to \(rows.count) rows")
    }
    return parts
  }

  /// All elements' rows, and how many each has.
  ///
  /// - Parameters:
  ///   - shape: what is known of an element's.
  ///   - lengths: how many rows of zeros the first elements stand for where nobody set them, and
  ///     others as many as those that are set; nil if all are set.
  static func joinedRows(
    _ items: [TensorValue], _ dtype: DType, shape: PartialShape, lengths: [Int]? = nil
  ) throws(GraphError) -> [TensorValue] {
    var inner = shape.dimensions.map { PartialShape(Array($0.dropFirst())) } ?? .unknown
    var numbers = Set(shape[0].map { [$0] } ?? [])
    for item in items where lengths == nil || item.shape != unset {
      guard item.shape.rank > 0,
        let merged = inner.merged(with: PartialShape(item.shape.dimensions.dropFirst().map { $0 }))
      else {
        throw GraphError("an element of shape \(item.shape) has no rows of shape \(inner)")
      }
      inner = merged
      numbers.insert(item.shape[0])
    }
    // An element that looks unset among vectors is one without elements.
    guard let row = inner.fullyDefined ?? (items.isEmpty ? nil : .scalar) else {
      throw GraphError("rows of no elements need a shape, found \(inner)")
    }
    var (rows, counts) = ([TensorValue](), [Int]())
    for (place, item) in items.enumerated() {
      let stated = lengths.flatMap { $0.indices.contains(place) ? $0[place] : nil }
      if lengths == nil || item.shape != unset || (row.rank == 0 && stated == nil) {
        rows += item.slices
        counts.append(item.shape[0])
      } else {
        guard let count = stated ?? (numbers.count == 1 ? numbers.first : nil) else {
          throw GraphError("element \(place) is not set, and nothing says how many rows it has")
        }
        let whole = try checked(count: rows.count + (try checked(count: count)))
        rows += Array(repeating: try zeros(row, dtype), count: whole - rows.count)
        counts.append(count)
      }
      guard [rows.count, row.count].sizeProduct <= 1 << 33 else {
        throw GraphError("\(rows.count) rows of \(row) are too many")
      }
    }
    let all = try joined(rows, dtype, inner: row.dimensions)
    return [all, TensorValue(counts.map { Int64($0) })]
  }

  /// Rows of the given sizes as one tensor.
  private static func joined(_ rows: [TensorValue], _ dtype: DType, inner: [Int])
    throws(GraphError) -> TensorValue
  { rows.isEmpty ? TensorValue(zeros: Shape([0] + inner), dtype: dtype) : try stacked(rows, dtype) }
}
