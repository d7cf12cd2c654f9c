import GraphCore
import StandardOps

extension FusedKernel {
  /// Kernels of functions as one item.
  ///
  /// - Parameter results: the outputs of the node that they compute.
  static func region(
    _ work: Work, _ node: Node, results: [Tensor], _ workspaces: [Workspace]
  ) -> FusedKernel {
    // What they take beside what they are given, and what they change.
    var (read, written): (Set<Source>, Set<Source>) = ([], [])
    for workspace in workspaces {
      workspace.eachNode { node in
        if node.definition is any RunStackOp.Type {
          written.insert(.stack(node.input(0).node.variableName))
        }
        guard let op = node.definition as? any StateOp.Type, op.action != .declare else { return }
        let place = Source.variable(node.input(0).node.variableName)
        if op.action == .write { written.insert(place) } else { read.insert(place) }
      }
    }
    let outputs = results.map { Source.tensor($0) } + written.sorted { $0.order < $1.order }
    let inputs =
      node.inputs.map { Source.tensor($0) }
      + read.subtracting(written).sorted { $0.order < $1.order }
    return FusedKernel(
      work: work, operands: outputs + inputs, outputCount: outputs.count, root: node,
      nodes: [node])
  }
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
