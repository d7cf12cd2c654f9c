import GraphCore
import TensorCore

extension Ops {
  /// Slices along an axis at given indices; an index out of range fails the run.
  public enum GatherV2: KernelOp, MovingOp {
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
      var batch = node[batchDimensions]
      if batch < 0 {
        guard let rank = indices.shape.rank else {
          return .unavailable(
            "batch_dims is \(batch) and the rank of the indices is not known; declare it, or count "
              + "batch_dims from the front")
        }
        batch += rank
      }
      let stated = node.partialValue(2)?.known?.first
      let axis = stated.flatMap { axis in
        axis < 0 ? params.shape.rank.map { axis + $0 } : axis
      }
      if axis == 0 { return .inputs([rows(dy, shapeTensor(of: params), indices), nil, nil]) }
      let place =
        axis.map { node.graph.constant([$0], .int32) }
        ?? reshape(floorMod(cast(node.input(2), .int32), rank(of: params)), to: [1])
      return .dense([added(dy, shapeTensor(of: params), indices, at: place, batch), nil, nil])
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
  public enum Gather: CompositeOp, MovingOp {
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
      .inputs([upstream[0].map { rows($0, shapeTensor(of: node.input(0)), node.input(1)) }, nil])
    }
  }

  /// Rows of a variable.
  public enum ResourceGather: CompositeOp, MovingOp {
    public static let signature = Signature(
      ["resource: resource", "indices: Tindices"], gives: ["output: dtype"],
      [
        .int("batch_dims", default: 0), .flag("validate_indices", default: true), .type("dtype"),
        .type("Tindices", .indices),
      ])
    public static let effects = Effects.reads
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let handle = try handle(of: node) else { return [.unknown] }
      let batch = node[GatherV2.batchDimensions]
      return [gathered(handle[VarHandleOp.shape], node.input(1).shape, batch, batch)]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let batch = node[GatherV2.batchDimensions]
      let axis = node.graph.constant(batch, .int32)
      return [
        readForUpdate(node).apply(
          GatherV2.self, [node.input(1), axis], ["batch_dims": .int(batch)])
      ]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard let dy = upstream[0], let handle = try? handle(of: node),
        let shape = handle[VarHandleOp.shape].fullyDefined
      else { return .unavailable("its variable's shape must be known") }
      let (dims, batch) = (
        node.graph.constant(shape.dimensions, .int32), node[GatherV2.batchDimensions]
      )
      if batch == 0 { return .inputs([rows(dy, dims, node.input(1)), nil]) }
      let place = node.graph.constant([batch], .int32)
      return .dense([added(dy, dims, node.input(1), at: place, batch), nil])
    }
  }

  /// Slices at index vectors.
  public enum GatherNd: KernelOp, MovingOp {
    public static let signature = Signature(
      ["params: Tparams", "indices: Tindices"], gives: ["output: Tparams"],
      [.type("Tparams"), .type("Tindices", .indices), .string("bad_indices_policy", default: "")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (params, indices) = (node.input(0).shape, node.input(1).shape)
      guard params.rank != 0, indices.rank != 0 else {
        throw GraphError("no index vectors \(indices) for \(params): both need an axis")
      }
      guard let sizes = params.dimensions, let outer = indices.dimensions,
        let depth = outer.last ?? nil
      else { return [.unknown] }
      guard depth <= sizes.count else {
        throw GraphError("index vectors of \(depth) are too long for shape \(params)")
      }
      if sizes.contains(0), let count = PartialShape(outer.dropLast()).count, count > 0 {
        throw GraphError("there are no elements to take in shape \(params)")
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

  /// The gradient of gathered rows of what has the sizes `dims`, which belongs to these rows only.
  static func rows(_ dy: Tensor, _ dims: Tensor, _ indices: Tensor) -> GradientValue {
    // The number of rows is said, since it does not follow where a row has no elements.
    let count = reshape(size(of: indices), to: [1])
    let shape = concat([count, slice(dims, begin: [1], size: [-1])], axis: 0)
    return .slices(
      values: reshape(dy, to: shape), indices: reshape(indices, to: [-1]), shape: dims)
  }

  /// The slices of `dy` added up at their indices along the axis that `place` holds, as a tensor of the
  /// sizes `dims`.
  ///
  /// The axes between batch and axis and those behind it are taken as one each, so that no rank needs to
  /// be known; each batch has numbers of its own.
  static func added(
    _ dy: Tensor, _ dims: Tensor, _ indices: Tensor, at place: Tensor, _ batch: Int
  ) -> Tensor {
    let graph = dy.graph
    let (start, one) = (graph.constant([batch], .int32), graph.constant([1], .int32))
    let all = graph.constant([-1], .int32)
    let between: Tensor
    let behind: Tensor
    if let axis = place.partialValue?.known?.first {
      (between, behind) = (
        graph.constant([axis - batch], .int32), graph.constant([axis + 1], .int32)
      )
    } else {
      (between, behind) = (place - start, place + one)
    }
    let batches = product(ofSizes: slice(dims, begin: [0], size: [batch]))
    let outer = product(ofSizes: slice(dims, begin: start, size: between))
    let count = product(ofSizes: slice(dims, begin: place, size: one))
    let inner = product(ofSizes: slice(dims, begin: behind, size: all))
    let picked = product(ofSizes: slice(shapeTensor(of: indices), begin: start, size: all))
    let slices = transpose(
      reshape(dy, to: stack([batches, outer, picked, inner])), permutation: [0, 2, 1, 3])
    let flat = reshape(slices, to: stack([product(batches, picked), product(outer, inner)]))
    let numbers = range(graph.constant(0, .int32), batches, graph.constant(1, .int32)) * count
    let own = reshape(cast(indices, .int32), to: stack([batches, picked]))
    let places = reshape(own + expandDimensions(numbers, axis: 1), to: [-1])
    let summed = unsortedSegmentSum(flat, places, count: product(batches, count))
    let apart = reshape(summed, to: stack([batches, count, outer, inner]))
    return reshape(transpose(apart, permutation: [0, 2, 1, 3]), to: dims)
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
