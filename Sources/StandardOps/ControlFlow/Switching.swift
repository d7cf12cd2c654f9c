import GraphCore
import TensorCore

extension Ops {
  /// Passes its data to one of two outputs, the second if the predicate is true; the other is dead, and
  /// so is what takes it.
  public enum Switch: ControlOp {
    public static let signature = Signature(
      ["data: T", "pred: bool"], gives: ["output_false: T", "output_true: T"], [.type("T")])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [node.input(0).shape, node.input(0).shape]
    }
    /// Whichever branch ran gives the gradient; the other contributes zeros.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let parts = (0..<2).map { upstream[$0] ?? zerosLike(node.output($0)) }
      return .dense([merge(parts).output, nil])
    }
  }

  /// Gives whichever of its inputs is alive, and which one that is.
  public enum Merge: ControlOp {
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
      ["data: Ref(T)", "pred: bool"], gives: ["output_false: Ref(T)", "output_true: Ref(T)"],
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
        let first = count
        let results = controlDependencies([pivots[side]], body)
        // What lies outside the branch passes a switch, so that the branch is alive with its data.
        return results.map { tensor in
          if tensor.isPoison { return tensor }
          guard tensor.node.index < first else { return tensor }
          let sides = switched(tensor, if: pred)
          return side == 0 ? sides.whenFalse : sides.whenTrue
        }
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
