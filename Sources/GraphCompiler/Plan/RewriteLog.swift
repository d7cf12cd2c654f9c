/// What the compiler did to a graph, in order: the source of every listing and explanation.
public struct RewriteLog: Sendable {
  /// One rewrite.
  public struct Entry: Sendable, Hashable {
    /// The pass, in kebab case.
    public var pass: String
    /// The rule within the pass, if it has rules.
    public var rule: String?
    /// The node that was rewritten.
    public var node: String
    /// What became of it.
    public var effect: String
  }

  /// The rewrites in order.
  public private(set) var entries: [Entry] = []
  /// The number of nodes after each pass.
  public private(set) var counts: [(pass: String, nodes: Int)] = []

  /// An empty log.
  public init() {}

  package mutating func record(
    _ pass: String, rule: String? = nil, node: String, _ effect: String
  ) {
    entries.append(Entry(pass: pass, rule: rule, node: node, effect: effect))
  }

  package mutating func finish(_ pass: String, nodes: Int) { counts.append((pass, nodes)) }
}
