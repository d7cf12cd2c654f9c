import GraphCompiler

/// The compiler as a list.
package enum PassListing {
  /// The passes in order, then each rule with its identity and contract.
  package static func lines() -> [String] {
    var lines = ["passes, in order:", "  \(Specialize.name): \(Specialize.summary)"]
    lines += Pipeline.passes.map { "  \($0.name): \($0.summary)" }
    lines.append("rules of \(ApplyRules.name), tried in this order at a node:")
    lines += ApplyRules.rules.map { rule in
      "  \(rule.name) (\(rule.contract.rawValue)): \(rule.identity)"
        + "  [\(rule.ops.sorted().joined(separator: ", "))]"
    }
    return lines
  }
}
