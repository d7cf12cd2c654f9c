import GraphCompiler
import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// Runs a graph before and after a pass on the same inputs and variables.
struct PassCheck {
  let backend: Session.BackendChoice
  let seed: UInt64
  let memoryBudget: Int

  /// The rounds in which whole graphs are run.
  private static let rounds: [AdversarialInputs.Round] = [.ordinary, .ties, .sprinkled, .special]
  /// Larger graphs are run once a round.
  private static let smallCount = 100

  /// What is wrong after the pass; nil if all bits are the same.
  func failure(_ before: Workspace, _ after: Workspace) -> String? {
    failure(before, false, after, false)
  }

  /// What is wrong when nodes are joined into kernels; nil if all bits are the same.
  func failureOfFusion(_ workspace: Workspace) -> String? {
    failure(workspace, false, workspace, true)
  }

  private func failure(
    _ before: Workspace, _ fusesBefore: Bool, _ after: Workspace, _ fusesAfter: Bool
  ) -> String? {
    let rounds = Self.rounds.flatMap { round in
      Array(
        repeating: round, count: before.graph.count < Self.smallCount ? round.repetitions : 1)
    }
    for (number, round) in rounds.enumerated() {
      let seed = seed &+ UInt64(number) &* 0x1_0001
      guard let first = try? run(before, fusesBefore, round, seed) else { continue }
      let second: [(name: String, value: TensorValue)]
      do {
        second = try run(after, fusesAfter, round, seed)
      } catch {
        return "on \(round.rawValue) inputs it runs before and fails after: \(error)"
      }
      let count = before.fetches.count
      let later = Dictionary(second.dropFirst(count).map { ($0.name, $0.value) }) { a, _ in a }
      for (position, a) in first.enumerated() {
        // A pass may drop a variable that nothing needs.
        guard let b = position < count ? second[position].value : later[a.name],
          let difference = ValueComparison.bits(a.value, b)
        else { continue }
        let place = difference.index.map { "[\($0)]" } ?? ""
        return "on \(round.rawValue) inputs \(a.name)\(place) is \(difference.first) before and "
          + "\(difference.second) after"
      }
    }
    return nil
  }

  /// The fetched values, then those of the variables.
  private func run(
    _ workspace: Workspace, _ fuses: Bool, _ round: AdversarialInputs.Round, _ seed: UInt64
  ) throws -> [(name: String, value: TensorValue)] {
    guard
      let session = RewriteCheck.session(
        on: workspace.graph, backend, memoryBudget, fuses: fuses)
    else { return [] }
    let nodes = workspace.neededNodes()
    let variables = Self.variables(nodes)
    // Drawn by name and position, since a pass may drop what it does not need.
    session.set(
      variables.map { variable in
        let own = variable.name.utf8.reduce(seed) { ($0 &* 31) &+ UInt64($1) }
        var inputs = AdversarialInputs(seed: own)
        return (variable.name, inputs.value(variable.dtype, variable.shape, round))
      })
    var feeds = Feeds()
    for (position, tensor) in workspace.feeds {
      var inputs = AdversarialInputs(seed: seed &+ UInt64(position) &* 0xFFFF_FFFF)
      feeds.feed(
        inputs.value(tensor.dtype, tensor.shape.fullyDefined ?? .scalar, round), to: tensor)
    }
    let values = try session.run(
      workspace.fetches, targets: nodes.filter { $0.definition?.effects.contains(.writes) == true },
      feeding: feeds)
    return zip(workspace.fetches, values).map { ($0.name, $1) }
      + variables.compactMap { variable in
        session.value(ofVariableNamed: variable.name).map {
          ("the variable \(variable.name)", $0)
        }
      }
  }

  /// The variables whose shapes are known, sorted by name.
  static func variables(_ nodes: [Node]) -> [(name: String, dtype: DType, shape: Shape)] {
    var known: [String: (DType, Shape)] = [:]
    for node in nodes where node.op == Ops.VarHandleOp.name {
      guard let shape = node[Ops.VarHandleOp.shape].fullyDefined else { continue }
      known[node.variableName] = (node[Ops.VarHandleOp.dtype], shape)
    }
    return known.sorted { $0.key < $1.key }.map { ($0.key, $0.value.0, $0.value.1) }
  }
}
