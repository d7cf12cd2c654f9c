import GraphCore
import TensorCore

extension Ops {
  /// Slices interleaved by index: `indices[m]` says where the slices of `data[m]` go; later ones win.
  public enum DynamicStitch: CompositeOp, MovingOp {
    public static let signature = Signature(
      ["indices: N * int32", "data: N * T"], gives: ["merged: T"], [.int("N"), .type("T")])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let count = node.inputs.count / 2
      var slice = PartialShape.unknown
      for index in 0..<count {
        let (places, data) = (node.input(index).shape, node.input(count + index).shape)
        guard let outer = places.rank, let sizes = data.dimensions else { continue }
        guard outer <= sizes.count, PartialShape(Array(sizes[..<outer])).isCompatible(with: places)
        else {
          throw GraphError("data of shape \(data) does not begin as its indices, \(places)")
        }
        let own = PartialShape(Array(sizes[outer...]))
        guard let both = slice.merged(with: own) else {
          throw GraphError("the slices must have one shape, found \(slice) and \(own)")
        }
        slice = both
      }
      var highest: Int? = -1
      for index in 0..<count {
        let known = node.constantSizes(index) ?? node.sizes(index)?.known
        guard let numbers = known, let before = highest else {
          highest = nil
          break
        }
        guard numbers.allSatisfy({ $0 >= 0 }) else {
          throw GraphError("indices must not be negative, found \(numbers)")
        }
        highest = max(before, numbers.max() ?? -1)
      }
      return [slice.dimensions.map { PartialShape([highest.map { $0 + 1 }] + $0) } ?? .unknown]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      let count = node.inputs.count / 2
      guard node.output(0).shape.rank == 1, let size = node.output(0).shape[0] else { return [nil] }
      var merged = [Int?](repeating: nil, count: size)
      for index in 0..<count {
        guard let places = node.partialValue(index)?.known,
          let data = node.partialValue(count + index)?.elements, places.count == data.count
        else { return [nil] }
        for (place, element) in zip(places, data) where merged.indices.contains(place) {
          merged[place] = element
        }
      }
      return [PartialValue(vector: merged)]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let (graph, count) = (node.graph, node.inputs.count / 2)
      let shape = node.output(0).shape.fullyDefined?.dimensions ?? []
      let inner = Array(shape.dropFirst())
      var (places, slices): ([Tensor], [Tensor]) = ([], [])
      for index in 0..<count {
        let total = node.input(index).shape.count ?? 0
        places.append(reshape(node.input(index), to: [total, 1]))
        slices.append(reshape(node.input(count + index), to: [total] + inner))
      }
      let zeros = fill(graph.constant(shape, .int32), with: slices[0].constant(0))
      return [
        zeros.apply(
          TensorScatterUpdate.self, [concat(places, axis: 0), concat(slices, axis: 0)])
      ]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let count = node.inputs.count / 2
      let parts = (0..<count).map { index in upstream[0].map { gather($0, node.input(index)) } }
      return .dense(Array(repeating: nil, count: count) + parts)
    }
  }

  /// The permutation that undoes another one.
  public enum InvertPermutation: CompositeOp {
    public static let signature = Signature(
      ["x: T vector"], gives: ["y: T"], [.type("T", .indices, default: .int32)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      if let order = node.sizes(0)?.known {
        // Axes may be counted from the end elsewhere, not here.
        guard try permutation(order) == order else {
          throw GraphError("\(order) must not be negative")
        }
      }
      return [[node.input(0).shape[0]]]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      guard let order = node.partialValue(0)?.known, let axes = try? permutation(order),
        axes == order
      else { return [nil] }
      var inverse = axes
      for (place, axis) in axes.enumerated() { inverse[axis] = place }
      return [PartialValue(vector: inverse)]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let x = node.input(0)
      let count = x.shape.count ?? 0
      let places = node.graph.constant(Array(0..<count), x.dtype)
      return [zerosLike(x).apply(_TensorScatterOnce.self, [expandDimensions(x, axis: 1), places])]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a permutation is made of integers") }
  }

  /// The axes counted from the front, each of which must occur once.
  ///
  /// - Throws: `GraphError` if they do not.
  static func permutation(_ axes: [Int]) throws(GraphError) -> [Int] {
    let positive = axes.map { $0 < 0 ? $0 + axes.count : $0 }
    guard positive.sorted() == Array(axes.indices) else {
      throw GraphError.atRun("\(axes) is not a permutation of \(Array(axes.indices))")
    }
    return positive
  }
}
