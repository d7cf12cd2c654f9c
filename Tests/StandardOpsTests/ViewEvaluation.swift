import GraphCore
import StandardOps
import TensorCore

/// Numbers that moved: the obvious reference for ops that compute nothing.
struct Moved: Equatable {
  var shape: Shape
  var numbers: [Double]

  init(_ numbers: [Double], _ shape: Shape) {
    self.shape = shape
    self.numbers = numbers
  }

  /// What a tensor holds that comes from constants through views, expansions and shapes alone.
  init(_ tensor: Tensor) {
    let node = tensor.node
    if let constant = tensor.constantValue {
      self.init(constant.doubles ?? [], constant.shape)
    } else if let known = tensor.partialValue?.known {
      self.init(known.map(Double.init), tensor.shape.fullyDefined ?? [known.count])
    } else if let op = node.definition as? any CompositeOp.Type {
      self.init(op.expand(node)[tensor.index])
    } else if let op = node.definition as? any ViewOp.Type, let view = op.view(of: node) {
      let inputs = node.inputs.map { Moved($0) }
      let shape = tensor.shape.fullyDefined ?? []
      switch view {
      case .reshape: self.init(inputs[0].numbers, shape)
      case .pieces(let pieces): self.init(shape, pieces, inputs)
      }
    } else {
      preconditionFailure("\(tensor) is computed")
    }
  }

  private init(_ shape: Shape, _ pieces: [ViewPiece], _ inputs: [Moved]) {
    // Twice NaN would mean that a piece covers nothing, a second write that two overlap.
    var numbers = [Double](repeating: .nan, count: shape.count)
    for piece in pieces {
      for index in Self.indices(piece.extents) {
        let place = Self.offset(zip(index, piece.lower).map { $0 + $1 }, shape)
        precondition(numbers[place].isNaN, "two pieces overlap")
        switch piece.source {
        case .fill(let number): numbers[place] = number
        case .input(let input, let axes):
          let from = axes.map { axis in
            zip(axis.coefficients, index).reduce(axis.offset) { $0 + $1.0 * $1.1 }
          }
          let source = inputs[input]
          precondition(
            zip(from, source.shape.dimensions).allSatisfy { $0 >= 0 && $0 < $1 }
              && from.count == source.shape.rank, "an index is out of range")
          numbers[place] = source.numbers[Self.offset(from, source.shape)]
        }
      }
    }
    self.init(numbers, shape)
  }

  private static func offset(_ index: [Int], _ shape: Shape) -> Int {
    zip(index, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func indices(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }
}
