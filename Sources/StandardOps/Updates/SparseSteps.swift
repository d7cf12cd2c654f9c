import GraphCore
import TensorCore

/// An optimizer's step for some rows of a variable, as the gradient of an embedding asks for: the other
/// rows and their slots stay as they are, without decay.
///
/// The rows must be distinct, as TensorFlow's optimizers make them by `Unique` and a sum: of one that
/// is named twice only one gradient counts.
public protocol SparseUpdateOp: CompositeOp {
  /// The step for whole variables, whose formula this one applies to the rows.
  associatedtype Dense: VariableUpdateOp
}

extension SparseUpdateOp {
  /// Reads and writes its variables.
  public static var effects: Effects { [.reads, .writes] }

  /// The dense step's with the rows' indices after the gradient.
  public static var signature: Signature {
    var inputs = Dense.signature.inputs
    inputs.insert("indices: Tindices", at: Dense.gradientInput + 1)
    return Signature(
      inputs, gives: [], Dense.signature.attributes + [.type("Tindices", .indices)])
  }

  /// No outputs; the gradient must hold a row for each index.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    let (gradient, indices) = (node.input(Dense.gradientInput), node.input(Dense.gradientInput + 1))
    for position in 0..<Dense.variableCount {
      guard let handle = try Ops.handle(of: node, input: position),
        let sizes = handle[Ops.VarHandleOp.shape].dimensions
      else { continue }
      let expected = PartialShape([indices.shape.dimensions?.first ?? nil] + sizes.dropFirst())
      guard !sizes.isEmpty, gradient.dtype == handle[Ops.VarHandleOp.dtype],
        gradient.shape.isCompatible(with: expected)
      else {
        throw GraphError(
          "the variable \"\(handle.name)\" is \(handle[Ops.VarHandleOp.dtype]) "
            + "\(handle[Ops.VarHandleOp.shape]), the gradient of its rows \(gradient.dtype) "
            + "\(gradient.shape)")
      }
    }
    return []
  }

  /// The step on the rows, which are then put back.
  public static func expand(_ node: Node) -> [Tensor] {
    let indices = node.input(Dense.gradientInput + 1)
    let values = (0..<Dense.variableCount).map { Ops.readForUpdate(node, input: $0) }
    let rows = Dense.moved(
      values.map { gather($0, indices) }, by: node.input(Dense.gradientInput), node)
    let vectors = expandDimensions(indices, axis: -1)
    for slot in rows.indices.reversed() {
      _ = Ops.assign(
        values[slot].apply(Ops.TensorScatterUpdate.self, [vectors, rows[slot]]),
        to: node.input(slot))
    }
    return []
  }

  /// An update has no value.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("an update has no value") }
}

/// The form of a step on rows for TensorFlow 1's older variables.
public protocol SparseReferenceUpdateOp: ReferenceOp {
  /// The step on resources.
  associatedtype Resource: SparseUpdateOp
}

extension SparseReferenceUpdateOp {
  /// The step on resources.
  public static var resourceOp: any Op.Type { Resource.self }
  /// Both call the type `T`.
  public static var renamedAttributes: [String: String] { [:] }
  /// The same with variables in place of resources, giving the first of them.
  public static var signature: Signature {
    Resource.signature.withReferences(count: Resource.Dense.variableCount)
  }
}

extension Ops {
  /// Momentum, for some rows.
  public enum ResourceSparseApplyMomentum: SparseUpdateOp {
    public typealias Dense = ResourceApplyMomentum
  }
  /// Keras' momentum, for some rows.
  public enum ResourceSparseApplyKerasMomentum: SparseUpdateOp {
    public typealias Dense = ResourceApplyKerasMomentum
  }
  /// Adagrad, for some rows.
  public enum ResourceSparseApplyAdagrad: SparseUpdateOp {
    public typealias Dense = ResourceApplyAdagrad
  }
  /// Adagrad with an ε, for some rows.
  public enum ResourceSparseApplyAdagradV2: SparseUpdateOp {
    public typealias Dense = ResourceApplyAdagradV2
  }
  /// Adadelta, for some rows.
  public enum ResourceSparseApplyAdadelta: SparseUpdateOp {
    public typealias Dense = ResourceApplyAdadelta
  }
  /// RMSProp, for some rows.
  public enum ResourceSparseApplyRMSProp: SparseUpdateOp {
    public typealias Dense = ResourceApplyRMSProp
  }
  /// Centred RMSProp, for some rows.
  public enum ResourceSparseApplyCenteredRMSProp: SparseUpdateOp {
    public typealias Dense = ResourceApplyCenteredRMSProp
  }
  /// Follow-the-regularized-leader, for some rows.
  public enum ResourceSparseApplyFtrl: SparseUpdateOp {
    public typealias Dense = ResourceApplyFtrl
  }
  /// Follow-the-regularized-leader with shrinkage, for some rows.
  public enum ResourceSparseApplyFtrlV2: SparseUpdateOp {
    public typealias Dense = ResourceApplyFtrlV2
  }

  /// Momentum, for some rows of an older variable.
  public enum SparseApplyMomentum: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyMomentum
  }
  /// Adagrad, for some rows of an older variable.
  public enum SparseApplyAdagrad: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyAdagrad
  }
  /// Adagrad with an ε, for some rows of an older variable.
  public enum SparseApplyAdagradV2: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyAdagradV2
  }
  /// Adadelta, for some rows of an older variable.
  public enum SparseApplyAdadelta: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyAdadelta
  }
  /// RMSProp, for some rows of an older variable.
  public enum SparseApplyRMSProp: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyRMSProp
  }
  /// Centred RMSProp, for some rows of an older variable.
  public enum SparseApplyCenteredRMSProp: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyCenteredRMSProp
  }
  /// Follow-the-regularized-leader, for some rows of an older variable.
  public enum SparseApplyFtrl: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyFtrl
  }
  /// Follow-the-regularized-leader with shrinkage, for some rows of an older variable.
  public enum SparseApplyFtrlV2: SparseReferenceUpdateOp {
    public typealias Resource = ResourceSparseApplyFtrlV2
  }
}
