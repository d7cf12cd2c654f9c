import GraphCore
import Synchronization
import TensorCore

/// What a caller wants of a graph: what to feed, what to fetch, what to run.
public struct CompilationRequest: Sendable {
  /// A fed tensor.
  public struct Feed: Sendable {
    /// The tensor whose value is given.
    public var tensor: Tensor
    /// The shape of the value.
    public var shape: Shape
    /// The value, if the plan is to be made for this value alone.
    public var value: TensorValue?
    /// What it stands for in a round of a loop, if that is a list of tensors.
    package var list: ListValue?
    /// The position of an earlier feed that has the same value under another name.
    package var same: Int?

    /// A feed of the given shape.
    public init(tensor: Tensor, shape: Shape, value: TensorValue? = nil) {
      self.tensor = tensor
      self.shape = shape
      self.value = value
    }
  }

  /// The graph.
  public var graph: Graph
  /// The fed tensors; several may be fed one after the other.
  public var feeds: [Feed]
  /// The tensors whose values are wanted.
  public var fetches: [Tensor]
  /// The nodes to run for their effects.
  public var targets: [Node]
  /// The positions of fetches that are variables themselves, read after everything else.
  package var lastReads: Set<Int> = []
  /// The nodes that earlier segments of the run have run.
  package var completed: Set<Int> = []
  /// The functions of the graph's loops, by the index of the `While`.
  package var loops: [Int: FlatGraph.Loop] = [:]
  /// The graph that holds the functions which loops call.
  package var library: Graph?
  /// The loops that the request is a round of, as regions of one plan.
  package var region = RegionContext()
  /// Where the copy is for other sizes too, and never becomes a plan.
  package var open: OpenSizes?

  /// A request.
  public init(graph: Graph, feeds: [Feed], fetches: [Tensor], targets: [Node]) {
    self.graph = graph
    self.feeds = feeds
    self.fetches = fetches
    self.targets = targets
  }
}

/// Where in the loops of one plan a request is, and what all requests for it share.
package struct RegionContext: Sendable {
  /// How many loops it is a round of.
  private(set) var depth = 0
  /// The names of these loops, with which names of memory begin.
  private(set) var path = ""
  /// The arrays and stacks that are memory of the plan.
  let memories = RunMemories()
  private let budget = Budget()

  /// Each loop in a loop takes some of the stack.
  private static let depthLimit = 16

  /// A number that all count down: functions may call one another so often that their loops have no end
  /// in reach.
  private final class Budget: Sendable {
    let left = Mutex(256)
  }

  /// A context outside of loops.
  package init() {}

  /// The context of a loop's rounds; nil if there are too many.
  func entering(_ loop: String) -> RegionContext? {
    let isGranted = budget.left.withLock { left in
      left -= 1
      return left >= 0
    }
    guard isGranted, depth < Self.depthLimit else { return nil }
    var inner = self
    inner.depth += 1
    // No name of a node holds a colon.
    inner.path += loop + ":"
    return inner
  }
}

/// How to compile.
public struct CompilerOptions: Sendable {
  /// The contracts of the rewrites that are allowed.
  public var contracts: Set<Contract> = [.exact, .rescaling]
  /// Whether passes rewrite the graph beyond what running it needs.
  public var rewrites = true
  /// Whether loops become part of a plan where they can; otherwise each round is a run of its own.
  public var makesRegions = true
  /// Whether the graph is a compiler's own copy. In anybody else's no variable is memory that lasts as
  /// long as a run, which holds whatever was there before.
  package var isCompilersGraph = false
  /// Whether nodes are joined into kernels; otherwise each node is a kernel of its own.
  public var fuses = true
  /// The rules that `ApplyRules` tries, in this order.
  package var rules = ApplyRules.rules
  /// The sizes that stand for unknown ones; no rewrite may put them into a constant.
  package var standIns: [Int] = []
  /// The bytes behind each buffer that are no buffer's, for runs that watch over them.
  package var guardByteCount = 0
  /// Sees every step.
  package var observer: (any CompilationObserver)?
  /// Runs a plan without feeds or variables, to evaluate constants.
  package var evaluate: @Sendable (Plan) throws -> [TensorValue]

  package init(evaluate: @escaping @Sendable (Plan) throws -> [TensorValue]) {
    self.evaluate = evaluate
  }
}

/// What a rewrite promises about the numbers.
public enum Contract: String, Sendable, Hashable, CaseIterable {
  /// The same bits for every input, any NaN being equal to any NaN, and a denormal number to the zero
  /// of its sign, which the arithmetic of a run takes it for.
  case exact
  /// Moves a scale or an offset between a linear op and its constant operands: rounding changes
  /// within a stated bound wherever no intermediate overflows.
  case rescaling
  /// Equal as real numbers.
  case reassociating
}

/// Why a graph cannot be compiled for a request.
public enum CompilationError: Error, Sendable, CustomStringConvertible {
  /// A placeholder is needed but was not fed.
  case missingFeed(Tensor)
  /// Fetches or targets need ops that are not known here.
  case unknownOps(UnknownOps)
  /// A node is at fault once the fed shapes are known.
  case invalid(GraphError)

  /// What happened, where, and the cure.
  public var description: String {
    switch self {
    case .missingFeed(let tensor):
      "\(tensor) must be fed" + (tensor.node.site.map { "; it was made at \($0)" } ?? "")
    case .unknownOps(let unknown): unknown.description
    case .invalid(let error): error.description
    }
  }
}

/// What of a request needs ops that are not known here, and what does not.
public struct UnknownOps: Sendable, CustomStringConvertible {
  /// The nodes of each unknown op that something asked for needs.
  public let nodes: [String: [String]]
  /// The fetches and targets that need them, each with the ops.
  public let blocked: [(name: String, ops: [String])]
  /// The fetches and targets that run without them.
  public let runnable: [String]

  /// One report: the ops, where they matter, and what still runs.
  public var description: String {
    let listed = nodes.sorted { $0.key < $1.key }.map { op, names in
      "\(op) (\(names.count) node\(names.count == 1 ? "" : "s"), such as \"\(names[0])\")"
    }
    var lines = ["cannot run, since these ops are not known: " + listed.joined(separator: ", ")]
    for (name, ops) in blocked { lines.append("  \(name) needs \(ops.joined(separator: ", "))") }
    if !runnable.isEmpty {
      lines.append("  without them run: " + runnable.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }
}
