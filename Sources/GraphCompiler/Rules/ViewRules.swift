import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Ops that only give a tensor another shape.
  static let reshapes: Set<String> = ["Reshape", "ExpandDims", "Squeeze"]

  /// Moves of elements that move nothing, or that are done in one.
  static let views: [Rule] = [
    // A view that gives the same elements in the same shape: a slice of everything, a concatenation
    // of one, padding by nothing.
    Rule(
      name: "empty-view", identity: "reshape(x, shape(x)) = x", contract: .exact,
      ops: reshapes.union([
        "BroadcastTo", "Fill", "Transpose", "Slice", "StridedSlice", "Pad", "PadV2", "MirrorPad",
        "ConcatV2", "Concat", "ReverseV2",
      ])
    ) { context in
      guard let source = context.node.wholeInput.map({ context[$0] }),
        source.shape == context.output.shape
      else { return nil }
      return [source]
    },
    // The same of composites.
    Rule(
      name: "single-copy", identity: "tile(x, 1) = x, split(x, 1) = x", contract: .exact,
      ops: ["Tile", "Split", "SplitV"]
    ) { context in
      let source = context.node.op == "Split" ? context[1] : context[0]
      return context.node.outputs.count == 1 && source.shape == context.output.shape
        ? [source] : nil
    },
    // reshape(reshape(x)) = reshape(x).
    Rule(
      name: "reshape-of-reshape", identity: "reshape(reshape(x, a), b) = reshape(x, b)",
      contract: .exact, ops: reshapes
    ) { context in
      let inner = context[0].node
      guard reshapes.contains(inner.op), let shape = context.output.shape.fullyDefined else {
        return nil
      }
      return [reshape(inner.input(0), to: shape.dimensions)]
    },
    // transpose(transpose(x, p), q) = transpose(x, p[q]).
    Rule(
      name: "transpose-of-transpose",
      identity: "transpose(transpose(x, p), q) = transpose(x, p[q])", contract: .exact,
      ops: ["Transpose"]
    ) { context in
      let inner = context[0].node
      guard inner.op == "Transpose", let first = inner.input(1).constantIntegers,
        let second = context[1].constantIntegers
      else { return nil }
      let rank = first.count
      func positive(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
      return [
        transpose(inner.input(0), permutation: second.map { positive(first[positive($0)]) })
      ]
    },
    // A transposition that moves axes of size 1 alone.
    Rule(
      name: "transpose-as-reshape", identity: "transpose(x[n, 1]) = reshape(x, [1, n])",
      contract: .exact, ops: ["Transpose"]
    ) { context in
      guard let sizes = context[0].shape.fullyDefined?.dimensions,
        let order = context[1].constantIntegers, let shape = context.output.shape.fullyDefined
      else { return nil }
      let moved = order.map { $0 < 0 ? $0 + sizes.count : $0 }.filter { sizes[$0] != 1 }
      guard moved == moved.sorted() else { return nil }
      return [reshape(context[0], to: shape.dimensions)]
    },
    // A slice that lies in one of the tensors that were put together.
    Rule(
      name: "slice-of-concat", identity: "slice(concat(x, y)) = slice(x)", contract: .exact,
      ops: ["Slice"]
    ) { context in
      let inner = context[0].node
      guard inner.op == "ConcatV2", let op = inner.definition as? any ViewOp.Type,
        case .pieces(let pieces)? = op.view(of: inner),
        let begin = context[1].constantIntegers, let shape = context.output.shape.fullyDefined,
        shape.count > 0
      else { return nil }
      for piece in pieces {
        guard case .input(let number, _) = piece.source else { continue }
        let own = zip(begin, piece.lower).map { $0 - $1 }
        let ends = zip(own, shape.dimensions).map { $0 + $1 }
        guard own.allSatisfy({ $0 >= 0 }), zip(ends, piece.extents).allSatisfy({ $0 <= $1 }) else {
          continue
        }
        return [slice(inner.input(number), begin: own, size: shape.dimensions)]
      }
      return nil
    },
  ]

  /// Reductions of single elements.
  static let reductions: [Rule] = [
    // The greatest, least, product of one number is that number; a product of floating-point numbers
    // flushes denormal ones to zero.
    Rule(
      name: "reduction-of-one", identity: "max(x, axes of size 1) = x", contract: .exact,
      ops: ["Max", "Min", "Prod", "All", "Any"]
    ) { context in
      guard context.reducesSingleElements,
        context.node.op != "Prod" || !context.output.dtype.isFloatingPoint,
        let shape = context.output.shape.fullyDefined
      else {
        return nil
      }
      return [reshape(context[0], to: shape.dimensions)]
    },
    // A sum begins at 0, and 0 + −0 = 0: the number itself would keep its sign.
    Rule(
      name: "sum-of-one-element", identity: "sum(x, axes of size 1) = x + 0", contract: .exact,
      ops: ["Sum", "Mean"]
    ) { context in
      guard context.reducesSingleElements, [.float32, .float64].contains(context.output.dtype),
        let shape = context.output.shape.fullyDefined
      else { return nil }
      return [reshape(context[0] + 0, to: shape.dimensions)]
    },
  ]
}

extension RuleContext {
  /// Whether a reduction has as many results as elements.
  fileprivate var reducesSingleElements: Bool {
    guard let op = node.definition as? any ReductionOp.Type,
      let sizes = inputs[0].shape.fullyDefined?.dimensions, let axes = try? op.axes(of: node)
    else { return false }
    return axes.allSatisfy { sizes[$0] == 1 }
  }
}

extension Node {
  /// The input whose elements a view gives in their own order, if there is one.
  fileprivate var wholeInput: Int? {
    guard let op = definition as? any ViewOp.Type else { return nil }
    switch op.view(of: self) {
    case .reshape?: return 0
    case .pieces(let pieces)? where pieces.count == 1:
      guard case .input(let number, let axes) = pieces[0].source,
        let sizes = input(number).shape.fullyDefined?.dimensions,
        axes.count == pieces[0].lower.count
      else { return nil }
      let isWhole = axes.enumerated().allSatisfy { axis, index in
        sizes[axis] <= 1 || index == AffineIndex(along: axis, rank: axes.count)
      }
      return isWhole ? number : nil
    default: return nil
    }
  }
}
