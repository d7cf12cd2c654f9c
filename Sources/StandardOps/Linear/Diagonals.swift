import GraphCore
import TensorCore

/// Diagonals of matrices as vectors: one, or several that are padded to one length.
public protocol DiagonalPartOp: ViewOp {}

extension DiagonalPartOp {
  /// One vector for each matrix, or a matrix of one row for each diagonal.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    guard let sizes = node.input(0).shape.dimensions, let band = node.sizes(1)?.known
    else {
      return [.unknown]
    }
    guard sizes.count >= 2 else {
      throw GraphError("matrices are expected, found shape \(node.input(0).shape)")
    }
    let (low, high) = try Ops.ends(of: band)
    guard let rows = sizes[sizes.count - 2], let columns = sizes[sizes.count - 1] else {
      return [.unknown]
    }
    guard low > -max(rows, 1), high < max(columns, 1) else {
      throw GraphError("diagonals \(low)...\(high) lie outside of \(rows) by \(columns)")
    }
    // The longest is the one nearest to the main diagonal.
    let length = Ops.diagonalLength(min(max(0, low), high), rows, columns)
    let outer = Array(sizes.dropLast(2))
    return [PartialShape(outer + (low == high ? [length] : [high - low + 1, length]))]
  }
  /// Pieces of the matrices beside the padding.
  public static func view(of node: Node) -> View? {
    guard let input = node.input(0).shape.fullyDefined,
      let output = node.output(0).shape.fullyDefined, let band = node.sizes(1)?.known
    else { return nil }
    let (low, high) = (band[0], band[band.count - 1])
    let (rows, columns) = (input[input.rank - 2], input[input.rank - 1])
    let alignment = DiagonalAlignment(node)
    let rank = output.rank
    var pieces: [ViewPiece] = []
    for (position, diagonal) in (low...high).reversed().enumerated() {
      let length = Ops.diagonalLength(diagonal, rows, columns)
      let isRight = alignment.isRight(diagonal)
      let padding = output[rank - 1] - length
      var lower = [Int](repeating: 0, count: rank)
      var extents = output.dimensions
      if low != high {
        lower[rank - 2] = position
        extents[rank - 2] = 1
      }
      func add(_ start: Int, _ count: Int, _ source: ViewPiece.Source) {
        guard count > 0 else { return }
        lower[rank - 1] = start
        extents[rank - 1] = count
        pieces.append(ViewPiece(lower: lower, extents: extents, source: source))
      }
      let outer = (0..<(input.rank - 2)).map { AffineIndex(along: $0, rank: rank) }
      let axes =
        outer + [
          AffineIndex(along: rank - 1, rank: rank, offset: max(-diagonal, 0)),
          AffineIndex(along: rank - 1, rank: rank, offset: max(diagonal, 0)),
        ]
      add(isRight ? padding : 0, length, .input(0, axes))
      add(isRight ? 0 : length, padding, .input(2, []))
    }
    return .pieces(pieces)
  }
  /// Put back where they came from.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
    let zeros = zerosLike(node.input(0))
    return .dense([Ops.setDiagonals(zeros, dy, node.input(1), DiagonalAlignment(node)), nil, nil])
  }
}

/// Matrices with vectors on one diagonal, or several diagonals that are padded to one length.
public protocol DiagonalOp: CompositeOp {}

extension DiagonalOp {
  /// The least square, or the rows and columns that are stated.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    guard let sizes = node.input(0).shape.dimensions, let length = sizes.last ?? nil,
      let band = node.sizes(1)?.known, let rows = node.sizes(2)?.known?.first,
      let columns = node.sizes(3)?.known?.first
    else { return [.unknown] }
    let (low, high) = try Ops.ends(of: band)
    let isBand = low != high
    if isBand, sizes.count < 2 || (sizes[sizes.count - 2] ?? high - low + 1) != high - low + 1 {
      throw GraphError(
        "\(high - low + 1) diagonals are expected, found shape \(node.input(0).shape)")
    }
    // What the longest diagonal needs.
    let (leastRows, leastColumns) = (length - min(high, 0), length + max(low, 0))
    let (r, c) = (rows < 0 ? nil : rows, columns < 0 ? nil : columns)
    let own = (
      r ?? (c == nil ? max(leastRows, leastColumns) : leastRows),
      c ?? (r == nil ? max(leastRows, leastColumns) : leastColumns)
    )
    guard own.0 >= leastRows, own.1 >= leastColumns else {
      throw GraphError("diagonals of \(length) do not fit into \(own.0) by \(own.1)")
    }
    return [PartialShape(Array(sizes.dropLast(isBand ? 2 : 1)) + [own.0, own.1])]
  }
  /// The band, the rows and the columns.
  public static var staticInputs: [Int] { [1, 2, 3] }
  /// The diagonals upon the padding.
  public static func expand(_ node: Node) -> [Tensor] {
    let shape = node.output(0).shape.fullyDefined?.dimensions ?? []
    let padding = broadcast(node.input(4), to: node.graph.constant(shape, .int32))
    return [
      Ops.placed(
        node.input(0), node.sizes(1)?.known ?? [], DiagonalAlignment(node), on: padding,
        shape)
    ]
  }
  /// The diagonals of the gradient.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    let dx = upstream[0].map { Ops.diagonals(of: $0, node.input(1), DiagonalAlignment(node)) }
    return .dense([dx, nil, nil, nil, nil])
  }
}

/// Matrices whose diagonals are replaced.
public protocol SetDiagonalOp: CompositeOp {}

extension SetDiagonalOp {
  /// The matrices'.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let (matrices, diagonals) = (node.input(0).shape, node.input(1).shape)
    guard let rank = matrices.rank else { return [.unknown] }
    guard rank >= 2 else { throw GraphError("matrices are expected, found shape \(matrices)") }
    if let own = diagonals.rank, own != rank, own != rank - 1 {
      throw GraphError("diagonals of shape \(diagonals) do not fit matrices of shape \(matrices)")
    }
    return [matrices]
  }
  /// The band.
  public static var staticInputs: [Int] { [2] }
  /// The diagonals upon the matrices.
  public static func expand(_ node: Node) -> [Tensor] {
    let shape = node.output(0).shape.fullyDefined?.dimensions ?? []
    return [
      Ops.placed(
        node.input(1), Ops.band(node, 2), DiagonalAlignment(node), on: node.input(0), shape)
    ]
  }
  /// What is not replaced keeps its gradient, the diagonals have theirs.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    let others: [Tensor?] = node.inputs.dropFirst(2).map { _ in nil }
    guard let dy = upstream[0] else { return .dense([nil, nil] + others) }
    let (k, alignment) = (Ops.bandTensor(node, 2), DiagonalAlignment(node))
    let dx = Ops.setDiagonals(dy, zerosLike(node.input(1)), k, alignment)
    return .dense([dx, Ops.diagonals(of: dy, k, alignment)] + others)
  }
}

/// At which end diagonals that are shorter than others are padded; in the older versions behind.
struct DiagonalAlignment {
  let text: String

  init(_ node: Node) {
    text = node[optional: AttributeKey<String>("align")] ?? "LEFT_LEFT"
  }

  /// Whether a diagonal ends where the longest does: the first word is for those from the main one up.
  func isRight(_ diagonal: Int) -> Bool {
    diagonal >= 0 ? text.hasPrefix("RIGHT") : text.hasSuffix("RIGHT")
  }
}

extension Ops {
  private static let aligned: [Signature.AttributeDefinition] = [
    .type("T"), .string("align", default: "RIGHT_LEFT"),
  ]

  /// Diagonals as vectors, aligned as is said.
  public enum MatrixDiagPartV3: DiagonalPartOp {
    public static let signature = Signature(
      ["input: T", "k: int32", "padding_value: T scalar"], gives: ["diagonal: T"], aligned)
  }

  /// Diagonals as vectors, padded behind.
  public enum MatrixDiagPartV2: DiagonalPartOp {
    public static let signature = Signature(
      ["input: T", "k: int32", "padding_value: T scalar"], gives: ["diagonal: T"], [.type("T")])
  }

  /// Matrices with the given diagonals, aligned as is said.
  public enum MatrixDiagV3: DiagonalOp, MovingOp {
    public static let signature = Signature(
      [
        "diagonal: T", "k: int32", "num_rows: int32 scalar", "num_cols: int32 scalar",
        "padding_value: T scalar",
      ],
      gives: ["output: T"], aligned)
  }

  /// Matrices with the given diagonals, padded behind.
  public enum MatrixDiagV2: DiagonalOp {
    public static let signature = Signature(
      [
        "diagonal: T", "k: int32", "num_rows: int32 scalar", "num_cols: int32 scalar",
        "padding_value: T scalar",
      ],
      gives: ["output: T"], [.type("T")])
  }

  /// Matrices with other diagonals, aligned as is said.
  public enum MatrixSetDiagV3: SetDiagonalOp {
    public static let signature = Signature(
      ["input: T", "diagonal: T", "k: int32"], gives: ["output: T"], aligned)
  }

  /// Matrices with other diagonals, padded behind.
  public enum MatrixSetDiagV2: SetDiagonalOp {
    public static let signature = Signature(
      ["input: T", "diagonal: T", "k: int32"], gives: ["output: T"], [.type("T")])
  }

  /// Matrices with another main diagonal.
  public enum MatrixSetDiag: SetDiagonalOp {
    public static let staticInputs: [Int] = []
    public static let signature = Signature(
      ["input: T", "diagonal: T"], gives: ["output: T"], [.type("T")])
  }

  /// Square matrices with the given vectors on their diagonals.
  public enum MatrixDiag: CompositeOp, MovingOp {
    public static let signature = Signature(["diagonal: T"], gives: ["output: T"], [.type("T")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [node.input(0).shape.dimensions.map { PartialShape($0 + [$0.last ?? nil]) } ?? .unknown]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let graph = node.graph
      let minus = graph.constant(-1, .int32)
      return [
        node.input(0).apply(
          MatrixDiagV3.self,
          [graph.constant(0, .int32), minus, minus, zero(node.input(0))])
      ]
    }
  }

  /// The main diagonals of matrices.
  public enum MatrixDiagPart: CompositeOp, MovingOp {
    public static let signature = Signature(["input: T"], gives: ["diagonal: T"], [.type("T")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions, sizes.count >= 2 else { return [.unknown] }
      let (rows, columns) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
      let length: Int? = if let rows, let columns { min(rows, columns) } else { nil }
      return [PartialShape(Array(sizes.dropLast(2)) + [length])]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      [
        node.input(0).apply(
          MatrixDiagPartV3.self, [node.graph.constant(0, .int32), zero(node.input(0))])
      ]
    }
  }

  /// A tensor of twice the rank, with the given elements where both halves of the indices are the same.
  public enum Diag: CompositeOp {
    public static let signature = Signature(
      ["diagonal: T"], gives: ["output: T"],
      [.type("T", [.bfloat16, .float16, .float32, .float64, .int32, .int64])])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions else { return [.unknown] }
      guard !sizes.isEmpty else { throw GraphError("a vector or more is expected, found a scalar") }
      return [PartialShape(sizes + sizes)]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let shape = node.output(0).shape.fullyDefined?.dimensions ?? []
      return [reshape(reshape(node.input(0), to: [-1]).apply(MatrixDiag.self), to: shape)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([upstream[0]?.apply(DiagPart.self)]) }
  }

  /// The elements of a tensor where both halves of the indices are the same.
  public enum DiagPart: CompositeOp {
    public static let signature = Signature(
      ["input: T"], gives: ["diagonal: T"],
      [.type("T", [.bfloat16, .float16, .float32, .float64, .int32, .int64])])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions else { return [.unknown] }
      let halves = [sizes.prefix(sizes.count / 2), sizes.suffix(sizes.count / 2)]
      guard sizes.count > 0, sizes.count.isMultiple(of: 2),
        let half = PartialShape(Array(halves[0])).merged(with: PartialShape(Array(halves[1])))
      else {
        throw GraphError("a shape of two equal halves is expected, found \(node.input(0).shape)")
      }
      return [half]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let shape = node.output(0).shape.fullyDefined?.dimensions ?? []
      let count = shape.reduce(1, *)
      let matrix = reshape(node.input(0), to: [count, count])
      return [reshape(matrix.apply(MatrixDiagPart.self), to: shape)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([upstream[0]?.apply(Diag.self)]) }
  }

  /// The lowest and the highest diagonal of a band.
  ///
  /// - Throws: `GraphError` if it is none.
  fileprivate static func ends(of band: [Int]) throws(GraphError) -> (low: Int, high: Int) {
    guard (1...2).contains(band.count), band[0] <= band[band.count - 1] else {
      throw GraphError("k must be one number or a range of two, found \(band)")
    }
    guard band[band.count - 1] - band[0] < 65_536 else {
      throw GraphError("at most 65536 diagonals at once are supported, found \(band)")
    }
    return (band[0], band[band.count - 1])
  }

  static func diagonalLength(_ diagonal: Int, _ rows: Int, _ columns: Int) -> Int {
    max(0, min(rows + min(diagonal, 0), columns - max(diagonal, 0)))
  }

  private static func zero(_ x: Tensor) -> Tensor {
    x.graph.constant(TensorValue(zeros: .scalar, dtype: x.dtype))
  }

  /// The band that an input names, or the main diagonal where there is none.
  fileprivate static func bandTensor(_ node: Node, _ index: Int) -> Tensor {
    index < node.inputs.count ? node.input(index) : node.graph.constant(0, .int32)
  }

  fileprivate static func band(_ node: Node, _ index: Int) -> [Int] {
    bandTensor(node, index).partialValue?.known ?? []
  }

  fileprivate static func setDiagonals(
    _ matrices: Tensor, _ diagonals: Tensor, _ k: Tensor, _ alignment: DiagonalAlignment
  ) -> Tensor {
    matrices.apply(MatrixSetDiagV3.self, [diagonals, k], ["align": alignment.text.attribute])
  }

  fileprivate static func diagonals(
    of matrices: Tensor, _ k: Tensor, _ alignment: DiagonalAlignment
  ) -> Tensor {
    matrices.apply(MatrixDiagPartV3.self, [k, zero(matrices)], ["align": alignment.text.attribute])
  }

  /// Matrices of `shape` with diagonals put on them, one after another: each as a column that lies where
  /// its rows are, spread over the columns and chosen on the diagonal.
  fileprivate static func placed(
    _ diagonals: Tensor, _ band: [Int], _ alignment: DiagonalAlignment, on matrices: Tensor,
    _ shape: [Int]
  ) -> Tensor {
    guard let low = band.first, let high = band.last,
      let sizes = diagonals.shape.fullyDefined?.dimensions, let width = sizes.last
    else { preconditionFailure("diagonals are placed before their shape is known") }
    let graph = diagonals.graph
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    func counted(_ count: Int) -> Tensor { graph.constant(Array(0..<count), .int32) }
    let offsets = counted(columns) - expandDimensions(counted(rows), axis: -1)
    let outer = Array(shape.dropLast(2))
    return (low...high).reduce(matrices) { result, diagonal in
      let length = diagonalLength(diagonal, rows, columns)
      if length == 0 { return result }
      var (begin, size) = (sizes.map { _ in 0 }, sizes)
      begin[sizes.count - 1] = alignment.isRight(diagonal) ? width - length : 0
      size[sizes.count - 1] = length
      if low != high { (begin[sizes.count - 2], size[sizes.count - 2]) = (high - diagonal, 1) }
      let part = reshape(slice(diagonals, begin: begin, size: size), to: outer + [length])
      let above = max(-diagonal, 0)
      let around = outer.map { _ in [0, 0] } + [[above, rows - length - above]]
      let column = expandDimensions(pad(part, around), axis: -1)
      return select(offsets .== graph.constant(diagonal, .int32), column, result)
    }
  }
}
