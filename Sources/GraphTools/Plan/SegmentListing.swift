import GraphCompiler
import GraphCore
import GraphRuntime

/// What comes after the first segment of a run, whose sizes are not known before it ran.
enum SegmentListing {
  static func lines(after segment: Segment, _ run: PlannedRun) -> [String] {
    var lines: [String] = []
    func described(_ tensor: Tensor) -> String { "\(tensor.name) \(tensor.dtype)\(tensor.shape)" }
    switch segment.action {
    case .decide:
      let values = segment.fetched.map(\.name).joined(separator: ", ")
      lines.append("# then the rest is planned for the value of \(values)")
    case .compute(let node, _):
      let outputs = node.outputs.map(described).joined(separator: ", ")
      lines.append("# then \(node.op) computes \(outputs), and the rest is planned for its shape")
    case .loop(let node, _, _):
      let outputs = node.outputs.map(described).joined(separator: ", ")
      lines.append("# then \(node.op) runs round by round and gives \(outputs)")
    case .assign(let node, let variable, _):
      lines.append("# then \(node.op) \"\(node.name)\" sets the variable \(variable)")
    }
    for fetch in run.fetches where !isDone(fetch, segment, run.flat) {
      lines.append("# a later segment gives \(described(fetch))")
    }
    return lines
  }

  private static func isDone(_ fetch: Tensor, _ segment: Segment, _ flat: FlatGraph) -> Bool {
    guard case .tensor(let endpoint) = flat.images[fetch.node.index][fetch.index] else {
      return false
    }
    return segment.completed.contains(endpoint.node)
  }
}
