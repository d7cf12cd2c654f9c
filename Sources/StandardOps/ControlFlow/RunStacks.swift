import GraphCore
import TensorCore

/// Stacks that are memory of a run, which the compiler puts in place of TensorFlow 1's: the rounds of a
/// loop push what the rounds of its gradient pop.
extension Ops {
  private static let stack: Signature.Argument = "handle: resource"

  /// Drops all that is on a stack.
  package enum _StackClear: KernelOp {
    package static let signature = Signature([stack], gives: [])
    package static let effects = Effects.writes
    package static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    package static func kernel(of node: Node) -> KernelSpecification { .named(.stack(.clear)) }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a stack is part of a gradient") }
  }

  /// Puts a copy of a tensor onto a stack.
  package enum _StackPush: KernelOp {
    package static let signature = Signature([stack, "elem: T"], gives: [], [.type("T")])
    package static let effects: Effects = [.reads, .writes]
    package static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    package static func kernel(of node: Node) -> KernelSpecification { .named(.stack(.push)) }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a stack is part of a gradient") }
  }

  /// Takes the last tensor from a stack.
  package enum _StackPop: KernelOp {
    /// The tensor's shape, that of all on the stack.
    package static let shape = AttributeKey<PartialShape>("shape")
    package static let signature = Signature(
      [stack], gives: ["elem: dtype"], [.type("dtype"), .shape("shape")])
    package static let effects: Effects = [.reads, .writes]
    package static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [node[shape]] }
    package static func kernel(of node: Node) -> KernelSpecification { .named(.stack(.pop)) }
    package static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a stack is part of a gradient") }
  }
}
