import GraphCompiler
import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

extension Verification {
  /// What of a graph is compiled, run and checked.
  package struct Request {
    package var fetches: [Tensor]
    package var targets: [Node]
    /// The shapes of fed tensors whose sizes are not all known; other unknown sizes are 2.
    package var shapes: [Tensor: Shape] = [:]
    /// The values of fed tensors that are not drawn.
    package var values: [Tensor: TensorValue] = [:]
    /// Values of variables; the others are drawn.
    package var variables: [(name: String, value: TensorValue)] = []
    /// Whether fetches that cannot run are left out rather than reported.
    package var leavesOut = false

    package init(fetches: [Tensor], targets: [Node]) {
      self.fetches = fetches
      self.targets = targets
    }

    /// Whatever nothing else takes.
    init(all graph: Graph) {
      var isTaken = Set<Endpoint>()
      for node in graph.operations { isTaken.formUnion(node.record.inputs) }
      fetches = graph.operations.flatMap(\.outputs).filter { tensor in
        tensor.dtype.byteCount != nil && !isTaken.contains(tensor.endpoint)
          && tensor.node.definition?.effects.isSubset(of: .reads) == true
          && !(tensor.node.definition?.signature.outputs.contains(where: \.isReference) ?? true)
      }
      targets = []
      leavesOut = true
    }

    /// The requests of somebody who names nothing: all results, and one training step.
    package static func all(of graph: Graph) -> [Request] {
      let results = Request(all: graph)
      let targets = (graph.collection(.trainOp) + graph.collection(.updateOps)).map(\.target)
      if targets.isEmpty { return [results] }
      var training = results
      training.targets = targets
      return results.fetches.isEmpty ? [training] : [results, training]
    }
  }

  /// Compiles and runs a request with the contracts and rules, checking every step; then compares the
  /// run under exact rules alone with one of the graph as it stands.
  ///
  /// Every Boolean scalar that is fed, such as `training`, takes both values, up to four combinations.
  ///
  /// - Throws: what compiling or running the request throws.
  package func verify(
    _ graph: Graph, _ request: Request, contracts: Set<Contract>, rules: [Rule] = ApplyRules.rules
  ) throws {
    for node in graph.operations where node.definition == nil && request.leavesOut {
      leaveOut(node.name, SessionError("the op \(node.op) is not known here"))
    }
    guard !request.fetches.isEmpty || !request.targets.isEmpty else {
      throw SessionError("nothing of the graph can be run")
    }
    for variable in Self.variables(graph) { try checkDrawn(variable.name, variable.shape) }
    for decisions in Self.decisions(graph, request) {
      let variables = Self.drawnVariables(graph) + request.variables
      let (feeds, request, plain) = try runnable(graph, request, decisions, variables)
      var settings = CompilerSettings(contracts: contracts)
      settings.rules = rules
      settings.observer = self
      _ = try run(graph, request, feeds, variables, settings)
      var exact = CompilerSettings(contracts: [.exact])
      exact.rules = rules
      let optimized = try run(graph, request, feeds, variables, exact)
      let difference = zip(plain, optimized).first { ValueComparison.bits($0.1, $1.1) != nil }
      check(
        "whole run under exact rules",
        difference.map { plain, optimized in
          let found = ValueComparison.bits(plain.1, optimized.1)
          let place = found?.index.map { "[\($0)]" } ?? ""
          return "\(plain.0)\(place) is \(found?.first ?? "") unoptimized and "
            + "\(found?.second ?? "") optimized"
        })
    }
  }

  /// Feeds with which the request runs, what of it does if it may leave something out, and what it
  /// gives as it stands.
  ///
  /// - Throws: what running throws whichever integers are fed.
  private func runnable(
    _ graph: Graph, _ request: Request, _ decisions: [Tensor: TensorValue],
    _ variables: [(name: String, value: TensorValue)]
  ) throws -> (Feeds, Request, [(String, TensorValue)]) {
    var failure: (any Error)?
    // Fed integers may be indices, sizes or divisors.
    for integer in [nil, 0, 1] as [Double?] {
      var inputs = AdversarialInputs(seed: 7)
      var feeds = Feeds()
      for tensor in Self.placeholders(graph) {
        let shape = request.shapes[tensor] ?? Self.shape(tensor)
        try checkDrawn(tensor.name, shape)
        var value =
          request.values[tensor] ?? decisions[tensor]
          ?? inputs.value(tensor.dtype, shape, .ordinary)
        if let integer, !tensor.dtype.isFloatingPoint, decisions[tensor] == nil,
          request.values[tensor] == nil
        {
          value = value.filled(with: integer)
        }
        feeds.feed(value, to: tensor)
      }
      var request = request
      let plain = CompilerSettings(rewrites: false, fuses: false)
      do {
        return (feeds, request, try run(graph, request, feeds, variables, plain))
      } catch {
        failure = error
      }
      guard request.leavesOut else { continue }
      var failures: [(Tensor, any Error)] = []
      request.fetches = request.fetches.filter { fetch in
        var alone = request
        alone.fetches = [fetch]
        do {
          _ = try run(graph, alone, feeds, variables, plain)
          return true
        } catch {
          failures.append((fetch, error))
          return false
        }
      }
      if !request.fetches.isEmpty {
        for (fetch, error) in failures { leaveOut(fetch.name, error) }
        return (feeds, request, try run(graph, request, feeds, variables, plain))
      }
    }
    throw failure ?? SessionError("nothing of the request can be run")
  }

  private func run(
    _ graph: Graph, _ request: Request, _ feeds: Feeds,
    _ variables: [(name: String, value: TensorValue)], _ settings: CompilerSettings
  ) throws -> [(String, TensorValue)] {
    var settings = settings
    settings.roundLimit = Self.roundLimit
    let session = try Session(
      graph, backend: backend, threads: nil, memoryBudget: memoryBudget, compiler: settings)
    session.drawUnseeded(from: 0)
    session.set(variables)
    let values = try session.run(request.fetches, targets: request.targets, feeding: feeds)
    return zip(request.fetches, values).map { ($0.name, $1) }
      + variables.compactMap { variable in
        session.value(ofVariableNamed: variable.name).map {
          ("the variable \(variable.name)", $0)
        }
      }
  }

  // MARK: Inputs

  /// - Throws: `SessionError` if drawing a value would take more than the budget.
  private func checkDrawn(_ name: String, _ shape: Shape) throws {
    let bytes = AdversarialInputs.byteCount(shape)
    guard bytes > memoryBudget else { return }
    throw SessionError(
      "drawing \"\(name)\" of shape \(shape) takes \(bytes) bytes, more than the budget of "
        + "\(memoryBudget); name a smaller shape or raise the budget")
  }

  /// What has to be fed, and what may be.
  private static func placeholders(_ graph: Graph) -> [Tensor] {
    graph.operations.filter {
      $0.op == Ops.Placeholder.name || $0.op == Ops.PlaceholderWithDefault.name
    }.map { $0.output(0) }.filter { $0.dtype.byteCount != nil }
  }

  private static func shape(_ tensor: Tensor) -> Shape {
    Shape((tensor.shape.dimensions ?? []).map { $0 ?? 2 })
  }

  /// Both values of each fed Boolean, up to two of them.
  private static func decisions(_ graph: Graph, _ request: Request) -> [[Tensor: TensorValue]] {
    let switches = placeholders(graph).filter {
      $0.dtype == .bool && $0.shape.rank == 0 && request.values[$0] == nil
    }.prefix(2)
    var result: [[Tensor: TensorValue]] = [[:]]
    for tensor in switches {
      result = result.flatMap { decided in
        [false, true].map { value in
          decided.merging(
            [tensor: (try? value.tensorValue(as: .bool)) ?? TensorValue(zeros: [], dtype: .bool)],
            uniquingKeysWith: { $1 })
        }
      }
    }
    return result
  }

  /// Values of variables: magnitudes, since variances and counts must not be negative.
  private static func drawnVariables(_ graph: Graph) -> [(name: String, value: TensorValue)] {
    var inputs = AdversarialInputs(seed: 11)
    return variables(graph).map { ($0.name, inputs.value($0.dtype, $0.shape, .ordinary).absolute) }
  }

  /// The variables of either kind whose shapes are known.
  private static func variables(_ graph: Graph) -> [(name: String, dtype: DType, shape: Shape)] {
    graph.operations.compactMap { node in
      guard ["VarHandleOp", "VariableV2", "Variable"].contains(node.op),
        case .shape(let partial)? = node.attributes["shape"], let shape = partial.fullyDefined,
        case .type(let dtype)? = node.attributes["dtype"], dtype.byteCount != nil
      else { return nil }
      return (node.sessionName, dtype, shape)
    }
  }
}

extension TensorValue {
  /// The same shape with one number everywhere.
  fileprivate func filled(with number: Double) -> TensorValue {
    let numbers = Array(repeating: number, count: count)
    return (try? TensorValue(converting: numbers, to: dtype, shape: shape)) ?? self
  }

  fileprivate var absolute: TensorValue {
    guard dtype.isFloatingPoint, let doubles else { return self }
    return (try? TensorValue(converting: doubles.map { abs($0) }, to: dtype, shape: shape)) ?? self
  }
}
