import GraphCore
import Synchronization
import TensorCore

extension Ops {
  /// Passes its data to one of two outputs, the second if the predicate is true; the other is dead, and
  /// so is what takes it.
  public enum Switch: ControlOp {
    public static let signature = Signature(
      ["data: T", "pred: bool scalar"], gives: ["output_false: T", "output_true: T"], [.type("T")])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [node.input(0).shape, node.input(0).shape]
    }
    /// Whichever branch ran gives the gradient; the other contributes zeros.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      var parts: [Tensor] = []
      for side in 0..<2 {
        guard let part = upstream[side] ?? zeros(node, side) else {
          return .unavailable("the shape of its variable is not known")
        }
        parts.append(part)
      }
      return .dense([merge(parts).output, nil])
    }

    /// Zeros that are alive on one side.
    private static func zeros(_ node: Node, _ side: Int) -> Tensor? {
      guard node.output(side).dtype == .resource else { return zerosLike(node.output(side)) }
      guard let handle = try? handle(of: node),
        let shape = handle[VarHandleOp.shape].fullyDefined
      else { return nil }
      let zero = node.graph.constant(0, handle[VarHandleOp.dtype])
      let sides = switched(zero, if: node.input(1))
      let own = side == 0 ? sides.whenFalse : sides.whenTrue
      return fill(node.graph.constant(shape.dimensions, .int32), with: own)
    }
  }

  /// Gives whichever of its inputs is alive, and which one that is.
  public enum Merge: ControlOp {
    public static let beginsRounds = true
    public static let signature = Signature(
      ["inputs: N * T"], gives: ["output: T", "value_index: int32"], [.type("T"), .int("N")])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [mergedShape(node), .scalar]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let count = node.inputs.count
      guard let dy = upstream[0] else { return .dense(Array(repeating: nil, count: count)) }
      return .dense(
        (0..<count).map { index in
          switched(dy, if: node.output(1) .== node.graph.constant(index, .int32)).whenTrue
        })
    }
  }

  /// `Switch` of a variable itself.
  public enum RefSwitch: ControlOp {
    public static let signature = Signature(
      ["data: Ref(T)", "pred: bool scalar"],
      gives: ["output_false: Ref(T)", "output_true: Ref(T)"],
      [.type("T")])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try Switch.shapes(of: node)
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { Switch.gradient(of: node, upstream, in: context) }
  }

  /// `Merge` of variables themselves.
  public enum RefMerge: ControlOp {
    public static let beginsRounds = true
    public static let signature = Signature(
      ["inputs: N * Ref(T)"], gives: ["output: Ref(T)", "value_index: int32"],
      [.type("T"), .int("N")])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try Merge.shapes(of: node)
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { Merge.gradient(of: node, upstream, in: context) }
  }

  /// The shape that all inputs of a `Merge` agree on; one that a loop gives back is not known yet.
  static func mergedShape(_ node: Node) -> PartialShape {
    let endpoints = node.record.inputs
    guard endpoints.allSatisfy({ $0.node < node.graph.count }), !endpoints.isEmpty else {
      return .unknown
    }
    var shape = node.input(0).shape
    for tensor in node.inputs.dropFirst() {
      guard let a = shape.dimensions, let b = tensor.shape.dimensions, a.count == b.count else {
        return .unknown
      }
      shape = PartialShape(zip(a, b).map { $0 == $1 ? $0 : nil })
    }
    return shape
  }
}

/// `data` where the predicate is false and where it is true; what takes the other does not run.
///
/// - Parameter predicate: a Boolean scalar.
public func switched(
  _ data: Tensor, if predicate: Tensor, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> (whenFalse: Tensor, whenTrue: Tensor) {
  let node = data.graph.add(
    Ops.Switch.self, [data, predicate], name: name, site: SourceSite(file, line))
  if node.isPoison { return (data.graph.poison, data.graph.poison) }
  return (node.output(0), node.output(1))
}

/// Whichever tensor is alive, and its number among them.
public func merge(
  _ tensors: [Tensor], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> (output: Tensor, index: Tensor) {
  let graph = tensors[0].graph
  let node = graph.add(Ops.Merge.self, tensors, name: name, site: SourceSite(file, line))
  if node.isPoison { return (graph.poison, graph.poison) }
  return (node.output(0), node.output(1))
}

/// The tensors from outside that a branch of a conditional takes, each by one switch.
private final class BranchCaptures: Sendable {
  private let first: Int
  private let side: Int
  private let predicate: Tensor
  private let outer: (@Sendable (Tensor, String) -> Tensor)?
  private let known = Mutex<[Tensor: Tensor]>([:])

  /// A branch of nodes from `first` on, inside of the branch that `outer` captures for.
  init(
    first: Int, side: Int, predicate: Tensor, outer: (@Sendable (Tensor, String) -> Tensor)?
  ) {
    self.outer = outer
    self.first = first
    self.side = side
    self.predicate = predicate
  }

  /// The tensor as the branch takes it, made for the node of the given name if it is new.
  func inside(_ tensor: Tensor, name: String) -> Tensor {
    guard tensor.node.index < first, tensor.graph === predicate.graph else { return tensor }
    if let found = known.withLock({ $0[tensor] }) { return found }
    let data = outer?(tensor, name) ?? tensor
    let sides = switched(data, if: predicate, name: name + "/Switch")
    let own = side == 0 ? sides.whenFalse : sides.whenTrue
    known.withLock { $0[tensor] = own }
    return own
  }
}

extension Graph {
  /// What one of two functions of the same outputs builds, chosen when the graph runs: only that one
  /// runs. Built of `Switch` and `Merge`, as TensorFlow 1's `tf.cond` builds it.
  ///
  /// - Parameter predicate: a Boolean scalar.
  public func cond(
    _ predicate: Tensor, then: () -> [Tensor], else otherwise: () -> [Tensor],
    name: String = "cond", file: StaticString = #fileID, line: UInt = #line
  ) -> [Tensor] {
    composed(name, at: SourceSite(file, line)) { _ in
      let (no, yes) = switched(predicate, if: predicate)
      let pivots = [identity(no, name: "switch_f"), identity(yes, name: "switch_t")]
      let pred = identity(predicate, name: "pred_id")
      func branch(_ side: Int, _ body: () -> [Tensor]) -> [Tensor] {
        let captures = BranchCaptures(
          first: count, side: side, predicate: pred, outer: scope.capture)
        let results = controlDependencies([pivots[side]]) {
          withScope({ $0.capture = { captures.inside($0, name: $1) } }, body)
        }
        // What is only passed through comes in by a switch too.
        return results.map { $0.isPoison ? $0 : captures.inside($0, name: "passed") }
      }
      let thenResults = branch(1, then)
      let elseResults = branch(0, otherwise)
      guard thenResults.count == elseResults.count else {
        return [
          mistake(
            "the branches give \(thenResults.count) and \(elseResults.count) tensors", op: "cond",
            site: SourceSite(file, line))
        ]
      }
      return zip(elseResults, thenResults).map { merge([$0, $1]).output }
    }
  }
}
