import GraphCore
import TensorCore

extension Ops {
  /// Names a variable of the session; variables of one `shared_name` are one.
  public enum VarHandleOp: StateOp {
    /// The type of the variable's elements.
    public static let dtype = AttributeKey<DType>("dtype")
    /// What is known of the variable's shape.
    public static let shape = AttributeKey<PartialShape>("shape")
    /// The name that the session holds the variable under; the node's if empty.
    public static let sharedName = AttributeKey<String>("shared_name")
    public static let signature = Signature(
      [], gives: ["resource: resource"],
      [
        .string("container", default: ""), .string("shared_name", default: ""),
        .string("debug_name", default: ""),
        .type("dtype"), .shape("shape"),
        .value("allowed_devices", .listOfString, default: .list([])),
      ])
    public static let effects = Effects.none
    public static let action = StateAction.declare
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }

  /// The value of a variable at this point of the run.
  public enum ReadVariableOp: StateOp {
    public static let signature = Signature(
      ["resource: resource"], gives: ["value: dtype"], [.type("dtype")])
    public static let effects = Effects.reads
    public static let action = StateAction.read
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard let handle = try handle(of: node) else { return [.unknown] }
      let (stored, read) = (handle[VarHandleOp.dtype], node.output(0).dtype)
      guard stored == read else {
        throw GraphError("the variable holds \(stored), not \(read)")
      }
      return [handle[VarHandleOp.shape]]
    }
    /// Gradients stop at the value that was read: it is what they are taken with respect to.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([upstream[0]]) }
  }

  /// Sets a variable.
  public enum AssignVariableOp: StateOp {
    public static let signature = Signature(
      ["resource: resource", "value: dtype"], gives: [],
      [.type("dtype"), .flag("validate_shape")])
    public static let effects = Effects.writes
    public static let action = StateAction.write
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try checkValue(of: node)
      return []
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("an assignment has no value") }
  }

  /// Adds to a variable.
  public enum AssignAddVariableOp: CompositeOp {
    public static let signature = Signature(
      ["resource: resource", "value: dtype"], gives: [], [.type("dtype", .reals)])
    public static let effects: Effects = [.reads, .writes]
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try checkValue(of: node)
      return []
    }
    public static func expand(_ node: Node) -> [Tensor] {
      assign(readForUpdate(node) + node.input(1), to: node.input(0))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("an assignment has no value") }
  }

  /// Subtracts from a variable.
  public enum AssignSubVariableOp: CompositeOp {
    public static let signature = AssignAddVariableOp.signature
    public static let effects: Effects = [.reads, .writes]
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      try checkValue(of: node)
      return []
    }
    public static func expand(_ node: Node) -> [Tensor] {
      assign(readForUpdate(node) - node.input(1), to: node.input(0))
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("an assignment has no value") }
  }

  /// Whether a variable has a value.
  public enum VarIsInitializedOp: StateOp {
    public static let signature = Signature(
      ["resource: resource"], gives: ["is_initialized: bool"])
    public static let effects = Effects.reads
    public static let action = StateAction.isInitialized
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a Boolean is not differentiable") }
  }

  /// The `VarHandleOp` that a state op's first input comes from; nil if that is known only when a plan
  /// is made, since it passes a function or a loop.
  ///
  /// - Throws: `GraphError` if it comes from something that is no variable.
  package static func handle(of node: Node, input: Int = 0) throws(GraphError) -> Node? {
    let handle = node.input(input)
    guard handle.dtype == .resource else {
      throw GraphError("\(handle) is not a variable's handle")
    }
    var source = handle.node
    while [Switch.name, Merge.name, "Identity", Enter.name].contains(source.op) {
      source = source.input(0).node
    }
    return source.op == VarHandleOp.name ? source : nil
  }

  /// Checks that a state op's second input fits its variable.
  static func checkValue(of node: Node) throws(GraphError) {
    guard let handle = try handle(of: node) else { return }
    let value = node.input(1)
    guard value.dtype == handle[VarHandleOp.dtype] else {
      throw GraphError(
        "the variable \"\(handle.name)\" holds \(handle[VarHandleOp.dtype]), found \(value.dtype)")
    }
    guard value.shape.isCompatible(with: handle[VarHandleOp.shape]) else {
      throw GraphError(
        "the variable \"\(handle.name)\" has shape \(handle[VarHandleOp.shape]), "
          + "found \(value.shape)")
    }
  }

  /// Reads the variable of a composite update op.
  static func readForUpdate(_ node: Node, input: Int = 0) -> Tensor {
    let handle = node.input(input)
    return handle.apply(
      ReadVariableOp.self, [], ["dtype": .type(handle.node[VarHandleOp.dtype])])
  }

  /// Sets the variable of a composite update op, which gives no output.
  static func assign(_ value: Tensor, to handle: Tensor) -> [Tensor] {
    handle.graph.add(AssignVariableOp.self, [handle, value])
    return []
  }
}
