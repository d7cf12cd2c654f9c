import GraphCore
import StandardOps
import TensorCore

/// Replaces composite ops by the expressions that they stand for.
package enum ExpandComposites: Pass {
  package static let name = "expand-composites"
  package static let summary = "replaces composite ops by the expressions they stand for"
  package static let isNeeded = true
  package static let keepsOps = false

  package static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws {
    var log = workspace.log
    // An expansion may hold composites; no op expands into itself, so this ends.
    func isComposite(_ node: Node) -> Bool { node.definition is any CompositeOp.Type }
    while workspace.graph.operations.contains(where: isComposite) {
      try workspace.rebuild(addsNodes: isComposite) { node, inputs, target in
        guard let expansion = expansion(of: node, on: inputs, in: target) else { return nil }
        // What only the sizes of this run show, the op's own shapes being too unknown before.
        if let error = target.errors.first {
          throw CompilationError.invalid(
            GraphError(
              error.message, node: node.name, op: node.op, site: node.site, notes: error.notes))
        }
        log.record(name, node: node.name, origin: node.record.origin, "expanded")
        return expansion
      }
    }
    workspace.log = log
    try Specialize.shapes(of: &workspace)
  }

  /// What a composite stands for on inputs in the target graph; nil for any other op.
  static func expansion(of node: Node, on inputs: [Tensor], in target: Graph) -> [Tensor]? {
    guard let composite = node.definition as? any CompositeOp.Type else { return nil }
    let shadow = Node(
      graph: target,
      record: NodeRecord(
        index: -2, name: node.name, op: node.op, definition: node.definition,
        inputs: inputs.map(\.endpoint), controlInputs: [], attributes: node.attributes,
        site: node.site, outputs: node.record.outputs, origin: node.record.origin))
    return composite.expand(shadow)
  }
}

extension Specialize {
  /// Replaces shape arithmetic that a rewrite has added by its values.
  static func shapes(of workspace: inout Workspace) throws {
    func isShape(_ node: Node) -> Bool { node.definition is any ShapeOp.Type }
    guard workspace.graph.operations.contains(where: isShape) else { return }
    try workspace.rebuild(addsNodes: isShape) { node, inputs, target in
      guard isShape(node) else { return nil }
      guard let values = try target.copy(node, inputs: inputs).record.knownValues else {
        // More numbers than shapes have: computed as any other data is.
        return nil
      }
      return values.map { target.constant($0) }
    }
  }
}
