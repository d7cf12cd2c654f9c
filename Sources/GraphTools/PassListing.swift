import GraphCompiler
import StandardOps

/// The compiler as a list.
package enum PassListing {
  /// The passes in order, then each rule with its identity and contract.
  package static func lines() -> [String] {
    var lines = ["passes, in order:"]
    lines += Compiler.phases.map { "  \($0.name): \($0.summary)" }
    lines.append("rules of \(ApplyRules.name), tried in this order at a node:")
    lines += ApplyRules.rules.map { rule in
      "  \(rule.name) (\(rule.contract.rawValue)): \(rule.identity)"
        + "  [\(rule.ops.sorted().joined(separator: ", "))]"
    }
    lines += [
      "kernels:", "  loop: nested loops over strided buffers, with or without a reduction",
      "  staged: loops one after the other over dimensions that they share",
      "  contraction: a (batched) matrix product, with a loop on each finished tile",
      "  convolution: of images, or a gradient of it, with a loop on each finished tile",
      "  one function each: \(NamedKernel.families.joined(separator: ", "))",
    ]
    return lines
  }
}
