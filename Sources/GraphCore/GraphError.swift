/// One mistake in a graph: which node, which op, what was expected and found, and where it was made.
public struct GraphError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was expected, what was found, and a cure where there is one.
  public var message: String
  /// The name of the node at fault, if there is one.
  public var node: String?
  /// The op of that node.
  public var op: String?
  /// Where the user's program made the node.
  public var site: SourceSite?
  /// The other parties, each with where it was made: `a: "X" (Placeholder float32 [?, 784]) at …`.
  public var notes: [String]

  /// Whether a graph with the node is right, and the node not supported here or wrong only when it runs:
  /// one from a file is then kept as that of an op that is not known, and refused when it is to run.
  public var isLimitation = false

  /// An error that a shape function throws for what TensorFlow can do and this library cannot.
  package static func unsupported(_ message: String) -> GraphError {
    var error = GraphError(message)
    error.isLimitation = true
    return error
  }

  /// An error that a shape function throws for what TensorFlow refuses only when it runs the node: a graph
  /// may hold it where it never runs.
  package static func atRun(_ message: String) -> GraphError { unsupported(message) }

  /// An error that a shape function or builder throws; `Graph` adds node, op and sites.
  public init(
    _ message: String, node: String? = nil, op: String? = nil, site: SourceSite? = nil,
    notes: [String] = []
  ) {
    self.message = message
    self.node = node
    self.op = op
    self.site = site
    self.notes = notes
  }

  /// Site, op, name and message on the first line, a line for each note below.
  public var description: String {
    var head = site.map { "\($0): " } ?? ""
    if let op { head += op + " " }
    if let node { head += "\"\(node)\": " }
    return ([head + message] + notes.map { "  " + $0 }).joined(separator: "\n")
  }
}

/// All the mistakes of a graph at once.
public struct GraphErrors: Error, Sendable, CustomStringConvertible {
  /// The mistakes in the order in which they were made.
  public let errors: [GraphError]

  /// A collection of at least one mistake.
  public init(_ errors: [GraphError]) { self.errors = errors }

  /// A line that counts, then each mistake.
  public var description: String {
    guard errors.count > 1 else { return errors.first?.description ?? "" }
    return "\(errors.count) mistakes in the graph\n"
      + errors.map(\.description).joined(separator: "\n")
  }
}
