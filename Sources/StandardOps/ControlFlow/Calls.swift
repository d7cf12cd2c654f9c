import GraphCore
import Synchronization
import TensorCore

/// An op that runs functions of its graph.
public protocol CallOp: ControlOp {
  /// The attributes that name the functions, one or a list each, in the order in which a call's roles use them.
  static var functionAttributes: [String] { get }
}

extension CallOp {
  /// What its functions do is known only from them.
  public static var effects: Effects { [.reads, .writes] }
  /// What the node states; else inferred when its functions are put in place.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    guard case .list(let stated)? = node.attributes["output_shapes"],
      stated.count == node.record.outputs.count
    else { return node.record.outputs.map { _ in .unknown } }
    return stated.map { if case .shape(let shape) = $0 { shape } else { .unknown } }
  }
}

extension Ops {
  /// An argument of a function.
  public enum _Arg: SourceOp {
    public static let signature = Signature(
      [], gives: ["output: T"], [.type("T"), .int("index")])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard case .list(let shapes)? = node.attributes["_output_shapes"],
        case .shape(let shape)? = shapes.first
      else { return [.unknown] }
      return [shape]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }

  private static let call: [Signature.AttributeDefinition] = [
    .types("Tin"), .types("Tout"), .value("f", .function), .string("config", default: ""),
    .string("config_proto", default: ""), .string("executor_type", default: ""),
  ]

  /// Calls a function.
  public enum PartitionedCall: CallOp {
    public static let functionAttributes = ["f"]
    public static let signature = Signature(["args: Tin"], gives: ["output: Tout"], call)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { differentiated { callGradient(node, upstream, context) } }
  }

  /// Calls a function that has effects.
  public enum StatefulPartitionedCall: CallOp {
    public static let functionAttributes = ["f"]
    public static let signature = Signature(["args: Tin"], gives: ["output: Tout"], call)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { differentiated { callGradient(node, upstream, context) } }
  }

  private static let loop: [Signature.AttributeDefinition] = [
    .types("T"), .value("cond", .function), .value("body", .function),
    .value("output_shapes", .listOfShape, default: .list([])),
    .int("parallel_iterations", default: 10),
  ]

  /// Calls a function on its own results while another gives true.
  public enum While: CallOp {
    public static let functionAttributes = ["cond", "body"]
    public static let signature = Signature(["input: T"], gives: ["output: T"], loop)
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      differentiated { WhileGradient.gradient(of: node, upstream, in: context) }
    }
  }

  /// `While` of functions without effects.
  public enum StatelessWhile: CallOp {
    public static let effects = Effects.none
    public static let functionAttributes = ["cond", "body"]
    public static let signature = While.signature
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      differentiated { WhileGradient.gradient(of: node, upstream, in: context) }
    }
  }

  /// How many calls, conditionals and loops the one that is differentiated lies in.
  @TaskLocal private static var callDepth = 0
  /// How many were differentiated since the outermost was.
  @TaskLocal private static var callCount = CallCount()
  /// Functions that call themselves have no end, and a few that call one another twice none in reach.
  private static let callDepthLimit = 64
  private static let callLimit = 4096

  /// The gradient of a node that calls functions, whose own calls are differentiated by the same way.
  static func differentiated(_ gradient: () -> Gradient) -> Gradient {
    if callDepth == 0 {
      return $callCount.withValue(CallCount()) {
        $callDepth.withValue(1, operation: gradient)
      }
    }
    guard callDepth < callDepthLimit, callCount.next() <= callLimit else {
      return .unavailable(
        "functions call one another more than \(callDepthLimit) deep or \(callLimit) times")
    }
    return $callDepth.withValue(callDepth + 1, operation: gradient)
  }

  /// A number that all of one calculation count up.
  private final class CallCount: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
      count.withLock {
        $0 += 1
        return $0
      }
    }
  }

  /// The gradient of a call is that of the function's nodes, put in place once more.
  private static func callGradient(
    _ node: Node, _ upstream: [Tensor?], _ context: GradientContext
  ) -> Gradient {
    guard let function = node.function("f") else {
      return .unavailable("its function is not known")
    }
    let outputs = node.graph.inlined(function, node.inputs)
    return .dense(context.differentiate(outputs, upstream, node.inputs))
  }
}

extension Node {
  /// The function that an attribute names.
  package func function(_ attribute: String, in library: Graph? = nil) -> Function? {
    guard case .function(let name, _)? = attributes[attribute] else { return nil }
    return (library ?? graph).function(named: name)
  }
  /// The names of the functions that an attribute states, of one or of a list.
  package func functionNames(_ attribute: String) -> [String] {
    let stated = attributes[attribute].map { if case .list(let items) = $0 { items } else { [$0] } }
    return (stated ?? []).compactMap { if case .function(let name, _) = $0 { name } else { nil } }
  }
}
