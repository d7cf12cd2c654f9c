import GraphCore
import StandardOps

extension SaverNodes {
  /// Whether nodes that the graph has restore all of the variables: a head that was added to a graph
  /// from a file has variables that the file's nodes know nothing of.
  package static func cover(_ variables: [Variable], in graph: Graph) -> Bool {
    var names: Set<String> = []
    // The names of the op in files of older versions, too.
    for node in graph.operations
    where [Ops.RestoreV2.name, "Restore", "RestoreSlice"].contains(node.op) {
      guard let stated = try? node.constantValue(1)?.strings() else { continue }
      names.formUnion(stated.map { String(decoding: $0, as: UTF8.self) })
    }
    return variables.allSatisfy { names.contains($0.part?.name ?? $0.name) }
  }
}
