import GraphCore
import TensorCore

/// An op on TensorFlow 1's arrays or stacks of tensors, which loops and their gradients keep values in.
public protocol SharedValuesOp: DataOp {}

extension SharedValuesOp {
  /// Writing happens by handle.
  public static var effects: Effects { [.reads, .writes] }
  /// Handles are pairs, flows and sizes scalars, elements unknown.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    zip(signature.outputs, node.record.outputs).map { argument, output in
      switch argument.name {
      case "flow", "flow_out", "size": .scalar
      default: output.dtype == .resource ? [2] : .unknown
      }
    }
  }
  /// Stacks are part of gradients; nobody differentiates them again.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .unavailable("\(name) passes no gradients") }
}

extension Ops {
  /// The element type of arrays.
  private static let dtype = Signature.AttributeDefinition.type("dtype")
  private static let flow = TensorValue(Float(0))

  /// An array of so many places.
  public enum TensorArrayV3: SharedValuesOp {
    public static let signature = Signature(
      ["size: int32 scalar"], gives: ["handle: resource", "flow: float32"],
      [
        dtype, .shape("element_shape", default: .unknown), .flag("dynamic_size"),
        .flag("clear_after_read", default: true), .flag("identical_element_shapes"),
        .string("tensor_array_name", default: ""),
      ])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let count = try ListElements.checked(count: inputs[0].integers?.first ?? 0)
      return [TensorValue(shared: SharedValues(count: count), shape: [2]), flow]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil]) }
  }

  /// Sets an element; what gradients find there they add to.
  public enum TensorArrayWriteV3: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "index: int32 scalar", "value: T", "flow_in: float32"],
      gives: ["flow_out: float32"], [.type("T")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      try write(inputs[2], shared(inputs[0]), inputs[1].integers?.first ?? -1)
      return [flow]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { gradientOfWriting(node, upstream, context, by: TensorArrayReadV3.self) }
  }

  /// An element.
  public enum TensorArrayReadV3: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "index: int32 scalar", "flow_in: float32"], gives: ["value: dtype"],
      [dtype])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let place = inputs[1].integers?.first ?? -1
      return [try read(shared(inputs[0]), place, node.output(0).dtype)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { gradientOfReading(node, upstream, context, by: TensorArrayWriteV3.self) }
  }

  /// Elements as one tensor.
  public enum TensorArrayGatherV3: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "indices: int32", "flow_in: float32"], gives: ["value: dtype"],
      [dtype, .shape("element_shape", default: .unknown)])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let (array, dtype) = (try shared(inputs[0]), node.output(0).dtype)
      var elements: [TensorValue] = []
      for index in inputs[1].integers ?? [] { elements.append(try read(array, index, dtype)) }
      return [try ListElements.stacked(elements, dtype)]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { gradientOfReading(node, upstream, context, by: TensorArrayScatterV3.self) }
  }

  /// Sets elements to the rows of a tensor.
  public enum TensorArrayScatterV3: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "indices: int32", "value: T", "flow_in: float32"],
      gives: ["flow_out: float32"], [.type("T")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let array = try shared(inputs[0])
      for (index, row) in zip(inputs[1].integers ?? [], inputs[2].slices) {
        try write(row, array, index)
      }
      return [flow]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { gradientOfWriting(node, upstream, context, by: TensorArrayGatherV3.self) }
  }

  /// The number of places.
  public enum TensorArraySizeV3: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "flow_in: float32"], gives: ["size: int32"])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(Int32(try shared(inputs[0]).count))] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil, nil]) }
  }

  /// The array that one calculation's gradients are collected in.
  public enum TensorArrayGradV3: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "flow_in: float32"],
      gives: ["grad_handle: resource", "flow_out: float32"], [.string("source")])
    private static let source = AttributeKey<String>("source")
    /// A name for a calculation of gradients that none of the graph bears, be it TensorFlow's.
    package static func unusedSource(in graph: Graph) -> String {
      let nodes = graph.operations + graph.functions.flatMap { $0.body.operations }
      let used = Set(nodes.filter { $0.definition is Self.Type }.map { $0[source] })
      var number = 0
      while used.contains("gradients_\(number)") { number += 1 }
      return "gradients_\(number)"
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      [TensorValue(shared: try shared(inputs[0]).gradients(node[source]), shape: [2]), flow]
    }
  }

  /// Ends an array; its memory goes with the run anyway.
  public enum TensorArrayCloseV3: ControlOp {
    public static let signature = Signature(["handle: resource"], gives: [])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil]) }
  }

  /// An empty stack.
  public enum StackV2: SharedValuesOp {
    public static let signature = Signature(
      ["max_size: int32"], gives: ["handle: resource"],
      [.type("elem_type"), .string("stack_name", default: "")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(shared: SharedValues(count: 0), shape: [2])] }
  }

  /// Puts a tensor onto a stack, and gives it.
  public enum StackPushV2: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource", "elem: T"], gives: ["output: T"],
      [.type("T"), .flag("swap_memory")])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [node.input(1).shape]
    }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      try shared(inputs[0]).push(inputs[1])
      return [inputs[1]]
    }
  }

  /// Takes the last tensor from a stack.
  public enum StackPopV2: SharedValuesOp {
    public static let signature = Signature(
      ["handle: resource"], gives: ["elem: elem_type"], [.type("elem_type")])
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      guard let last = try shared(inputs[0]).pop() else {
        throw GraphError("the stack has no element to take")
      }
      return [last]
    }
  }

  /// Ends a stack.
  public enum StackCloseV2: ControlOp {
    public static let signature = TensorArrayCloseV3.signature
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([nil]) }
  }

  static func shared(_ value: TensorValue) throws(GraphError) -> SharedValues {
    guard let values = value.shared else {
      throw GraphError("the handle of an array or stack is expected")
    }
    return values
  }

  static func read(_ array: SharedValues, _ index: Int, _ dtype: DType)
    throws(GraphError) -> TensorValue
  {
    if let element = array[index] { return element }
    // Nothing depends on an element whose gradient nobody wrote.
    if let shape = array.shapeOfZeros(at: index) { return TensorValue(zeros: shape, dtype: dtype) }
    throw GraphError("place \(index) of \(array.count) has no element")
  }

  /// What was written at a place has the gradient that is read there; the flow's is passed on.
  private static func gradientOfWriting(
    _ node: Node, _ upstream: [Tensor?], _ context: GradientContext,
    by reader: any SharedValuesOp.Type
  ) -> Gradient {
    let dtype = node.input(2).dtype
    guard let flow = upstream[0], dtype.isFloatingPoint else {
      return .dense([nil, nil, nil, upstream[0]])
    }
    let (array, arrayFlow) = collecting(node, flow, context)
    let value = array.apply(reader, [node.input(1), arrayFlow], ["dtype": .type(dtype)])
    return .dense([nil, nil, value, flow])
  }

  /// The gradient of what was read at a place is written there, which the flow's gradient follows on.
  private static func gradientOfReading(
    _ node: Node, _ upstream: [Tensor?], _ context: GradientContext,
    by writer: any SharedValuesOp.Type
  ) -> Gradient {
    guard let value = upstream[0] else { return .none("no element is given") }
    let (array, flow) = collecting(node, node.input(2), context)
    return .dense([nil, nil, array.apply(writer, [node.input(1), value, flow])])
  }

  /// The array in which the gradients of a node's array are collected, and its flow, which follows on
  /// the given one.
  static func collecting(_ node: Node, _ flow: Tensor, _ context: GradientContext) -> (
    array: Tensor, flow: Tensor
  ) {
    let made = flow.graph.add(
      TensorArrayGradV3.self, [node.input(0), flow], ["source": context.source.attribute])
    return made.isPoison ? (flow, flow) : (made.output(0), made.output(1))
  }

  static func write(_ value: TensorValue, _ array: SharedValues, _ index: Int)
    throws(GraphError)
  {
    guard index >= 0, index < 1 << 24 else { throw GraphError("there is no place \(index)") }
    let before = array.accumulates ? array[index] : nil
    array.set(
      index,
      try before.map { (old) throws(GraphError) in try ListElements.added(old, value) } ?? value)
  }
}
