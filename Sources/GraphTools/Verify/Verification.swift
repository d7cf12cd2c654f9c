import GraphCompiler
import GraphCore
import GraphRuntime
import Synchronization
import TensorCore

/// Checks every rule's application and every pass of the compilations that it observes.
///
/// A rule is checked where it was applied: what it replaced and what it put there are cut out and run
/// on adversarial inputs, each node as a kernel of its own. A pass is checked on the whole graph. Bits
/// must be the same unless the rule is rescaling or reassociating; these have a bound (`ErrorBound`).
package final class Verification: CompilationObserver {
  /// Something that is wrong.
  package struct Finding: Sendable {
    /// The pass or rule that is to blame.
    package let culprit: String
    package let message: String
    /// The smallest graph that shows it, as text; nil if only the whole graph does.
    package let graph: String?
  }

  /// What was checked of a rule or pass.
  package struct Tally: Sendable {
    package var applications = 0
    /// Applications that differ from one another in more than names.
    package var distinct = 0
    /// Applications that could not be run on their own.
    package var skipped = 0
    /// The rounds of inputs that were compared.
    package var rounds = 0
    /// The largest difference as a part of the bound.
    package var largestShare = 0.0
  }

  private struct State {
    var rules: [String: Tally] = [:]
    var passes: [String: Int] = [:]
    var findings: [Finding] = []
    var leftOut: [String] = []
    var seen = Set<[String]>()
    /// Whether a rule that is not exact was applied since the last pass ended.
    var hasMoved = false
  }

  private let state = Mutex(State())
  let backend: Session.BackendChoice
  private let rewrites: RewriteCheck
  private let passes: PassCheck
  /// How far from what a rule takes a case looks: further than any rule's pattern.
  private static let depth = 4

  /// The most bytes that each run and what is drawn for it may take.
  let memoryBudget: Int

  package init(
    backend: Session.BackendChoice, seed: UInt64 = 1, memoryBudget: Int = 768 << 20
  ) {
    self.backend = backend
    self.memoryBudget = memoryBudget
    rewrites = RewriteCheck(backend: backend, seed: seed, memoryBudget: memoryBudget)
    passes = PassCheck(backend: backend, seed: seed, memoryBudget: memoryBudget)
  }

  /// What is wrong, in the order in which it was found.
  package var findings: [Finding] { state.withLock { $0.findings } }
  /// What was asked for only by default and cannot run, each with the reason.
  package var leftOut: [String] { state.withLock { $0.leftOut } }
  /// What was checked, by the rule's name.
  package var rules: [String: Tally] { state.withLock { $0.rules } }
  /// How often each pass was checked.
  package var checkedPasses: [String: Int] { state.withLock { $0.passes } }

  // MARK: Rules

  package func ruleApplied(_ application: RuleApplication) {
    let rule = application.rule
    if rule.contract != .exact { state.withLock { $0.hasMoved = true } }
    guard let rewrite = RewriteCase(application, depth: Self.depth) else {
      state.withLock {
        $0.rules[rule.name, default: Tally()].applications += 1
        $0.rules[rule.name, default: Tally()].skipped += 1
      }
      return
    }
    let isNew = state.withLock {
      $0.rules[rule.name, default: Tally()].applications += 1
      return $0.seen.insert([rule.name] + rewrite.structure).inserted
    }
    guard isNew else { return }
    let outcome = rewrites.outcome(of: rewrite, rule.contract)
    state.withLock {
      var tally = $0.rules[rule.name] ?? Tally()
      if outcome.rounds == 0 { tally.skipped += 1 } else { tally.distinct += 1 }
      tally.rounds += outcome.rounds
      tally.largestShare = max(tally.largestShare, outcome.largestShare)
      $0.rules[rule.name] = tally
    }
    guard var failure = outcome.failure else { return }
    var smallest = rewrite
    for depth in 0..<Self.depth {
      guard let smaller = RewriteCase(application, depth: depth),
        smaller.graph.count < smallest.graph.count,
        let still = rewrites.outcome(of: smaller, rule.contract).failure
      else { continue }
      (smallest, failure) = (smaller, still)
      break
    }
    report(failure, of: rule, at: application.node, smallest)
  }

  private func report(
    _ failure: RewriteCheck.Failure, of rule: Rule, at node: Node, _ rewrite: RewriteCase
  ) {
    let suffix = failure.output == 0 ? "" : "_\(failure.output)"
    let place = failure.difference.index.map { "[\($0)]" } ?? ""
    let allowed = failure.bound.map { "may differ by \($0)" } ?? "must have the same bits"
    var lines = [
      "rule \(rule.name) (\(rule.contract.rawValue)): \(rule.identity)",
      "  at \"\(node.name)\" (\(node.op)): before\(suffix)\(place) is \(failure.difference.first), "
        + "after\(suffix)\(place) is \(failure.difference.second); they \(allowed)",
    ]
    for (name, value) in failure.inputs {
      lines.append(
        "  \(name) = \(value.dtype)\(value.shape) \(value.elementsDescription(limit: 8))")
    }
    let comment = lines.map { "# \($0)" }.joined(separator: "\n") + "\n"
    let finding = Finding(
      culprit: rule.name, message: lines.joined(separator: "\n"), graph: comment + rewrite.text)
    state.withLock { $0.findings.append(finding) }
  }

  // MARK: Passes

  package func passFinished(_ pass: any Pass.Type, before: Workspace, after: Workspace) {
    let hasMoved = state.withLock { state in
      defer { state.hasMoved = false }
      return state.hasMoved
    }
    // Where a scale moved, each application was held to its own bound.
    if !hasMoved { check(pass.name, passes.failure(before, after)) }
    if ObjectIdentifier(pass) == Compiler.graphPasses.last.map({ ObjectIdentifier($0) }) {
      check(GroupNodes.name, passes.failureOfFusion(after))
    }
  }

  /// Loops that drawn values keep going are given up after so many rounds.
  static let roundLimit = 1000

  func leaveOut(_ name: String, _ reason: any Error) {
    let line = "\(reason)".split(separator: "\n").first.map(String.init) ?? ""
    state.withLock {
      if !$0.leftOut.contains(where: { $0.hasPrefix("\(name): ") }) {
        $0.leftOut.append("\(name): \(line)")
      }
    }
  }

  /// Notes a check of a pass, or of a whole run.
  func check(_ name: String, _ failure: String?) {
    state.withLock {
      $0.passes[name, default: 0] += 1
      if let failure {
        $0.findings.append(
          Finding(culprit: name, message: "pass \(name): \(failure)", graph: nil))
      }
    }
  }
}
