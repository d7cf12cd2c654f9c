import GraphCore
import TensorCore

/// An op that is an expression in other ops; the compiler expands it.
public protocol CompositeOp: Op {
  /// The outputs as an expression in the node's inputs, added to the node's graph.
  static func expand(_ node: Node) -> [Tensor]
}

extension CompositeOp {
  /// No effects.
  public static var effects: Effects { .none }

  /// The gradient of the expansion, which is added to the graph.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient {
    .dense(context.differentiate(expand(node), upstream, node.inputs))
  }
}

/// An op computed by a kernel of the narrow waist between compiler and backends.
public protocol KernelOp: Op {
  /// The kernel, once all shapes are known.
  static func kernel(of node: Node) -> KernelSpecification
}

extension KernelOp {
  /// No effects.
  public static var effects: Effects { .none }
}

/// Which kernel computes a node.
public enum KernelSpecification: Hashable, Sendable {
  /// A (batched) matrix product of the first two inputs; leading dimensions broadcast.
  case contraction(transposeA: Bool, transposeB: Bool)
  /// A convolution, of each channel apart if it is depthwise, or one of its backward forms.
  case convolution(ConvolutionGeometry, ConvolutionPart, isDepthwise: Bool)
  /// A named kernel with its numbers.
  case named(NamedKernel)
}

/// An op that touches a variable.
public protocol StateOp: Op {
  /// What the node does to the variable whose handle is its first input (or output).
  static var action: StateAction { get }
}

/// What a state op does.
public enum StateAction: Hashable, Sendable {
  /// Names the variable.
  case declare
  /// Gives the variable's value.
  case read
  /// Sets the variable to the second input.
  case write
  /// Gives whether the variable has a value.
  case isInitialized
}

/// An op that computes nothing: it orders others.
public protocol ControlOp: Op {}

/// An op whose value comes with the graph or from the caller.
public protocol SourceOp: Op {}

/// An op that touches the world outside the session and runs only through the host.
public protocol HostOp: Op {}

extension HostOp {
  /// Touches the world outside.
  public static var effects: Effects { .host }
}

/// A composite or an op with a kernel of its own that gives elements of its inputs as they are, so that
/// it takes any type that is stored.
public protocol MovingOp: Op {}
