import GraphCore
import TensorCore

/// What a graph holds, in a few lines.
package enum Summary {
  package static func lines(of graph: Graph) -> [String] {
    var lines: [String] = []
    var total = 0
    for variable in graph.variables() {
      let count = variable.shape.count
      total += count ?? 0
      lines.append(
        "#: variable \(variable.name) \(variable.dtype)\(variable.shape)"
          + (count.map { " \($0 * (variable.dtype.byteCount ?? 0)) bytes" } ?? ""))
    }
    if !graph.variables().isEmpty {
      lines.append("#: \(graph.variables().count) variables, \(total) elements")
    }
    var counts: [String: Int] = [:]
    for node in graph.operations { counts[node.op, default: 0] += 1 }
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    lines.append("#: ops: " + sorted.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    let unknown = Set(graph.operations.filter { $0.definition == nil }.map(\.op)).sorted()
    if !unknown.isEmpty {
      lines.append("#: not known here, so kept but never run: \(unknown.joined(separator: ", "))")
    }
    lines.append("#: \(graph.count) nodes")
    return lines
  }

  /// The graph for Graphviz.
  package static func dot(_ graph: Graph) -> String {
    var text = "digraph {\n  node [shape=box]\n"
    for node in graph.operations {
      text += "  n\(node.index) [label=\"\(node.op)\\n\(node.name)\"]\n"
      for input in node.inputs { text += "  n\(input.node.index) -> n\(node.index)\n" }
      for control in node.controlInputs {
        text += "  n\(control.index) -> n\(node.index) [style=dashed]\n"
      }
    }
    return text + "}"
  }
}
