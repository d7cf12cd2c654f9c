import GraphCore
import TensorCore

/// An op on a stack that is memory of a run, which the compiler puts in place of TensorFlow 1's: the
/// rounds of a loop push what the rounds of its gradient pop.
package protocol RunStackOp: KernelOp {
  /// What happens to the stack.
  static var action: StackAction { get }
}

extension RunStackOp {
  package static var effects: Effects { [.reads, .writes] }
  package static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
  package static func kernel(of node: Node) -> KernelSpecification { .named(.stack(action)) }
  package static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("a stack is part of a gradient") }
}

extension Ops {
  private static let stack: Signature.Argument = "handle: resource"

  /// Drops all that is on a stack.
  package enum _StackClear: RunStackOp {
    package static let signature = Signature([stack], gives: [])
    package static let action = StackAction.clear
  }

  /// Puts a copy of a tensor onto a stack.
  package enum _StackPush: RunStackOp {
    package static let signature = Signature([stack, "elem: T"], gives: [], [.type("T")])
    package static let action = StackAction.push
  }

  /// Takes the last tensor from a stack.
  package enum _StackPop: RunStackOp {
    /// The tensor's shape, that of all on the stack.
    package static let shape = AttributeKey<PartialShape>("shape")
    package static let signature = Signature(
      [stack], gives: ["elem: dtype"], [.type("dtype"), .shape("shape")])
    package static let action = StackAction.pop
    package static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [node[shape]] }
  }
}
