import GraphCore
import StandardOps
import TensorCore

/// Computes equal expressions once.
package enum EliminateCommonSubexpressions: Pass {
  package static let name = "common-subexpressions"
  package static let summary = "computes equal expressions once"

  private struct Key: Hashable {
    let op: String
    let inputs: [Endpoint]
    let attributes: [String: Attribute]
    /// How often the variable had been written when it was read.
    let writes: Int
  }

  package static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws {
    var known: [Key: [Tensor]] = [:]
    /// By the variable's name, since two handles may share a variable.
    var writes: [String: Int] = [:]
    var log = workspace.log
    try workspace.rebuild(addsNodes: { _ in false }) { node, inputs, target in
      let effects = node.definition?.effects ?? .host
      if node.isRegion {
        node.eachInnerNode { inner in
          guard !inner.isRegion, inner.definition?.effects.contains(.writes) == true,
            let handle = inner.inputs.first
          else { return }
          writes[handle.node.variableName, default: 0] += 1
        }
      } else if effects.contains(.writes), let handle = inputs.first {
        writes[handle.node.variableName, default: 0] += 1
      }
      guard effects.isSubset(of: .reads), node.op != Ops.Placeholder.name else { return nil }
      var epoch = 0
      if effects.contains(.reads), let handle = inputs.first {
        epoch = writes[handle.node.variableName, default: 0]
      }
      let key = Key(
        op: node.op, inputs: inputs.map(\.endpoint), attributes: node.attributes, writes: epoch)
      if let same = known[key] {
        log.record(
          name, node: node.name, origin: node.record.origin,
          "is \"\(same.first?.node.name ?? "")\" again", heir: same.first?.node.name)
        return same
      }
      let outputs = try target.copy(node, inputs: inputs).outputs
      known[key] = outputs
      return outputs
    }
    workspace.log = log
  }
}
