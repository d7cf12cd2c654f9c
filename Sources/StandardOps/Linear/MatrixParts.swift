import GraphCore
import TensorCore

extension Ops {
  /// The elements near the main diagonal, zeros elsewhere.
  public enum MatrixBandPart: ElementwiseOp {
    public static let signature = Signature(
      ["input: T", "num_lower: Tindex scalar", "num_upper: Tindex scalar"], gives: ["band: T"],
      [.type("T", .dense), .type("Tindex", .indices, default: .int64)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard (node.input(0).shape.rank ?? 2) >= 2 else {
        throw GraphError("matrices are expected, found shape \(node.input(0).shape)")
      }
      return [node.input(0).shape]
    }
    public static func axes(ofInput index: Int, of node: Node) -> [Int]? { index == 0 ? nil : [] }
    public static func body(_ x: ElementContext) -> Element {
      let rank = x.node.output(0).shape.rank ?? 2
      let below = x.coordinate(along: rank - 2) - x.coordinate(along: rank - 1)
      let (lower, upper) = (x[1].cast(to: .int64), x[2].cast(to: .int64))
      let zero = below.constant(0)
      let isInside = ((lower < zero) | (below <= lower)) & ((upper < zero) | (-below <= upper))
      return select(isInside, x[0], x.constant(0))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { $0.apply(MatrixBandPart.self, [node.input(1), node.input(2)]) }, nil,
        nil,
      ])
    }
  }

  /// Diagonals as vectors, padded to one length.
  public enum MatrixDiagPartV3: ViewOp {
    public static let signature = Signature(
      ["input: T", "k: int32", "padding_value: T scalar"], gives: ["diagonal: T"],
      [.type("T"), .string("align", default: "RIGHT_LEFT")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions, let band = node.sizes(1)?.known
      else {
        return [.unknown]
      }
      guard sizes.count >= 2 else {
        throw GraphError("matrices are expected, found shape \(node.input(0).shape)")
      }
      guard let low = band.first, let high = band.last, band.count <= 2, low <= high else {
        throw GraphError("k must be one number or a range of two, found \(band)")
      }
      guard let rows = sizes[sizes.count - 2], let columns = sizes[sizes.count - 1] else {
        return [.unknown]
      }
      guard low > -max(rows, 1), high < max(columns, 1) else {
        throw GraphError("diagonals \(low)...\(high) lie outside of \(rows) by \(columns)")
      }
      let length = (low...high).map { diagonalLength($0, rows, columns) }.max() ?? 0
      let outer = Array(sizes.dropLast(2))
      return [PartialShape(outer + (low == high ? [length] : [high - low + 1, length]))]
    }
    public static func view(of node: Node) -> View? {
      guard let input = node.input(0).shape.fullyDefined,
        let output = node.output(0).shape.fullyDefined, let band = node.sizes(1)?.known
      else { return nil }
      let (low, high) = (band[0], band[band.count - 1])
      let (rows, columns) = (input[input.rank - 2], input[input.rank - 1])
      let align = node[AttributeKey<String>("align")].split(separator: "_")
      let rank = output.rank
      var pieces: [ViewPiece] = []
      for (position, diagonal) in (low...high).reversed().enumerated() {
        let length = diagonalLength(diagonal, rows, columns)
        let isRight = diagonal >= 0 ? align.first == "RIGHT" : align.last == "RIGHT"
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
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
      guard let band = node.partialValue(1)?.known, band[0] == band[band.count - 1],
        let input = node.input(0).shape.dimensions, let rows = input[input.count - 2],
        let columns = input[input.count - 1]
      else { return .none("only a single diagonal of matrices of known size has a gradient here") }
      let graph = dy.graph
      let dx = dy.apply(
        MatrixDiagV3.self,
        [
          graph.constant(band[0], .int32), graph.constant(rows, .int32),
          graph.constant(columns, .int32), dy.constant(0),
        ])
      return .dense([dx, nil, nil])
    }
  }

  /// Matrices with the given vectors on one diagonal.
  public enum MatrixDiagV3: CompositeOp {
    public static let staticInputs = [1, 2, 3]
    public static let signature = Signature(
      ["diagonal: T", "k: int32", "num_rows: int32 scalar", "num_cols: int32 scalar", "padding_value: T scalar"],
      gives: ["output: T"], [.type("T"), .string("align", default: "RIGHT_LEFT")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions, let length = sizes.last ?? nil,
        let band = node.sizes(1)?.known, let rows = node.sizes(2)?.known?.first,
        let columns = node.sizes(3)?.known?.first
      else { return [.unknown] }
      guard band.count == 1 || band.count == 2 && band[0] == band[1] else {
        throw GraphError.unsupported("several diagonals at once are not supported")
      }
      let square = length + abs(band[0])
      let (r, c) = (rows < 0 ? nil : rows, columns < 0 ? nil : columns)
      let own = (
        r ?? (c == nil ? square : length + max(-band[0], 0)),
        c ?? (r == nil ? square : length + max(band[0], 0))
      )
      guard length == min(own.0 - max(-band[0], 0), own.1 - max(band[0], 0)) else {
        throw GraphError(
          "\(length) elements are not diagonal \(band[0]) of a matrix of \(own.0) by \(own.1)")
      }
      return [PartialShape(Array(sizes.dropLast()) + [own.0, own.1])]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let graph = node.graph
      let shape = node.output(0).shape.fullyDefined?.dimensions ?? []
      let k = node.sizes(1)?.known?.first ?? 0
      let length = node.input(0).shape.fullyDefined?.dimensions.last ?? 0
      let rows = shape[shape.count - 2]
      var around = [[Int]](repeating: [0, 0], count: shape.count - 1)
      around[shape.count - 2] = [max(-k, 0), max(rows - length - max(-k, 0), 0)]
      let column = expandDimensions(pad(node.input(0), around), axis: -1)
      let spread = broadcast(column, to: graph.constant(shape, .int32))
      func counted(_ count: Int) -> Tensor { graph.constant(Array(0..<count), .int32) }
      let isDiagonal =
        counted(shape[shape.count - 1]) - expandDimensions(counted(rows), axis: -1)
        .== graph.constant(k, .int32)
      return [select(isDiagonal, spread, node.input(4))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map { $0.apply(MatrixDiagPartV3.self, [node.input(1), $0.constant(0)]) }, nil,
        nil, nil, nil,
      ])
    }
  }

  /// Square matrices with the given vectors on their diagonals.
  public enum MatrixDiag: CompositeOp {
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
          [graph.constant(0, .int32), minus, minus, node.input(0).constant(0)])
      ]
    }
  }

  /// The main diagonals of matrices.
  public enum MatrixDiagPart: CompositeOp {
    public static let signature = Signature(["input: T"], gives: ["diagonal: T"], [.type("T")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let sizes = node.input(0).shape.dimensions, sizes.count >= 2 else { return [.unknown] }
      let (rows, columns) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
      let length: Int? = if let rows, let columns { min(rows, columns) } else { nil }
      return [PartialShape(Array(sizes.dropLast(2)) + [length])]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let graph = node.graph
      return [
        node.input(0).apply(
          MatrixDiagPartV3.self, [graph.constant(0, .int32), node.input(0).constant(0)])
      ]
    }
  }

  private static func diagonalLength(_ diagonal: Int, _ rows: Int, _ columns: Int) -> Int {
    max(0, min(rows + min(diagonal, 0), columns - max(diagonal, 0)))
  }
}
