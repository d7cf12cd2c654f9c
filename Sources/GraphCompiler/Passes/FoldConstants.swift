import GraphCore
import StandardOps
import TensorCore

/// Replaces what depends on constants alone by its value, computed by running a small plan.
package enum FoldConstants: Pass {
  package static let name = "fold-constants"
  package static let summary = "computes what depends on constants alone, up to 10 MB a value"

  /// As TensorFlow's limit: beyond it a value costs more to keep than to compute.
  private static let byteLimit = 10 << 20
  /// Of all that is folded at once, so that thousands of values below the limit are no way around it.
  private static let totalLimit = 256 << 20
  /// A repeated element is read in place by whatever takes it, so larger fills stay as they are.
  private static let fillLimit = 1024

  package static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws {
    // Where sizes are open, what a node does may be decided by what has just become a constant.
    while try foldOnce(&workspace, options) {}
  }

  /// Folds what is constant now; false if nothing was left to fold.
  private static func foldOnce(_ workspace: inout Workspace, _ options: CompilerOptions) throws
    -> Bool
  {
    let nodes = workspace.neededNodes()
    let tensors = wanted(nodes, workspace.fetches)
    // What fails to fold is left to run, where its error has a place.
    guard !tensors.isEmpty, let folded = try? Compiler.evaluate(tensors, options) else {
      return false
    }
    let values = Dictionary(uniqueKeysWithValues: zip(tensors, folded))
    var log = workspace.log
    let isFolded = Set(tensors.map(\.node))
    try workspace.rebuild(addsNodes: { isFolded.contains($0) }) { node, inputs, target in
      guard isFolded.contains(node) else { return nil }
      log.record(name, node: node.name, origin: node.record.origin, "became a constant")
      let outputs = node.outputs.map { output in
        values[output].map { value in
          let suffix = output.index == 0 ? "" : "_\(output.index)"
          return target.withScope({ $0.names = "" }) {
            target.add(
              Ops.Const.self, name: node.name + suffix,
              ["value": .tensor(value), "dtype": .type(value.dtype)]
            ).output(0)
          }
        }
      }
      // What nothing takes has no value: any tensor stands for it.
      let known = outputs.first { $0 != nil } ?? nil
      return outputs.compactMap { $0 ?? known }
    }
    workspace.log = log
    return true
  }

  /// The tensors to be computed: of each node that is constant and that something else needs, every
  /// output that anything takes. What only constants need is computed on the way.
  private static func wanted(_ nodes: [Node], _ fetches: [Tensor]) -> [Tensor] {
    var isConstant: [Int: Bool] = [:]
    for node in nodes {
      isConstant[node.index] =
        node.op == Ops.Const.name || isFoldable(node) { isConstant[$0] ?? false }
    }
    var kept = Set(fetches.map(\.node.index))
    var taken = Set(fetches)
    for node in nodes {
      let isKept = isConstant[node.index] != true
      for input in node.inputs {
        taken.insert(input)
        if isKept { kept.insert(input.node.index) }
      }
    }
    var bytes = 0
    return nodes.filter {
      $0.op != Ops.Const.name && isConstant[$0.index] == true && kept.contains($0.index)
    }.flatMap { node in
      let outputs = node.outputs.filter { taken.contains($0) }
      bytes += outputs.reduce(0) { $0 + ($1.shape.count ?? 0) * ($1.dtype.byteCount ?? 0) }
      return bytes <= totalLimit ? outputs : []
    }
  }

  private static func isFoldable(_ node: Node, _ isConstant: (Int) -> Bool) -> Bool {
    guard node.isPure, !node.record.inputs.isEmpty, !(node.definition is any SourceOp.Type),
      !node.isRegion, node.record.inputs.allSatisfy({ isConstant($0.node) }), !node.isUndecided
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
