import GraphCore
import StandardOps

/// Checks what every phase must leave true, in every build: a fault of the compiler ends as an error
/// that names the phase, not as a wrong number.
enum Verifier {
  /// That nodes follow their inputs, fit one another, and have known sizes.
  ///
  /// - Parameter hasOpenSizes: whether sizes may be unknown.
  static func check(
    _ workspace: Workspace, after phase: String, hasOpenSizes: Bool = false
  ) throws(GraphError) {
    func fault(_ node: Node, _ what: String) -> GraphError {
      GraphError(
        "after \(phase) it \(what); this is a fault of the compiler", node: node.name, op: node.op)
    }
    if let error = workspace.graph.errors.first { throw error }
    for node in workspace.neededNodes() {
      let record = node.record
      for input in record.inputs where input.node >= node.index {
        throw fault(node, "comes before its input \"\(workspace.graph.node(at: input.node).name)\"")
      }
      guard
        hasOpenSizes
          || record.outputs.allSatisfy({
            $0.shape.fullyDefined != nil || $0.dtype.byteCount == nil
          })
      else { throw fault(node, "has an unknown size") }
    }
  }

  /// That every kernel reads what is there: sources, or results of kernels before it.
  static func check(_ list: KernelList, after phase: String) throws(GraphError) {
    var written = Set<FusedKernel.Source>()
    for kernel in list.kernels {
      for operand in kernel.operands.dropFirst(kernel.outputCount) {
        // What has no elements is computed by no kernel.
        guard case .tensor(let tensor) = operand, !written.contains(operand),
          tensor.shape.count != 0,
          !(tensor.node.definition is any SourceOp.Type),
          !(tensor.node.definition is any StateOp.Type)
        else { continue }
        throw GraphError(
          "after \(phase) it reads \"\(tensor.name)\" before that is computed; this is a fault of "
            + "the compiler", node: kernel.root.name, op: kernel.root.op)
      }
      written.formUnion(kernel.operands.prefix(kernel.outputCount))
    }
  }
}
