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

  /// What condition and body take beside what they are given, and what they change.
  private var memory: (read: Set<FusedKernel.Source>, written: Set<FusedKernel.Source>) {
    var (read, written): (Set<FusedKernel.Source>, Set<FusedKernel.Source>) = ([], [])
    for workspace in [condition.workspace, body.workspace] {
      workspace.eachNode { node in
        if node.definition is any RunStackOp.Type {
          written.insert(.stack(node.input(0).node.variableName))
        }
        guard let op = node.definition as? any StateOp.Type, op.action != .declare else { return }
        let place = FusedKernel.Source.variable(node.input(0).node.variableName)
        if op.action == .write { written.insert(place) } else { read.insert(place) }
      }
    }
    return (read, written)
  }

  /// The loop as one item in a list of kernels.
  var item: FusedKernel {
    let (read, written) = memory
    let carried = node.outputs.filter { isCarried($0.index) }
    let outputs =
      carried.map { FusedKernel.Source.tensor($0) } + written.sorted { $0.order < $1.order }
    let inputs =
      node.inputs.map { FusedKernel.Source.tensor($0) }
      + read.subtracting(written).sorted { $0.order < $1.order }
    return FusedKernel(
      work: .loop(self), operands: outputs + inputs, outputCount: outputs.count, root: node,
      nodes: [node])
  }
}

extension Node {
  /// Whether the node is a loop on functions.
  var isLoop: Bool { op == Ops.While.name || op == Ops.StatelessWhile.name }
}

extension FusedKernel.Source {
  /// By what named memory is listed.
  fileprivate var order: String {
    switch self {
    case .variable(let name), .stack(let name), .randomCounter(let name): name
    case .tensor(let tensor), .kept(let tensor): tensor.name
    }
  }
}
