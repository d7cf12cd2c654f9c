import GraphCore

/// Decides which nodes one kernel computes, and writes the kernels.
package enum GroupNodes: KernelPass {
  package static let name = "group"
  package static let summary =
    "makes kernels of nodes, each with one reduction or product at most"
  package static let isNeeded = true

  package static func run(_ list: inout KernelList) {
    let grouping = Grouping(list.workspace, fuses: list.options.fuses)
    list.kernels = KernelBuilder(grouping, list.options).kernels()
    for (node, reason) in grouping.reasons {
      list.log.record(name, node: node.name, origin: node.record.origin, reason)
    }
  }
}
