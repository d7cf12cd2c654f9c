/// Where new nodes go: the open name scope, variable scope and control dependencies of one graph.
package struct Scope: Sendable {
  package var graph: ObjectIdentifier
  /// The open name scope with a trailing slash, or empty.
  package var names = ""
  /// The open variable scope with a trailing slash, or empty.
  package var variables = ""
  /// Whether getting a variable finds an existing one.
  package var reuse = VariableReuse.none
  package var controlInputs: [Int] = []
  /// The user's line on whose behalf a library function builds several nodes.
  package var site: SourceSite?
  /// In a compiler's copy: the source node that nodes built now stand for.
  package var origin: Int?
  /// What stands for a tensor from outside where a branch of a conditional is built; given the name of
  /// the node that takes it.
  package var capture: (@Sendable (_ tensor: Tensor, _ name: String) -> Tensor)?

  /// Task-local, so that two threads may build one graph in different scopes.
  @TaskLocal package static var open: [Scope] = []
}

/// Whether `getVariable` makes a variable or finds it.
public enum VariableReuse: Sendable {
  /// Makes a new variable; one that exists is a mistake.
  case none
  /// Finds an existing variable; one that does not exist is a mistake.
  case existing
  /// Finds the variable or makes it.
  case automatic
}

extension Graph {
  package var scope: Scope {
    let id = ObjectIdentifier(self)
    return Scope.open.last { $0.graph == id } ?? Scope(graph: id)
  }

  /// Runs `body` in a scope derived from the current one.
  package func withScope<Result, Failure: Error>(
    _ change: (inout Scope) -> Void, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var inner = scope
    change(&inner)
    let open = Scope.open + [inner]
    let result: Swift.Result<Result, Failure> = Scope.$open.withValue(open) {
      do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Prefixes the names of nodes made in `body` with `name/`.
  ///
  /// A scope opened twice gets a new name (`loss_1`); a name that ends in a slash re-opens one as it
  /// is.
  public func nameScope<Result, Failure: Error>(
    _ name: String, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let prefix = uniqueScopeName(name)
    return try withScope({ $0.names = prefix }, body)
  }

  /// Prefixes variables got in `body` with `name/`, and nodes as `nameScope` does.
  public func variableScope<Result, Failure: Error>(
    _ name: String, reuse: VariableReuse? = nil, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let prefix = uniqueScopeName(name)
    return try withScope(
      {
        if !name.isEmpty { $0.variables += name + "/" }
        $0.names = prefix
        if let reuse { $0.reuse = reuse }
      }, body)
  }

  /// Makes nodes built in `body` run after the given elements.
  public func controlDependencies<Result, Failure: Error>(
    _ elements: [any GraphElement], _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let nodes = elements.map(\.target).filter { !$0.isPoison }
    for node in nodes where node.graph !== self {
      record(
        GraphError("a control dependency on \(node) of another graph", site: scope.site))
    }
    let indices = nodes.filter { $0.graph === self }.map(\.index)
    return try withScope({ $0.controlInputs += indices }, body)
  }

  /// Runs `body` with no control dependencies and at the root of names, as initializers are built.
  package func atRoot<Result, Failure: Error>(_ body: () throws(Failure) -> Result)
    throws(Failure) -> Result
  {
    try withScope(
      {
        $0.names = ""
        $0.controlInputs = []
      }, body)
  }

  /// Gives every node built in `body` the user's own line; an outer site wins over an inner one.
  package func at<Result, Failure: Error>(
    _ site: SourceSite, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withScope({ $0.site = $0.site ?? site }, body)
  }

  private func uniqueScopeName(_ name: String) -> String {
    if name.isEmpty { return "" }
    if name.hasSuffix("/") { return name }
    let full = scope.names + name
    return state.withLock { $0.uniqueName(full) } + "/"
  }

  /// A name like `name` that no node or scope bears yet, in the open name scope.
  package func uniqueName(_ name: String) -> String {
    let full = scope.names + name
    return state.withLock { $0.uniqueName(full) }
  }
}

extension Graph.State {
  /// TensorFlow's rule: `x`, `x_1`, `x_2`, compared without regard to case.
  package mutating func uniqueName(_ name: String) -> String {
    let base = name.lowercased()
    var suffix = nameCounts[base] ?? 0
    nameCounts[base] = suffix + 1
    if suffix == 0 { return name }
    var key = base
    while nameCounts[key] != nil {
      key = "\(base)_\(suffix)"
      suffix += 1
    }
    nameCounts[key] = 1
    return "\(name)_\(suffix - 1)"
  }
}
