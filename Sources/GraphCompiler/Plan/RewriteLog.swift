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
    /// The index of the node of the flat graph that the rewritten one stood for.
    public var origin: Int
    /// What became of it.
    public var effect: String
    /// The node that stands for it from now on, if there is one.
    public var heir: String?
  }

  /// A pass that ran.
  public struct PassRun: Sendable, Hashable {
    /// The pass, in kebab case.
    public var pass: String
    /// How many nodes or kernels it left.
    public var count: Int
    /// What it left: "node" or "kernel".
    public var unit: String
    /// How long it took.
    public var seconds: Double
  }

  /// The rewrites in order.
  public private(set) var entries: [Entry] = []
  /// The passes in order.
  public private(set) var passes: [PassRun] = []
  private var start = ContinuousClock.now

  /// An empty log, whose first pass begins now.
  public init() {}

  package mutating func record(
    _ pass: String, rule: String? = nil, node: String, origin: Int, _ effect: String,
    heir: String? = nil
  ) {
    entries.append(
      Entry(pass: pass, rule: rule, node: node, origin: origin, effect: effect, heir: heir))
  }

  /// Ends a pass; the next begins now.
  package mutating func finish(_ pass: String, left count: Int, _ unit: String) {
    let now = ContinuousClock.now
    let (seconds, attoseconds) = (now - start).components
    passes.append(
      PassRun(
        pass: pass, count: count, unit: unit,
        seconds: Double(seconds) + Double(attoseconds) * 1e-18))
    start = now
  }
}
