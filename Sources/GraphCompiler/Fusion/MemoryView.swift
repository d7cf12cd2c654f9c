import GraphCore
import StandardOps
import TensorCore

/// A view that a kernel reads in place: where its elements lie in the memory of another tensor.
struct MemoryView {
  /// The tensor whose memory it is.
  let base: Tensor
  /// The element of `base` for each index of the viewed tensor.
  let access: Access

  /// A tensor as it is stored itself.
  init(of tensor: Tensor) {
    base = tensor
    access = Access(strides: Shape(tensor.shape.fullyDefined?.dimensions ?? []).strides)
  }

  /// A chain of views, followed up to what must be in memory.
  ///
  /// - Parameter isStored: what is in memory anyway.
  init(through tensor: Tensor, isStored: (Node) -> Bool) {
    var current = tensor
    let sizes = tensor.shape.fullyDefined?.dimensions ?? []
    let rank = sizes.count
    var rows: [AffineIndex]? = (0..<rank).map { AffineIndex(along: $0, rank: rank) }
    var flat = Access(strides: Shape(sizes).strides)
    while let op = current.node.definition as? any ViewOp.Type,
      current == tensor || !isStored(current.node)
    {
      let node = current.node
      switch op.view(of: node) {
      case .reshape?:
        let output = current.shape.fullyDefined?.dimensions ?? []
        let input = node.input(0).shape.fullyDefined?.dimensions ?? []
        if let own = rows {
          flat = Lowering.flat(own, output, rank)
          rows =
            output.filter { $0 != 1 } == input.filter { $0 != 1 }
            ? Self.aligned(own, from: output, to: input, rank) : nil
        }
        current = node.input(0)
      case .pieces(let pieces)? where pieces.count == 1:
        // Below a reshape that regroups elements their order is what counts.
        guard let own = rows, case .input(let position, let axes) = pieces[0].source else {
          self.init(base: current, access: flat)
          return
        }
        let mapped = Self.mapped(own, pieces[0], axes, rank)
        current = node.input(position)
        rows = mapped
        flat = Lowering.flat(mapped, current.shape.fullyDefined?.dimensions ?? [], rank)
      default:
        self.init(base: current, access: flat)
        return
      }
    }
    self.init(base: current, access: flat)
  }

  private init(base: Tensor, access: Access) {
    self.base = base
    self.access = access
  }

  /// The same index where dimensions of size 1 came or went.
  private static func aligned(
    _ rows: [AffineIndex], from output: [Int], to input: [Int], _ rank: Int
  ) -> [AffineIndex] {
    let moving = zip(output, rows).filter { $0.0 != 1 }.map(\.1)
    var next = 0
    return input.map { size in
      if size == 1 { return AffineIndex(along: nil, rank: rank) }
      defer { next += 1 }
      return moving[next]
    }
  }

  /// The index into the input of a view of one piece.
  static func mapped(
    _ rows: [AffineIndex], _ piece: ViewPiece, _ axes: [AffineIndex], _ rank: Int
  ) -> [AffineIndex] {
    axes.map { axis -> AffineIndex in
      var row = AffineIndex(along: nil, rank: rank, offset: axis.offset)
      for (dimension, coefficient) in axis.coefficients.enumerated() where coefficient != 0 {
        row.offset += coefficient * (rows[dimension].offset - piece.lower[dimension])
        for loop in 0..<rank {
          row.coefficients[loop] += coefficient * rows[dimension].coefficients[loop]
        }
      }
      return row
    }
  }
}

extension MemoryView {
  /// Whether a kernel of its own may read the view in place of a tensor of these sizes.
  func suits(_ consumer: Node, _ sizes: [Int]) -> Bool {
    if consumer.isContraction {
      guard let matrix = matrix(sizes) else { return false }
      // With a single row or column the library takes other paths, which round otherwise.
      let product = consumer.output(0).shape.fullyDefined?.dimensions.suffix(2) ?? []
      return !matrix.isTransposed || product.allSatisfy { $0 > 1 }
    }
    return consumer.definition is any KernelOp.Type && access.offset == 0
      && zip(sizes, zip(access.strides, Shape(sizes).strides)).allSatisfy {
        $0.0 == 1 || $0.1.0 == $0.1.1
      }
  }

  /// The last two dimensions as a matrix that BLAS takes: the distance of its rows, and whether it is
  /// stored transposed; nil if neither its rows nor its columns are contiguous.
  func matrix(_ sizes: [Int]) -> (leadingDimension: Int, isTransposed: Bool)? {
    let (rows, columns) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
    let (down, across) = (access.strides[sizes.count - 2], access.strides[sizes.count - 1])
    if across == 1 || columns == 1, down >= columns || rows == 1 {
      return (max(down, columns, 1), false)
    }
    if down == 1 || rows == 1, across >= rows || columns == 1 {
      return (max(across, rows, 1), true)
    }
    return nil
  }
}
