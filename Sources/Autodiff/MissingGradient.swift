import GraphCore
import StandardOps

/// Why `gradients` gives no gradient of `y` with respect to `x`: nil if it gives one.
///
/// Either no path leads from one to the other, or every path is cut: then each op that cuts one is
/// named with its reason and the line that made it. The graph stays as it is.
public func explainMissingGradient(
  of y: Tensor, withRespectTo x: any GradientTarget, stopGradients: [Tensor] = []
) -> String? {
  let target = x.gradientTensor
  if y.isPoison || target.isPoison { return "building one of the tensors failed" }
  guard y.graph === target.graph else {
    return "\(Graph.note("y", y)) and \(Graph.note("x", target)) belong to different graphs"
  }
  let ends = [Graph.note("y", y), Graph.note("x", target)].map { "  " + $0 }
  guard y.dtype.isFloatingPoint else {
    return (["y is \(y.dtype): only floating-point tensors have gradients"] + ends)
      .joined(separator: "\n")
  }
  // The sweep adds nodes, so it runs on a copy, whose records are shared.
  let scratch = y.graph.copied()
  func copied(_ tensor: Tensor) -> Tensor {
    Tensor(scratch.node(at: tensor.node.index), tensor.index)
  }
  let output = copied(y)
  var sweep = BackwardSweep(
    graph: scratch, from: [output], to: [copied(target)], stops: stopGradients.map(copied))
  guard sweep.isConnected else {
    return (["no path leads from x to y"] + ends).joined(separator: "\n")
  }
  sweep.contribute(.dense(onesLike(output)), to: output.endpoint)
  if let gradient = sweep.run()[0], !gradient.isPoison { return nil }
  var lines = ["every path from x to y is cut"] + ends
  var named: Set<Int> = []
  for cut in sweep.cuts where named.insert(cut.node.index).inserted {
    let place = cut.node.site.map { ", made at \($0)" } ?? ""
    lines.append("  cut by \(cut.node)\(place): \(cut.reason)")
  }
  return lines.joined(separator: "\n")
}

extension GradientValue {
  /// Whether building the gradient failed.
  fileprivate var isPoison: Bool {
    switch self {
    case .dense(let tensor): tensor.isPoison
    case .slices(let values, _, _): values.isPoison
    }
  }
}

extension Graph {
  /// A graph with the same nodes under the same indices, to try something on.
  fileprivate func copied() -> Graph {
    let copy = Graph(ops: ops)
    let (nodes, indices, counts) = state.withLock { ($0.nodes, $0.indexOfName, $0.nameCounts) }
    copy.state.withLock {
      $0.nodes = nodes
      $0.indexOfName = indices
      $0.nameCounts = counts
    }
    return copy
  }
}
