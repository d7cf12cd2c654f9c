import GraphCore
import TensorCore

extension Ops {
  /// Slices along an axis at given indices; an index out of range fails the run.
  public enum GatherV2: KernelOp {
    public static let staticInputs = [2]
    /// How many leading axes parameters and indices have in common.
    public static let batchDimensions = AttributeKey<Int>("batch_dims")
    public static let signature = Signature(
      ["params: Tparams", "indices: Tindices", "axis: Taxis scalar"], gives: ["output: Tparams"],
      [
        .type("Tparams"), .type("Tindices", .indices), .type("Taxis", .indices),
        .int("batch_dims", default: 0),
      ])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let (axis, batch) = try place(node) else { return [.unknown] }
      return [gathered(node.input(0).shape, node.input(1).shape, axis, batch)]
    }
    public static func partialValues(of node: Node) -> [PartialValue?] {
      // Shape arithmetic picks sizes this way.
      guard let values = node.partialValue(0), !values.isScalar,
        let indices = node.partialValue(1), let known = indices.known,
        known.allSatisfy({ values.elements.indices.contains($0) })
      else { return [nil] }
      let picked = known.map { values.elements[$0] }
      return [indices.isScalar ? PartialValue(scalar: picked[0]) : PartialValue(vector: picked)]
    }
    public static func kernel(of node: Node) -> KernelSpecification {
      guard let (axis, batch) = (try? place(node)) ?? nil else {
        preconditionFailure("\(node) has an unknown axis")
      }
      return .named(.gather(axis: axis, batchDimensions: batch))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
      let (params, indices) = (node.input(0), node.input(1))
      // Rows need no ranks, which are unknown in many a loop.
      if node.partialValue(2)?.known?.first == 0, node[batchDimensions] == 0 {
        return .inputs([rows(dy, params, indices), nil, nil])
      }
      guard let (axis, batch) = (try? place(node)) ?? nil, let rank = params.shape.rank,
        let inner = indices.shape.rank
      else { return .unavailable("its axis and ranks must be known") }
      if axis == 0 { return .inputs([rows(dy, params, indices), nil, nil]) }
      return .dense([added(dy, params, indices, axis, batch, rank, inner - batch), nil, nil])
    }

    /// The slices of `dy` added up at their indices: the axis comes right after the batch, batches get
    /// numbers of their own, and all goes back.
    private static func added(
      _ dy: Tensor, _ params: Tensor, _ indices: Tensor, _ axis: Int, _ batch: Int, _ rank: Int,
      _ inner: Int
    ) -> Tensor {
      let graph = dy.graph
      let total = rank - 1 + inner
      let front =
        Array(0..<batch) + Array(axis..<(axis + inner)) + Array(batch..<axis)
        + Array((axis + inner)..<total)
      let order = Array(0..<batch) + [axis] + Array(batch..<axis) + Array((axis + 1)..<rank)
      let dims = gather(shapeTensor(of: params), graph.constant(order, .int32))
      let rest = slice(dims, begin: [batch + 1], size: [-1])
      let minus = graph.constant([-1], .int32)
      let flat = reshape(transpose(dy, permutation: front), to: concat([minus, rest], axis: 0))
      let count = gather(dims, graph.constant(batch, .int32))
      let batches = reduceProd(slice(dims, begin: [0], size: [batch]))
      let byBatch = reshape(
        cast(indices, .int32), to: stack([batches, graph.constant(-1, .int32)]))
      let numbers = range(graph.constant(0, .int32), batches, graph.constant(1, .int32))
      let places = reshape(byBatch + expandDimensions(numbers * count, axis: 1), to: [-1])
      let summed = reshape(
        unsortedSegmentSum(flat, places, count: batches * count), to: dims)
      var back = [Int](repeating: 0, count: rank)
      for (position, source) in order.enumerated() { back[source] = position }
      return transpose(summed, permutation: back)
    }

    static func place(_ node: Node) throws(GraphError) -> (axis: Int, batch: Int)? {
      guard let rank = node.input(0).shape.rank, let inner = node.input(1).shape.rank,
        let stated = node.sizes(2)?.known?.first
      else { return nil }
      let axis = try normalized(axes: [stated], rank: rank)[0]
      let batch = node[batchDimensions] < 0 ? node[batchDimensions] + inner : node[batchDimensions]
      guard batch >= 0, batch <= axis, batch <= inner else {
        throw GraphError("batch_dims \(node[batchDimensions]) does not fit axis \(axis)")
      }
      let (params, indices) = (node.input(0).shape, node.input(1).shape)
      for place in 0..<batch {
        guard let a = params[place], let b = indices[place], a != b else { continue }
        throw GraphError(
          "the first \(batch) sizes must agree, found params \(params) and indices \(indices)")
      }
      return (axis, batch)
    }
  }

  /// `GatherV2` along the first axis; the older form.
  public enum Gather: CompositeOp {
    public static let signature = Signature(
      ["params: Tparams", "indices: Tindices"], gives: ["output: Tparams"],
      [
        .flag("validate_indices", default: true), .type("Tparams"), .type("Tindices", .indices),
      ])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [gathered(node.input(0).shape, node.input(1).shape, 0, 0)]
    }
    public static func expand(_ node: Node) -> [Tensor] { [gather(node.input(0), node.input(1))] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .inputs([upstream[0].map { rows($0, node.input(0), node.input(1)) }, nil])
    }
  }

  /// Rows of a variable.
  public enum ResourceGather: CompositeOp {
    public static let signature = Signature(
      ["resource: resource", "indices: Tindices"], gives: ["output: dtype"],
      [
        .int("batch_dims", default: 0), .flag("validate_indices", default: true), .type("dtype"),
        .type("Tindices", .indices),
      ])
    public static let effects = Effects.reads
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let handle = try handle(of: node) else { return [.unknown] }
      return [gathered(handle[VarHandleOp.shape], node.input(1).shape, 0, 0)]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      [gather(readForUpdate(node), node.input(1))]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0], let handle = try? handle(of: node),
        let shape = handle[VarHandleOp.shape].fullyDefined
      else { return .unavailable("its variable's shape must be known") }
      let graph = node.graph
      let dims = graph.constant(shape.dimensions, .int32)
      let inner = concat(
        [
          graph.constant([-1], .int32), graph.constant(Array(shape.dimensions.dropFirst()), .int32),
        ],
        axis: 0)
      return .inputs([
        .slices(
          values: reshape(dy, to: inner), indices: reshape(node.input(1), to: [-1]), shape: dims),
        nil,
      ])
    }
  }

  /// Slices at index vectors.
  public enum GatherNd: KernelOp {
    public static let signature = Signature(
      ["params: Tparams", "indices: Tindices"], gives: ["output: Tparams"],
      [.type("Tparams"), .type("Tindices", .indices), .string("bad_indices_policy", default: "")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (params, indices) = (node.input(0).shape, node.input(1).shape)
      guard let sizes = params.dimensions, let outer = indices.dimensions,
        let depth = outer.last ?? nil
      else { return [.unknown] }
      guard depth <= sizes.count else {
        throw GraphError("index vectors of \(depth) are too long for shape \(params)")
      }
      return [PartialShape(Array(outer.dropLast()) + Array(sizes[depth...]))]
    }
    public static func kernel(of node: Node) -> KernelSpecification {
      .named(.gatherND(batchDimensions: 0))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map {
          node.input(1).apply(
            ScatterNd.self, [$0, cast(shapeTensor(of: node.input(0)), node.input(1).dtype)])
        }, nil,
      ])
    }
  }

  static func gathered(_ params: PartialShape, _ indices: PartialShape, _ axis: Int, _ batch: Int)
    -> PartialShape
  {
    guard let sizes = params.dimensions, let inner = indices.dimensions, sizes.count > axis else {
      return .unknown
    }
    return PartialShape(
      Array(sizes[..<axis]) + Array(inner.dropFirst(batch)) + Array(sizes[(axis + 1)...]))
  }

  /// The gradient of gathered rows, which belongs to these rows only.
  static func rows(_ dy: Tensor, _ params: Tensor, _ indices: Tensor) -> GradientValue {
    let dims = shapeTensor(of: params)
    let inner = slice(dims, begin: [1], size: [-1])
    let shape = concat([params.graph.constant([-1], .int32), inner], axis: 0)
    return .slices(
      values: reshape(dy, to: shape), indices: reshape(indices, to: [-1]), shape: dims)
  }
}

/// Slices of `params` along an axis, TensorFlow's `tf.gather`.
///
/// - Returns: the shape of `params` with the axis replaced by the shape of `indices`.
public func gather(
  _ params: Tensor, _ indices: Tensor, axis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if params.isPoison { return params }
  return params.graph.composed(name ?? "GatherV2", at: SourceSite(file, line)) { scope in
    let place = params.graph.constant(axis, .int32, name: "axis")
    return params.apply(Ops.GatherV2.self, [indices, place], name: scope)
  }
}

/// Rows of a table, such as word vectors, TensorFlow's `tf.nn.embedding_lookup`.
public func embeddingLookup(
  _ table: Variable, _ indices: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  table.handle.dtype == .resource
    ? table.handle.apply(
      Ops.ResourceGather.self, [indices], name: name ?? "embedding_lookup",
      ["dtype": .type(table.dtype)], site: SourceSite(file, line))
    : gather(table.value, indices, name: name ?? "embedding_lookup", file: file, line: line)
}
