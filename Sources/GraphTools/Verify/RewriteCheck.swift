import GraphCompiler
import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// Runs both sides of a rewrite on adversarial inputs.
struct RewriteCheck {
  let backend: Session.BackendChoice
  let seed: UInt64
  let memoryBudget: Int

  /// What a check found.
  struct Outcome {
    /// The rounds in which both sides could be computed.
    var rounds = 0
    /// The largest difference as a part of what the contract allows.
    var largestShare = 0.0
    var failure: Failure?
  }

  /// A disagreement.
  struct Failure {
    let round: AdversarialInputs.Round
    let output: Int
    let difference: ValueDifference
    /// The bound that was exceeded; nil if the bits had to be the same.
    let bound: Double?
    let inputs: [(name: String, value: TensorValue)]
  }

  /// Checks a rule's case: the same bits for an exact rule, a bound for the others.
  func outcome(of rewrite: RewriteCase, _ contract: Contract) -> Outcome {
    var outcome = Outcome()
    let isModest = rewrite.placeholders.allSatisfy {
      AdversarialInputs.byteCount($0.shape.fullyDefined ?? .scalar) <= memoryBudget
    }
    guard isModest, let session = Self.session(on: rewrite.graph, backend, memoryBudget) else {
      return outcome
    }
    let watched = rewrite.before + rewrite.after
    let all =
      contract == .exact
      ? [] : rewrite.graph.operations.flatMap(\.outputs).filter { $0.dtype.byteCount != nil }
    let rounds = AdversarialInputs.Round.allCases.filter { contract == .exact || $0.isModerate }
    for (number, round) in rounds.flatMap({ Array(repeating: $0, count: $0.repetitions) })
      .enumerated()
    {
      var inputs = AdversarialInputs(seed: seed &+ UInt64(number) &* 0x1_0001)
      let fed = rewrite.placeholders.map {
        (tensor: $0, value: inputs.value($0.dtype, $0.shape.fullyDefined ?? .scalar, round))
      }
      var feeds = Feeds()
      for (tensor, value) in fed { feeds.feed(value, to: tensor) }
      // What cannot run on these inputs, such as an index that is out of range, fails on both sides.
      guard let values = try? session.run(watched + all, feeding: feeds) else { continue }
      outcome.rounds += 1
      let known = Dictionary(
        zip(all.map(\.endpoint), values.dropFirst(watched.count)), uniquingKeysWith: { a, _ in a })
      let bounds = contract == .exact ? nil : ErrorBound(rewrite.graph, known)
      for index in rewrite.before.indices {
        let (before, after) = (values[index], values[rewrite.before.count + index])
        let bound = bounds?.bound(rewrite.before[index], rewrite.after[index])
        if let bound, bound > 0 {
          outcome.largestShare = max(
            outcome.largestShare, ValueComparison.largest(before, after) / bound)
        }
        let difference =
          bound.map { ValueComparison.within($0, before, after) }
          ?? ValueComparison.bits(before, after)
        if let difference {
          outcome.failure = Failure(
            round: round, output: index, difference: difference, bound: bound,
            inputs: fed.map { ($0.tensor.node.name, $0.value) })
          return outcome
        }
      }
    }
    return outcome
  }

  /// A session that runs each node as it stands.
  static func session(
    on graph: Graph, _ backend: Session.BackendChoice, _ memoryBudget: Int, fuses: Bool = false
  ) -> Session? {
    var settings = CompilerSettings(rewrites: false, fuses: fuses)
    settings.roundLimit = Verification.roundLimit
    // What is checked has loops that the compiler has made regions already.
    settings.makesRegions = true
    settings.isCompilersGraph = true
    let session = try? Session(
      graph, backend: backend, threads: 1, memoryBudget: memoryBudget, compiler: settings)
    session?.drawUnseeded(from: 0)
    return session
  }
}
