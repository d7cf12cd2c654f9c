import GraphCore

/// Checks what every pass must leave true; in debug builds only.
enum Verifier {
  static func check(_ workspace: Workspace, after pass: String) {
    #if DEBUG
      for node in workspace.neededNodes() {
        for input in node.record.inputs {
          precondition(
            input.node < node.index,
            "after \(pass): \(node) comes before its input \(input.node)")
        }
        for output in node.outputs where output.dtype.byteCount != nil {
          precondition(
            output.shape.fullyDefined != nil, "after \(pass): \(output) has an unknown size")
        }
      }
      precondition(workspace.graph.errors.isEmpty, "after \(pass): \(workspace.graph.errors)")
    #endif
  }
}
