import GraphCore
import TensorCore

/// An op that combines slices into a copy of a tensor, at index vectors.
public protocol TensorScatterOp: KernelOp {
  /// What happens where something is already.
  static var combination: ScatterCombination { get }
}

extension TensorScatterOp {
  /// A tensor, index vectors, and a slice for each.
  public static var signature: Signature {
    Signature(
      ["tensor: T", "indices: Tindices", "updates: T"], gives: ["output: T"],
      [.type("T"), .type("Tindices", .indices), .string("bad_indices_policy", default: "")])
  }
  /// The tensor's.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let (tensor, indices) = (node.input(0).shape, node.input(1).shape)
    let updates = node.input(2).shape
    guard indices.rank != 0 else {
      throw GraphError("index vectors are expected, found the scalar \(node.input(1))")
    }
    if let sizes = tensor.dimensions, let outer = indices.dimensions, let depth = outer.last ?? nil
    {
      guard depth <= sizes.count else {
        throw GraphError("index vectors of \(depth) are too long for shape \(tensor)")
      }
      let expected = PartialShape(Array(outer.dropLast()) + Array(sizes[depth...]))
      guard expected.isCompatible(with: updates) else {
        throw GraphError("updates of shape \(expected) are expected, found \(updates)")
      }
    }
    return [tensor]
  }
  /// Scattering.
  public static func kernel(of node: Node) -> KernelSpecification {
    .named(.scatter(combination))
  }
  /// What stays of the tensor keeps its gradient, what is put in has that of its place.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    guard let dy = upstream[0] else { return .dense([nil, nil, nil]) }
    let (indices, updates) = (node.input(1), node.input(2))
    let gathered = dy.apply(Ops.GatherNd.self, [indices])
    switch combination {
    case .add: return .dense([dy, nil, gathered])
    case .subtract: return .dense([dy, nil, -gathered])
    case .update:
      let kept = dy.apply(Ops.TensorScatterUpdate.self, [indices, zerosLike(updates)])
      return .dense([kept, nil, gathered])
    case .minimum, .maximum:
      // Shared by all that are equal to what came out.
      let (tensor, output) = (node.input(0), node.output(0))
      let isKept = cast(tensor .== output, dy.dtype)
      let isPut = cast(updates .== output.apply(Ops.GatherNd.self, [indices]), dy.dtype)
      let share = dy / isKept.apply(Ops.TensorScatterAdd.self, [indices, isPut])
      return .dense([share * isKept, nil, share.apply(Ops.GatherNd.self, [indices]) * isPut])
    case .multiply, .divide:
      return .unavailable("products and quotients have no gradients in TensorFlow")
    case .once: return .none("a permutation is made of integers")
    }
  }
}

extension Ops {
  /// Replaces slices.
  public enum TensorScatterUpdate: TensorScatterOp, MovingOp {
    public static let combination = ScatterCombination.update
  }
  /// Adds to slices.
  public enum TensorScatterAdd: TensorScatterOp {
    public static let combination = ScatterCombination.add
  }
  /// Subtracts from slices.
  public enum TensorScatterSub: TensorScatterOp {
    public static let combination = ScatterCombination.subtract
  }
  /// Takes the lesser elements.
  public enum TensorScatterMin: TensorScatterOp {
    public static let combination = ScatterCombination.minimum
  }
  /// Takes the greater elements.
  public enum TensorScatterMax: TensorScatterOp {
    public static let combination = ScatterCombination.maximum
  }
  /// Multiplies slices; only behind the ops on variables.
  package enum _TensorScatterMul: TensorScatterOp {
    package static let combination = ScatterCombination.multiply
  }
  /// Divides slices; only behind the ops on variables.
  package enum _TensorScatterDiv: TensorScatterOp {
    package static let combination = ScatterCombination.divide
  }

  /// Replaces slices, each at most once; only behind `InvertPermutation`.
  package enum _TensorScatterOnce: TensorScatterOp {
    package static let combination = ScatterCombination.once
  }

  /// Zeros with slices added at index vectors.
  public enum ScatterNd: CompositeOp {
    public static let signature = Signature(
      ["indices: Tindices", "updates: T", "shape: Tindices vector"], gives: ["output: T"],
      [.type("T"), .type("Tindices", .indices), .string("bad_indices_policy", default: "")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [try node.sizes(2)?.asSizes() ?? node.input(2).shape[0].map { .ofRank($0) } ?? .unknown]
    }
    public static func expand(_ node: Node) -> [Tensor] {
      let (indices, updates) = (node.input(0), node.input(1))
      let zero = node.graph.constant(0, updates.dtype)
      let zeros = fill(cast(node.input(2), .int32), with: zero)
      return [zeros.apply(TensorScatterAdd.self, [indices, updates])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([nil, upstream[0].map { $0.apply(GatherNd.self, [node.input(0)]) }, nil])
    }
  }
}

/// An op that combines slices into rows of a variable.
public protocol ResourceScatterOp: CompositeOp {
  /// The op on tensors that does it.
  static var tensorOp: any TensorScatterOp.Type { get }
  /// The types of its elements; empty means any.
  static var types: [DType] { get }
}

extension ResourceScatterOp {
  /// Numbers.
  public static var types: [DType] { .reals }
  /// A variable, rows, and a slice for each or a scalar for all.
  public static var signature: Signature {
    Signature(
      ["resource: resource", "indices: Tindices", "updates: dtype"], gives: [],
      [.type("dtype", types), .type("Tindices", .indices)])
  }
  /// Reads and writes its variable.
  public static var effects: Effects { [.reads, .writes] }
  /// None.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
  /// The variable with its rows changed.
  public static func expand(_ node: Node) -> [Tensor] {
    let (value, indices) = (Ops.readForUpdate(node), node.input(1))
    var updates = node.input(2)
    let inner = Array((value.shape.fullyDefined?.dimensions ?? []).dropFirst())
    let outer = indices.shape.fullyDefined?.dimensions ?? []
    if updates.shape.rank == 0 {
      updates = broadcast(updates, to: node.graph.constant(outer + inner, .int32))
    }
    let vectors = expandDimensions(indices, axis: -1)
    return Ops.assign(value.apply(tensorOp, [vectors, updates]), to: node.input(0))
  }
  /// An update has no value.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("an update has no value") }
}

/// The form of a scatter op for TensorFlow 1's older variables.
public protocol ReferenceScatterOp: ReferenceOp {
  /// The types of its elements; empty means any.
  static var types: [DType] { get }
  /// Whether it locks by default.
  static var locks: Bool { get }
}

extension ReferenceScatterOp {
  /// Numbers.
  public static var types: [DType] { .reals }
  /// It does not.
  public static var locks: Bool { false }
  /// A variable, rows, slices.
  public static var signature: Signature {
    Signature(
      ["ref: Ref(T)", "indices: Tindices", "updates: T"], gives: ["output_ref: Ref(T)"],
      [.type("T", types), .type("Tindices", .indices), .flag("use_locking", default: locks)])
  }
}

extension Ops {
  /// Replaces rows of a variable.
  public enum ResourceScatterUpdate: ResourceScatterOp, MovingOp {
    public static let types: [DType] = []
    public static let tensorOp: any TensorScatterOp.Type = TensorScatterUpdate.self
  }
  /// Adds to rows of a variable.
  public enum ResourceScatterAdd: ResourceScatterOp {
    public static let tensorOp: any TensorScatterOp.Type = TensorScatterAdd.self
  }
  /// Subtracts from rows of a variable.
  public enum ResourceScatterSub: ResourceScatterOp {
    public static let tensorOp: any TensorScatterOp.Type = TensorScatterSub.self
  }
  /// Multiplies rows of a variable.
  public enum ResourceScatterMul: ResourceScatterOp {
    public static let tensorOp: any TensorScatterOp.Type = _TensorScatterMul.self
  }
  /// Divides rows of a variable.
  public enum ResourceScatterDiv: ResourceScatterOp {
    public static let tensorOp: any TensorScatterOp.Type = _TensorScatterDiv.self
  }
  /// Takes the lesser elements into rows of a variable.
  public enum ResourceScatterMin: ResourceScatterOp {
    public static let tensorOp: any TensorScatterOp.Type = TensorScatterMin.self
  }
  /// Takes the greater elements into rows of a variable.
  public enum ResourceScatterMax: ResourceScatterOp {
    public static let tensorOp: any TensorScatterOp.Type = TensorScatterMax.self
  }

  /// Replaces rows of a variable.
  public enum ScatterUpdate: ReferenceScatterOp {
    public static let types: [DType] = []
    public static let locks = true
    public static let resourceOp: any Op.Type = ResourceScatterUpdate.self
  }
  /// Adds to rows of a variable.
  public enum ScatterAdd: ReferenceScatterOp {
    public static let resourceOp: any Op.Type = ResourceScatterAdd.self
  }
  /// Subtracts from rows of a variable.
  public enum ScatterSub: ReferenceScatterOp {
    public static let resourceOp: any Op.Type = ResourceScatterSub.self
  }
  /// Multiplies rows of a variable.
  public enum ScatterMul: ReferenceScatterOp {
    public static let resourceOp: any Op.Type = ResourceScatterMul.self
  }
  /// Divides rows of a variable.
  public enum ScatterDiv: ReferenceScatterOp {
    public static let resourceOp: any Op.Type = ResourceScatterDiv.self
  }
  /// Takes the lesser elements into rows of a variable.
  public enum ScatterMin: ReferenceScatterOp {
    public static let types: [DType] = [.float16, .bfloat16, .float32, .float64, .int32, .int64]
    public static let resourceOp: any Op.Type = ResourceScatterMin.self
  }
  /// Takes the greater elements into rows of a variable.
  public enum ScatterMax: ReferenceScatterOp {
    public static let types: [DType] = [.float16, .bfloat16, .float32, .float64, .int32, .int64]
    public static let resourceOp: any Op.Type = ResourceScatterMax.self
  }
}
