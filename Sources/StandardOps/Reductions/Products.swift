import GraphCore
import TensorCore

extension Ops {
  /// The product of the elements along axes.
  public enum Prod: AxisReductionOp {
    public static func initial(of node: Node) -> [Double] { [1] }
    public static func combine(_ a: [Element], _ b: [Element], of node: Node) -> [Element] {
      [a[0] * b[0]]
    }

    /// Of sizes, so that gradients that need numbers of slices have shapes.
    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard [DType].indices.contains(node.input(0).dtype), let sizes = node.partialValue(0),
        !sizes.isScalar, !keepsDimensions(node),
        let axes = try? axes(of: node), axes == [0], let known = sizes.known
      else { return [nil] }
      var product: Int32 = 1
      for size in known {
        guard let size = Int32(exactly: size) else { return [nil] }
        let (next, overflows) = product.multipliedReportingOverflow(by: size)
        if overflows { return [nil] }
        product = next
      }
      return [PartialValue(scalar: Int(product))]
    }

    /// Each element's gradient is the product of the others, those before it times those after it: right
    /// also where some are 0.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0].map({ withKeptAxes($0, of: node) }) else {
        return .dense([nil, nil])
      }
      let x = node.input(0)
      guard let axes = node.partialValue(1)?.known else {
        return .dense([dy * othersAlongData(x, node.input(1)), nil])
      }
      // Axis by axis: the others in a row, then the other rows' products.
      var (rows, rest) = (x, onesLike(x))
      for axis in axes {
        rest = rest * others(rows, along: axis)
        rows = reduceProd(rows, axes: [axis], keepDimensions: true)
      }
      return .dense([dy * rest, nil])
    }

    private static func others(_ x: Tensor, along axis: Int) -> Tensor {
      let place = x.graph.constant(axis, .int32)
      func product(reverse: Bool) -> Tensor {
        x.apply(Cumprod.self, [place], ["exclusive": .bool(true), "reverse": .bool(reverse)])
      }
      return product(reverse: false) * product(reverse: true)
    }

    /// The same along axes that are data: they come first, all as one.
    private static func othersAlongData(_ x: Tensor, _ axes: Tensor) -> Tensor {
      let graph = x.graph
      let (dims, count) = (shapeTensor(of: x), rank(of: x))
      let reduced = floorMod(reshape(cast(axes, .int32), to: [-1]) + count, count)
      let all = range(graph.constant(0, .int32), count, graph.constant(1, .int32))
      let isReduced = reduceAny(expandDimensions(reduced, axis: 1) .== all, axes: [0])
      // The greatest first: of these numbers the reduced axes have those above the rank.
      let marks = cast(isReduced, .int32) * count - all
      let order = graph.add(TopKV2.self, [marks, count]).output(1)
      let moved = x.apply(Transpose.self, [order])
      let ones = onesLike(dims)
      let flat = reshape(
        moved,
        to: stack([
          reduceProd(select(isReduced, dims, ones), axes: [0]),
          reduceProd(select(isReduced, ones, dims), axes: [0]),
        ]))
      let apart = reshape(others(flat, along: 0), to: shapeTensor(of: moved))
      return apart.apply(Transpose.self, [order.apply(InvertPermutation.self)])
    }
  }
}

/// The product of the elements along axes (all by default); TensorFlow's `reduce_prod`.
public func reduceProd(
  _ x: Tensor, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  reduce(Ops.Prod.self, x, axes, keepDimensions, name ?? "Prod", SourceSite(file, line))
}
