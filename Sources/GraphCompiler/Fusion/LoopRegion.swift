import GraphCore
import StandardOps
import TensorCore

/// A loop whose rounds a plan runs: the kernels of its condition and of its body.
package struct LoopRegion {
  /// The loop's node.
  let node: Node
  /// The kernels that tell whether another round follows.
  var condition: KernelList
  /// The kernels of a round.
  var body: KernelList
  /// What condition and body call the values that the loop is given.
  let conditionArguments: [Tensor], arguments: [Tensor]
  /// What the next round has in place of each argument; the argument itself where it stays the same.
  let results: [Tensor]
  /// The Boolean scalar that the condition gives.
  let predicate: Tensor

  /// Nil for a node that is no loop, or whose functions its graph does not have.
  init?(_ node: Node, _ options: CompilerOptions) {
    guard node.isLoop, let condition = node.function("cond"), let body = node.function("body")
    else { return nil }
    self.node = node
    predicate = condition.outputs[0]
    conditionArguments = condition.inputs
    arguments = body.inputs
    results = body.outputs
    self.condition = KernelList(
      Workspace(condition), options, results: condition.outputs, carries: [])
    let carries = zip(body.outputs, body.inputs).filter { $0 != $1 }.map { ($0, $1) }
    self.body = KernelList(Workspace(body), options, results: [], carries: carries)
  }

  /// Whether a value is another in each round.
  func isCarried(_ number: Int) -> Bool { results[number] != arguments[number] }

  /// The loop as one item in a list of kernels.
  var item: FusedKernel {
    .region(
      .loop(self), node, results: node.outputs.filter { isCarried($0.index) },
      [condition.workspace, body.workspace])
  }
}
