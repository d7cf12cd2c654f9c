import GraphCore
import TensorCore

extension Session {
  /// Runs by names, as they stand in files: fetches and feeds `name:k`, targets `name`.
  ///
  /// - Throws: `SessionError` for a name that is not there, and whatever `run` throws.
  public func run(
    fetching fetches: [String], targets: [String] = [],
    feeding feeds: [String: any TensorConvertible] = [:], check: RunCheck? = nil
  ) throws -> [TensorValue] {
    var resolved = Feeds()
    for (name, value) in feeds.sorted(by: { $0.key < $1.key }) {
      resolved.feed(value, to: try tensor(named: name))
    }
    return try run(
      fetches.map { try tensor(named: $0) }, targets: targets.map { try node(named: $0) },
      feeding: resolved, check: check)
  }

  /// The tensor of that name.
  ///
  /// - Throws: `SessionError` naming a similar one if there is none.
  package func tensor(named name: String) throws(SessionError) -> Tensor {
    if let tensor = graph.tensor(named: name) { return tensor }
    if let node = graph.operation(named: name) {
      throw SessionError(
        node.definition == nil
          ? "\(node) gives nothing known: the op \(node.op) is not known here"
          : "\(node) has no output to fetch; run it as a target")
    }
    throw SessionError("the graph has no tensor \"\(name)\"" + suggestion(name))
  }

  /// The node of that name.
  ///
  /// - Throws: `SessionError` naming a similar one if there is none.
  package func node(named name: String) throws(SessionError) -> Node {
    if let node = graph.operation(named: name) ?? graph.tensor(named: name)?.node { return node }
    throw SessionError("the graph has no operation \"\(name)\"" + suggestion(name))
  }

  private func suggestion(_ name: String) -> String {
    let wanted = (name.split(separator: ":").first ?? "").lowercased()
    let last = wanted.split(separator: "/").last ?? ""
    let similar = graph.operations.first {
      let own = $0.name.lowercased()
      return own == wanted || own.split(separator: "/").last == last
    }
    return similar.map { "; did you mean \"\($0.name)\"?" } ?? ""
  }
}

extension Session {
  /// A variable's value.
  ///
  /// - Throws: `SessionError` if it has none.
  public func value(of variable: Variable) throws(SessionError) -> TensorValue {
    guard let value = value(ofVariableNamed: variable.handle.node.sessionName) else {
      throw SessionError(
        "the variable \"\(variable.name)\" has no value; "
          + "run its initializer or restore a checkpoint first")
    }
    return value
  }

  /// Sets a variable outside any run, as restoring a checkpoint does.
  ///
  /// - Throws: `SessionError` if type or shape do not fit.
  public func set(_ variable: Variable, to value: TensorValue) throws(SessionError) {
    guard value.dtype == variable.dtype, variable.shape.matches(value.shape) else {
      throw SessionError(
        "the variable \"\(variable.name)\" is \(variable.dtype) \(variable.shape), "
          + "found \(value.dtype)\(value.shape)")
    }
    set([(variable.handle.node.sessionName, value)])
  }

  package func value(ofVariableNamed name: String) -> TensorValue? {
    runsExclusively(false) { variables.withLock { $0.values[name]?.value } }
  }

  /// Several variables' values at one moment: no run changes some of them meanwhile.
  package func values(ofVariablesNamed names: [String]) -> [TensorValue?] {
    runsExclusively(false) {
      variables.withLock { store in names.map { store.values[$0]?.value } }
    }
  }

  /// Runs `body` on several variables' values where they are, without copies: no run changes any of
  /// them meanwhile, and `body` must let go of them.
  package func withValues<Result>(
    ofVariablesNamed names: [String], _ body: ([TensorValue?]) throws -> Result
  ) rethrows -> Result {
    try runsExclusively(false) {
      try body(variables.withLock { store in names.map { store.values[$0]?.borrowed } })
    }
  }

  /// Sets several variables at once to values that nobody else holds, without copies.
  package func adopt(_ values: [(name: String, value: TensorValue)]) {
    runsExclusively(true) {
      variables.withLock { store in
        for (name, value) in values { store.adopt(name, value) }
      }
    }
  }

  /// Sets several variables at once: no run sees some of them.
  package func set(_ values: [(name: String, value: TensorValue)]) {
    runsExclusively(true) {
      variables.withLock { store in
        for (name, value) in values { store.set(name, to: value) }
      }
    }
  }
}

extension Node {
  /// The name under which a session holds the variable that this node declares.
  package var sessionName: String {
    if case .string(let bytes)? = attributes["shared_name"], !bytes.isEmpty {
      return String(decoding: bytes, as: UTF8.self)
    }
    return name
  }
}
