import GraphCore
import StandardOps
import TensorCore

/// Rewrites nodes by identities until none applies.
package enum ApplyRules: Pass {
  package static let name = "algebra"
  package static let summary = "rewrites nodes by identities until none applies"

  /// Every rule, in the order in which they are tried at a node.
  package static let rules: [Rule] =
    Rule.identities + Rule.selections + Rule.elements + Rule.casts + Rule.views
    + Rule.reductions + Rule.broadcasts + Rule.matrices + Rule.linear + Rule.linearInputs
    + Rule.reassociations

  /// Each round moves a scale or an offset past one node; no graph that people write needs more.
  private static let roundLimit = 16

  package static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws {
    let allowed = options.rules.filter { options.contracts.contains($0.contract) }
    let byOp = Dictionary(
      grouping: allowed.flatMap { rule in rule.ops.map { ($0, rule) } }, by: \.0
    ).mapValues { $0.map(\.1) }
    for _ in 0..<roundLimit {
      var changed = false
      var log = workspace.log
      let uses = useCounts(workspace)
      let settled = options.standIns.isEmpty ? nil : OpenSizes.settledNodes(of: workspace.graph)
      var live = Liveness(written: writtenVariables(workspace))
      // How often what stands in the new graph is taken, as far as it is known in this round.
      var taken: [Endpoint: Int] = [:]
      // What now stands for other tensors too, so that its uses are known in the next round.
      var shared = Set<Endpoint>()
      try workspace.rebuild(addsNodes: { byOp[$0.op] != nil }) { node, inputs, target in
        let firstNew = target.count
        for (old, new) in zip(node.record.inputs, inputs) { taken[new.endpoint] = uses[old] }
        if let settled, !settled[node.index] { return nil }
        for rule in byOp[node.op] ?? [] {
          let context = RuleContext(
            node: node, inputs: inputs, isLive: { live.isLive($0) },
            isTakenOnce: { taken[$0.endpoint] == 1 && !shared.contains($0.endpoint) })
          guard let replacement = rule.rewrite(context) else { continue }
          precondition(
            target.errors.isEmpty && replacement.allSatisfy { !$0.isPoison },
            "rule \(rule.name) at \(node): \(target.errors)")
          if settled != nil, target.holds(options.standIns, from: firstNew) { continue }
          let application = RuleApplication(
            rule: rule, node: node, inputs: inputs, replacement: replacement, firstNew: firstNew)
          options.observer?.ruleApplied(application)
          application.note(in: &log) { context.isTakenOnce($0) }
          changed = true
          shared.formUnion(replacement.map(\.endpoint).filter { $0.node < firstNew })
          return replacement
        }
        return nil
      }
      workspace.log = log
      if !changed { return }
      // Shapes that only running gives stay to be computed.
      if settled == nil { try Specialize.shapes(of: &workspace) }
    }
  }

  private static func useCounts(_ workspace: Workspace) -> [Endpoint: Int] {
    var uses: [Endpoint: Int] = [:]
    for tensor in workspace.fetches { uses[tensor.endpoint, default: 0] += 1 }
    for node in workspace.neededNodes() {
      for input in node.record.inputs { uses[input, default: 0] += 1 }
    }
    return uses
  }

  package static func writtenVariables(_ workspace: Workspace) -> Set<String> {
    var names = Set<String>()
    workspace.eachNode { node in
      guard !node.isRegion, node.definition?.effects.contains(.writes) == true,
        let handle = node.inputs.first
      else { return }
      names.insert(handle.node.variableName)
    }
    return names
  }
}

extension Node {
  /// The name under which a session holds the variable that this `VarHandleOp` declares.
  package var variableName: String {
    let shared = self[optional: Ops.VarHandleOp.sharedName] ?? ""
    return shared.isEmpty ? name : shared
  }
}

/// Which tensors depend on unwritten variables and constants alone, and on at least one variable.
package struct Liveness {
  private let written: Set<String>
  private var known: [Int: Bool] = [:]
  private var readsVariable = Set<Int>()

  package init(written: Set<String>) { self.written = written }

  /// Whether the tensor is a constant or follows from unwritten variables.
  package mutating func isLive(_ tensor: Tensor) -> Bool {
    var pending = [tensor.node]
    while let node = pending.last {
      if known[node.index] != nil {
        pending.removeLast()
        continue
      }
      let inputs = node.inputs.map(\.node)
      if node.op == Ops.ReadVariableOp.name {
        known[node.index] = !written.contains(node.input(0).node.variableName)
        readsVariable.insert(node.index)
      } else if node.op == Ops.Const.name {
        known[node.index] = true
      } else if !node.isPure || inputs.isEmpty || node.definition is any StateOp.Type
        || node.isRegion
      {
        known[node.index] = false
      } else if inputs.contains(where: { known[$0.index] == false }) {
        known[node.index] = false
      } else {
        let unknown = inputs.filter { known[$0.index] == nil }
        if unknown.isEmpty {
          known[node.index] = true
          if inputs.contains(where: { readsVariable.contains($0.index) }) {
            readsVariable.insert(node.index)
          }
        } else {
          pending += unknown
        }
        continue
      }
      pending.removeLast()
    }
    return known[tensor.node.index] ?? false
  }

  /// Whether the tensor changes when unwritten variables do, and only then.
  package mutating func followsVariables(_ tensor: Tensor) -> Bool {
    isLive(tensor) && readsVariable.contains(tensor.node.index)
  }
}
