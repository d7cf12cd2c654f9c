import GraphCore
import StandardOps
import TensorCore

/// Replaces what depends on constants alone by its value, computed by running a small plan.
package enum FoldConstants: Pass {
  package static let name = "fold-constants"
  package static let summary = "computes what depends on constants alone, up to 10 MB a value"

  /// As TensorFlow's limit: beyond it a value costs more to keep than to compute.
  private static let byteLimit = 10 << 20
  /// A repeated element is read in place by whatever takes it, so larger fills stay as they are.
  private static let fillLimit = 1024

  package static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws {
    let nodes = workspace.neededNodes()
    var isConstant: [Int: Bool] = [:]
    var foldable: [Node] = []
    for node in nodes {
      let constant = node.op == Ops.Const.name || isFoldable(node) { isConstant[$0] ?? false }
      isConstant[node.index] = constant
      if constant, node.op != Ops.Const.name { foldable.append(node) }
    }
    guard !foldable.isEmpty else { return }
    // Only what something else takes is worth a value; the rest is folded on the way.
    var wanted = Set<Tensor>()
    for tensor in workspace.fetches where isConstant[tensor.node.index] == true {
      wanted.insert(tensor)
    }
    for node in nodes where isConstant[node.index] != true {
      for input in node.inputs where isConstant[input.node.index] == true { wanted.insert(input) }
    }
    let tensors = wanted.filter { $0.node.op != Ops.Const.name }
      .sorted { ($0.node.index, $0.index) < ($1.node.index, $1.index) }
    guard !tensors.isEmpty else { return }
    var values: [Tensor: TensorValue] = [:]
    let folded = try? Pipeline.evaluate(tensors, options)
    // What fails to fold is left to run, where its error has a place.
    for (tensor, value) in zip(tensors, folded ?? []) { values[tensor] = value }
    var log = workspace.log
    let isFolded = Set(values.keys.map(\.node))
    workspace.rebuild(addsNodes: { isFolded.contains($0) }) { node, _, target in
      guard isFolded.contains(node) else { return nil }
      log.record(name, node: node.name, origin: node.record.origin, "became a constant")
      return node.outputs.map { output in
        let value = values[output] ?? TensorValue(zeros: [0], dtype: output.dtype)
        let suffix = output.index == 0 ? "" : "_\(output.index)"
        return target.withScope({ $0.names = "" }) {
          target.add(
            Ops.Const.self, name: node.name + suffix,
            ["value": .tensor(value), "dtype": .type(value.dtype)]
          ).output(0)
        }
      }
    }
    workspace.log = log
  }

  private static func isFoldable(_ node: Node, _ isConstant: (Int) -> Bool) -> Bool {
    guard node.isPure, !node.record.inputs.isEmpty, !(node.definition is any SourceOp.Type),
      node.record.inputs.allSatisfy({ isConstant($0.node) })
    else { return false }
    var bytes = 0
    for output in node.outputs {
      guard let count = output.shape.count, let size = output.dtype.byteCount else { return false }
      bytes += count * size
    }
    if node.definition is any ViewOp.Type {
      let input = node.inputs.map { $0.shape.count ?? 0 }.max() ?? 0
      let output = node.outputs.map { $0.shape.count ?? 0 }.max() ?? 0
      if output > fillLimit, output > 2 * input { return false }
    }
    return bytes <= byteLimit
  }
}
