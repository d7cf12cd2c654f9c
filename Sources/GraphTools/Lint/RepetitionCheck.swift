import GraphCore
import StandardOps

/// The same computation made again and again under numbered names, as a loop does that builds what it
/// runs: `reduceMean(x)`, or `rate.assign(0.1)`, in every step.
enum RepetitionCheck: LintCheck {
  /// Fewer are written by hand.
  private static let least = 16

  static func findings(in context: LintContext) -> [LintFinding] {
    let kinds = classes(context)
    var groups: [Group: [Int]] = [:]
    for node in context.nodes {
      // What is made to be run by itself is taken by nothing.
      guard context.consumers[node.index].isEmpty,
        !node.record.inputs.isEmpty || !node.record.controlInputs.isEmpty
      else { continue }
      let effects = node.definition?.effects ?? .host
      guard effects.isDisjoint(with: [.random, .host]) else { continue }
      let group = Group(kind: kinds[node.index], name: unnumbered(node.name))
      groups[group, default: []].append(node.index)
    }
    return groups.values.filter { $0.count >= least }.sorted { $0[0] < $1[0] }.map { members in
      let nodes = members.map { context.nodes[$0] }
      return LintFinding(
        kind: .repeatedNodes, nodes: nodes,
        message: "\(nodes.count) nodes from \"\(nodes[0].name)\" to "
          + "\"\(nodes[nodes.count - 1].name)\" do the same; a graph that grows between runs is "
          + "compiled for each of them",
        cure: "build the node once before the loop and run it there; feed what changes through a "
          + "placeholder")
    }
  }

  private struct Group: Hashable {
    let kind: Int
    let name: String
  }

  /// Equal for nodes that compute the same from the same; for an assignment constants count as equal,
  /// since a loop that sets a variable gives each step its own.
  private static func classes(_ context: LintContext) -> [Int] {
    var kinds: [Int] = []
    for node in context.nodes {
      var hasher = Hasher()
      hasher.combine(node.op)
      let record = node.record
      let isConstant = node.op == Ops.Const.name
      if record.inputs.isEmpty && record.controlInputs.isEmpty && !isConstant {
        // Two placeholders or variables are never the same.
        hasher.combine(node.index)
      }
      hasher.combine(node.attributes)
      let isAssignment = node.op == Ops.Assign.name || node.op == Ops.AssignVariableOp.name
      for input in record.inputs {
        let source = context.nodes[input.node]
        if isAssignment, source.op == Ops.Const.name {
          hasher.combine(source.record.outputs[input.output])
        } else {
          // A loop's way back is not there yet.
          hasher.combine(input.node < node.index ? kinds[input.node] : input.node)
          hasher.combine(input.output)
        }
      }
      for control in record.controlInputs.map({ $0 < node.index ? kinds[$0] : $0 }).sorted() {
        hasher.combine(control)
      }
      kinds.append(hasher.finalize())
    }
    return kinds
  }

  /// The name without the numbers that make names unique: `step/Mean_7` is `step/Mean`.
  private static func unnumbered(_ name: String) -> String {
    name.split(separator: "/", omittingEmptySubsequences: false).map { part in
      guard let underscore = part.lastIndex(of: "_"), underscore != part.startIndex,
        Int(part[part.index(after: underscore)...]) != nil
      else { return String(part) }
      return String(part[..<underscore])
    }.joined(separator: "/")
  }
}
