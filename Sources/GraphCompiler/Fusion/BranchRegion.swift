import GraphCore

/// One of two lists of kernels, as a value decides that a plan computes.
package struct BranchRegion {
  /// The node.
  let node: Node
  /// What runs if the predicate holds, and what runs otherwise.
  var whenTrue: KernelList
  var whenFalse: KernelList
  /// What both call the values that the node is given.
  let arguments: (whenTrue: [Tensor], whenFalse: [Tensor])

  /// Nil for a node that is no branch, or whose functions its graph does not have.
  init?(_ node: Node, _ options: CompilerOptions) {
    guard node.isBranch, let whenTrue = node.function("then_branch"),
      let whenFalse = node.function("else_branch")
    else { return nil }
    self.node = node
    arguments = (whenTrue.inputs, whenFalse.inputs)
    /// The kernels of a side, which end by giving its results to the node's outputs.
    func kernels(_ function: Function) -> KernelList {
      KernelList(
        Workspace(function), options, results: [],
        carries: zip(function.outputs, node.outputs).map { ($0, $1) })
    }
    self.whenTrue = kernels(whenTrue)
    self.whenFalse = kernels(whenFalse)
  }

  /// The Boolean scalar that decides.
  var predicate: Tensor { node.input(0) }

  /// The branch as one item in a list of kernels.
  var item: FusedKernel {
    .region(
      .branch(self), node, results: node.outputs, [whenTrue.workspace, whenFalse.workspace])
  }
}
