import GraphCore
import TensorCore

extension Ops {
  /// Matrices as products of Q, whose columns are orthonormal, and R, which is upper triangular.
  ///
  /// By Householder's reflections with LAPACK's signs, so that R's diagonal may be negative.
  public enum Qr: DataOp {
    /// Whether Q is square where a matrix has more rows than columns.
    public static let fullMatrices = AttributeKey<Bool>("full_matrices")
    public static let signature = Signature(
      ["input: T"], gives: ["q: T", "r: T"],
      [.flag("full_matrices"), .type("T", [.float32, .float64])])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions else { return [.unknown, .unknown] }
      guard sizes.count >= 2 else {
        throw GraphError("matrices are expected, found shape \(node.input(0).shape)")
      }
      let (rows, columns) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
      let least: Int? = if let rows, let columns { min(rows, columns) } else { nil }
      let inner = node[fullMatrices] ? rows : least
      let outer = Array(sizes.dropLast(2))
      return [PartialShape(outer + [rows, inner]), PartialShape(outer + [inner, columns])]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let sizes = inputs[0].shape.dimensions
      guard sizes.count >= 2, let numbers = inputs[0].doubles else {
        throw GraphError("matrices are expected, found shape \(inputs[0].shape)")
      }
      let (rows, columns) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
      let inner = node[fullMatrices] ? rows : min(rows, columns)
      let outer = Array(sizes.dropLast(2))
      var (q, r): ([Double], [Double]) = ([], [])
      for matrix in 0..<outer.reduce(1, *) {
        let start = matrix * rows * columns
        let reflections = Reflections(
          numbers[start..<(start + rows * columns)], rows: rows, columns: columns)
        q += reflections.orthogonal(inner)
        r += reflections.triangular(inner)
      }
      let dtype = inputs[0].dtype
      guard
        let first = try? TensorValue(
          converting: q, to: dtype, shape: TensorCore.Shape(outer + [rows, inner])),
        let second = try? TensorValue(
          converting: r, to: dtype, shape: TensorCore.Shape(outer + [inner, columns]))
      else { throw GraphError("factors of \(dtype) are not supported") }
      return [first, second]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .unavailable("factors of a matrix pass no gradients here") }
  }
}

/// A matrix under Householder's reflections I − τ·v·vᵀ, column by column; each v is kept below the
/// diagonal that it leaves, with its first element, 1, left out.
private struct Reflections {
  private let rows: Int
  private let columns: Int
  /// Column after column.
  private let elements: [Double]
  /// The τ of each reflection.
  private let scales: [Double]

  init(_ rowMajor: ArraySlice<Double>, rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    var elements = [Double](repeating: 0, count: rows * columns)
    for (place, element) in rowMajor.enumerated() {
      elements[place % columns * rows + place / columns] = element
    }
    var scales: [Double] = []
    elements.withUnsafeMutableBufferPointer { x in
      for pivot in 0..<min(rows, columns) {
        let column = UnsafeMutableBufferPointer(rebasing: x[(pivot * rows)..<((pivot + 1) * rows)])
        let length = column[(pivot + 1)...].reduce(0) { $0 + $1 * $1 }
        guard length > Double(Float.leastNormalMagnitude) else {
          scales.append(0)
          continue
        }
        let first = column[pivot]
        let norm = (first * first + length).squareRoot() * (first >= 0 ? -1 : 1)
        for row in (pivot + 1)..<rows { column[row] /= first - norm }
        column[pivot] = norm
        scales.append((norm - first) / norm)
        for other in (pivot + 1)..<max(columns, pivot + 1) {
          Self.reflect(
            .init(rebasing: x[(other * rows)..<((other + 1) * rows)]), by: .init(column),
            at: pivot, scales[pivot])
        }
      }
    }
    (self.elements, self.scales) = (elements, scales)
  }

  /// Applies the reflection that `vector` holds from its pivot on to a column.
  private static func reflect(
    _ column: UnsafeMutableBufferPointer<Double>, by vector: UnsafeBufferPointer<Double>,
    at pivot: Int, _ scale: Double
  ) {
    var product = column[pivot]
    for row in (pivot + 1)..<column.count { product += vector[row] * column[row] }
    product *= scale
    column[pivot] -= product
    for row in (pivot + 1)..<column.count { column[row] -= product * vector[row] }
  }

  /// The first `inner` columns of Q, row after row.
  func orthogonal(_ inner: Int) -> [Double] {
    var q = [Double](repeating: 0, count: rows * inner)
    q.withUnsafeMutableBufferPointer { q in
      elements.withUnsafeBufferPointer { vectors in
        for column in 0..<inner {
          let own = UnsafeMutableBufferPointer(rebasing: q[(column * rows)..<((column + 1) * rows)])
          own[column] = 1
          for pivot in scales.indices.reversed() {
            let vector = vectors[(pivot * rows)..<((pivot + 1) * rows)]
            Self.reflect(own, by: .init(rebasing: vector), at: pivot, scales[pivot])
          }
        }
      }
    }
    return (0..<(rows * inner)).map { q[$0 % inner * rows + $0 / inner] }
  }

  /// The first `inner` rows of R, row after row.
  func triangular(_ inner: Int) -> [Double] {
    (0..<(inner * columns)).map { place in
      let (row, column) = (place / columns, place % columns)
      return row <= column ? elements[column * rows + row] : 0
    }
  }
}

/// A matrix, or each of several, as the product of Q with orthonormal columns and R, which is upper
/// triangular; TensorFlow's `qr`.
///
/// - Parameters:
///   - x: `[…, m, n]`.
///   - fullMatrices: whether Q is `[…, m, m]` also where m > n.
public func qr(
  _ x: Tensor, fullMatrices: Bool = false, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> (q: Tensor, r: Tensor) {
  if x.isPoison { return (x, x) }
  let node = x.graph.add(
    Ops.Qr.self, [x], name: name, ["full_matrices": .bool(fullMatrices)],
    site: SourceSite(file, line))
  return node.isPoison ? (x.graph.poison, x.graph.poison) : (node.output(0), node.output(1))
}
