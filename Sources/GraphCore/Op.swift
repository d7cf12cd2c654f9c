import TensorCore

/// What running a node does besides computing its outputs.
public struct Effects: OptionSet, Sendable, Hashable {
  /// The bits of the set.
  public let rawValue: Int
  /// A set of the given bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Nothing: the node may be dropped, shared or folded.
  public static let none: Effects = []
  /// Reads a variable.
  public static let reads = Effects(rawValue: 1)
  /// Writes a variable.
  public static let writes = Effects(rawValue: 2)
  /// Draws from a random stream, so that two equal nodes give different values.
  public static let random = Effects(rawValue: 4)
  /// Touches the world outside the session.
  public static let host = Effects(rawValue: 8)
}

/// An op says everything about itself, once: what it takes and gives, its shapes and its gradient.
///
/// Each op is an uninhabited enum nested in `enum Ops`, under TensorFlow's name, and conforms to one
/// of the refinements that say how it is computed (`ElementwiseOp`, `ReductionOp`, `ViewOp`, …).
public protocol Op: SendableMetatype {
  /// TensorFlow's name of the op; by default the type's.
  static var name: String { get }
  /// Inputs, outputs and attributes, as in TensorFlow's `OpDef`.
  static var signature: Signature { get }
  /// What running a node does besides computing its outputs.
  static var effects: Effects { get }
  /// The shape of each output, from what is known of the inputs.
  ///
  /// - Throws: `GraphError` saying what was expected and found; the graph adds node and sites.
  static func shapes(of node: Node) throws(GraphError) -> [PartialShape]
  /// What is known, before running, of the integers that a small output holds; by default nothing.
  ///
  /// For shape arithmetic, so that `reshape(x, pack(shape(x)[0], -1))` has a shape at build time.
  static func partialValues(of node: Node) -> [PartialValue?]
  /// Whether this op's output may be taken before the node that gives it, by an op that begins rounds.
  static var closesLoops: Bool { get }
  /// Whether the op may take what the round before gave, from a node that follows it.
  static var beginsRounds: Bool { get }
  /// The positions of inputs whose values must be known when a plan is made, such as an axis.
  static var staticInputs: [Int] { get }
  /// The gradients with respect to the inputs, given those with respect to the outputs.
  static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient
}

extension Op {
  /// The type's own name.
  public static var name: String { "\(Self.self)" }

  /// None.
  public static var staticInputs: [Int] { [] }

  /// Almost no op does.
  public static var closesLoops: Bool { false }
  /// Almost no op does.
  public static var beginsRounds: Bool { false }

  /// Nothing is known.
  public static func partialValues(of node: Node) -> [PartialValue?] { [] }
}

/// What is known of a small integer tensor's elements before a plan runs, nil where unknown.
public struct PartialValue: Hashable, Sendable, CustomStringConvertible {
  /// The elements in row-major order.
  public let elements: [Int?]
  /// Whether the tensor is a scalar rather than a vector.
  public let isScalar: Bool

  /// A vector of which some elements are known.
  public init(vector: [Int?]) {
    elements = vector
    isScalar = false
  }

  /// A scalar that may be known.
  public init(scalar: Int?) {
    elements = [scalar]
    isScalar = true
  }

  /// The elements in brackets, `?` where unknown; a scalar's without brackets.
  public var description: String {
    let texts = elements.map { $0.map(String.init) ?? "?" }
    return isScalar ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
  }

  /// The elements if all are known.
  public var known: [Int]? {
    elements.contains(nil) ? nil : elements.map { $0 ?? 0 }
  }

  /// The shape that such a vector describes; −1 stands for an unknown size.
  public var asShape: PartialShape {
    PartialShape(elements.map { $0.flatMap { $0 < 0 ? nil : $0 } })
  }

  /// The shape that such a vector of sizes describes.
  ///
  /// - Throws: `GraphError` if one is negative.
  package func asSizes() throws(GraphError) -> PartialShape {
    if isScalar { throw GraphError("a shape must be a vector, found a scalar") }
    if let negative = elements.first(where: { ($0 ?? 0) < 0 }) ?? nil {
      throw GraphError("a size must not be negative, found \(negative) in \(self)")
    }
    return PartialShape(elements)
  }

  /// Longer tensors are data, not shapes, and are not followed.
  package static let longest = 64
}

/// A gradient with respect to one tensor.
public enum GradientValue: Sendable {
  /// One number for each element.
  case dense(Tensor)
  /// TensorFlow's `IndexedSlices`: `values[i]` belongs to row `indices[i]` of a tensor of `shape`.
  case slices(values: Tensor, indices: Tensor, shape: Tensor)
}

/// The answer to how an op's outputs depend on its inputs.
public enum Gradient: Sendable {
  /// One entry for each input; nil where the output does not depend on it differentiably.
  case inputs([GradientValue?])
  /// The op cuts every gradient, and why.
  case none(String)
  /// The op has a gradient, which cannot be built of what is known of this node, and why: a mistake,
  /// since a sum of the other paths alone would be a wrong number.
  case unavailable(String)

  /// One dense gradient for each input, nil where there is none.
  public static func dense(_ tensors: [Tensor?]) -> Gradient {
    .inputs(tensors.map { $0.map { .dense($0) } })
  }
}

/// What an op's gradient may use besides its node: the graph it adds to, and differentiation itself.
public struct GradientContext: Sendable {
  /// The graph that gradient nodes are added to.
  public let graph: Graph
  /// Distinguishes what this calculation of gradients collects from what others do.
  package let source: String
  /// Differentiates `outputs` with the given upstream gradients with respect to `inputs`, not going
  /// beyond them: for composites, whose gradient follows from their expansion.
  package let differentiate:
    @Sendable (_ outputs: [Tensor], _ upstream: [Tensor?], _ inputs: [Tensor]) -> [Tensor?]

  package init(
    graph: Graph, source: String,
    differentiate:
      @escaping @Sendable (_ outputs: [Tensor], _ upstream: [Tensor?], _ inputs: [Tensor])
      -> [Tensor?]
  ) {
    self.graph = graph
    self.source = source
    self.differentiate = differentiate
  }
}

/// The ops that a graph knows, by name.
public struct OpSet: Sendable {
  private let ops: [String: any Op.Type]

  /// A set of the given ops; two of one name are a mistake in the list.
  public init(_ list: [any Op.Type]) {
    ops = Dictionary(list.map { ($0.name, $0) }) { first, _ in
      preconditionFailure("two ops are called \(first.name)")
    }
  }

  /// The op of that name, or nil if it is not known here.
  public subscript(name: String) -> (any Op.Type)? { ops[name] }

  /// All names, sorted.
  public var names: [String] { ops.keys.sorted() }
}
