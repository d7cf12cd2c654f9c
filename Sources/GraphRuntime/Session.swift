import CPUBackend
import GraphCompiler
import GraphCore
import LLVMBackend
import Synchronization
import TensorCore

/// Runs a graph: holds its variables, compiles a plan for each signature of feeds and fetches, and
/// executes it.
///
/// May be used from several threads: runs that write variables exclude one another and readers;
/// read-only runs go on at the same time. Fetched values never alias variables or feeds.
public final class Session: Sendable {
  /// Which backends a session asks.
  public enum BackendChoice: String, Sendable, CaseIterable {
    /// Machine code where LLVM takes a kernel, the CPU backend for the rest.
    case llvm
    /// The CPU backend alone.
    case cpu
  }

  /// The graph that the session runs; it may grow between runs.
  public let graph: Graph
  package let backends: [any Backend]
  let variables = Mutex(VariableStore())
  private let cache = Mutex(PlanCache())
  let flatGraphs = Mutex(FlatGraphs())
  private let recentRuns = Mutex(RecentRuns())
  private let growthRecord = Mutex(GrowthRecord())
  private let runs = ReadWriteLock()
  let executor: Executor
  let compiler: CompilerSettings
  let liveConstants = LiveConstants()
  /// The most bytes that a plan may take for its buffers; those of the machine's memory if nil.
  public let memoryBudget: Int?
  /// What is granted.
  var budget: Int { memoryBudget ?? MemoryBudget.machine }

  /// The most bytes that are kept of what depends on variables alone, such as weights with a batch
  /// normalization folded in; beyond it what was not used for the longest time is computed again when
  /// it is needed.
  public var liveConstantLimit: Int {
    get { liveConstants.limit }
    set { liveConstants.limit = newValue }
  }

  /// How often constants that depend on variables were computed.
  package var liveRefreshCount: Int { liveConstants.refreshCount }

  /// A session without values for any variable.
  ///
  /// - Parameters:
  ///   - threads: how many threads run a kernel's tiles; by default one for each processor that the
  ///     process may use, the same for all its sessions. Results have the same bits whatever their
  ///     number.
  ///   - contracts: what rewrites may do to the numbers.
  ///   - optimizes: whether the graph is rewritten and fused at all.
  ///   - memoryBudget: the most bytes that a run's buffers may take beside feeds, constants and
  ///     variables; a run that needs more is refused before anything of it runs. Where a run has
  ///     several segments, each is asked when it is planned.
  /// - Throws: `GraphErrors` with every mistake in the graph.
  public convenience init(
    _ graph: Graph, backend: BackendChoice = .llvm, threads: Int? = nil,
    contracts: Set<Contract> = [.exact, .rescaling], optimizes: Bool = true,
    memoryBudget: Int? = nil
  ) throws(GraphErrors) {
    try self.init(
      graph, backend: backend, threads: threads, memoryBudget: memoryBudget,
      compiler: CompilerSettings(contracts: contracts, rewrites: optimizes, fuses: optimizes))
  }

  package convenience init(
    _ graph: Graph, backend: BackendChoice, threads: Int?, memoryBudget: Int? = nil,
    compiler: CompilerSettings
  ) throws(GraphErrors) {
    try self.init(
      graph, asking: backend == .cpu ? [CPUBackend()] : [LLVMBackend(), CPUBackend()],
      threads: threads, memoryBudget: memoryBudget, compiler: compiler)
  }

  /// A session with backends of its own.
  package init(
    _ graph: Graph, asking backends: [any Backend], threads: Int? = nil,
    memoryBudget: Int? = nil, compiler: CompilerSettings = CompilerSettings()
  ) throws(GraphErrors) {
    try graph.throwNewErrors()
    self.graph = graph
    self.backends = backends
    self.compiler = compiler
    self.memoryBudget = memoryBudget
    executor = Executor(
      pool: threads.map { ThreadPool(threadCount: $0) } ?? .common,
      roundLimit: compiler.roundLimit)
  }

  /// A session on another graph, with the same backends and threads.
  package init(_ graph: Graph, besides other: Session) throws(GraphErrors) {
    try graph.throwNewErrors()
    self.graph = graph
    backends = other.backends
    compiler = CompilerSettings()
    memoryBudget = nil
    executor = other.executor
  }

  /// The number of threads that run a kernel's tiles.
  package var threadCount: Int { executor.pool.threadCount }

  /// The values of several tensors after running `targets`, all in one run.
  ///
  /// - Parameter check: what the run looks for while it computes.
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
  public func run(
    _ fetches: [Tensor], targets: [any GraphElement] = [], feeding feeds: Feeds = [:],
    check: RunCheck? = nil
  ) throws -> [TensorValue] {
    let count = graph.count
    growthRecord.withLock { $0.note(count) }
    let targets = targets.map(\.target)
    guard check == nil, let fed = feeds.tensors else {
      return try run(flatRequest(fetches, targets, resolve(feeds), check: check))
    }
    if let values = feeds.values(for: fed),
      let known = recentRuns.withLock({ $0.find(count, fetches, targets, fed, values) })
    {
      return try run(known, values)
    }
    let request = try flatRequest(fetches, targets, resolve(feeds))
    let results = try run(request)
    // Now its plan is in the cache.
    if let known = KnownRun(request, try findPlan(request), fed: fed) {
      recentRuns.withLock { $0.insert(known, count, fetches, targets, fed) }
    }
    return results
  }

  /// The value of a tensor.
  ///
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
  public func run(
    _ fetch: Tensor, targets: [any GraphElement] = [], feeding feeds: Feeds = [:],
    check: RunCheck? = nil
  ) throws -> TensorValue { try run([fetch], targets: targets, feeding: feeds, check: check)[0] }

  /// The values of two tensors in one run.
  ///
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
  public func run(
    _ fetches: (Tensor, Tensor), targets: [any GraphElement] = [], feeding feeds: Feeds = [:],
    check: RunCheck? = nil
  ) throws -> (TensorValue, TensorValue) {
    let values = try run([fetches.0, fetches.1], targets: targets, feeding: feeds, check: check)
    return (values[0], values[1])
  }

  /// The values of three tensors in one run.
  ///
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
  public func run(
    _ fetches: (Tensor, Tensor, Tensor), targets: [any GraphElement] = [],
    feeding feeds: Feeds = [:], check: RunCheck? = nil
  ) throws -> (TensorValue, TensorValue, TensorValue) {
    let values = try run(
      [fetches.0, fetches.1, fetches.2], targets: targets, feeding: feeds, check: check)
    return (values[0], values[1], values[2])
  }

  /// The value of a variable.
  ///
  /// - Throws: `SessionError` if it has none; `NonFiniteError` if it is checked and holds a NaN.
  public func run(_ variable: Variable, check: RunCheck? = nil) throws -> TensorValue {
    let value = try value(of: variable)
    if check == .finite { try NonFiniteError.check(value, of: variable) }
    return value
  }

  /// Runs nodes, tensors or variables for their effects.
  ///
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
  @_disfavoredOverload  // An array of tensors is fetched, even where its values are dropped.
  public func run(_ targets: [any GraphElement], feeding feeds: Feeds = [:], check: RunCheck? = nil)
    throws
  {
    _ = try run([], targets: targets, feeding: feeds, check: check)
  }

  /// Runs one node for its effects.
  ///
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
  public func run(_ target: Node, feeding feeds: Feeds = [:], check: RunCheck? = nil)
    throws
  {
    _ = try run([], targets: [target], feeding: feeds, check: check)
  }

  /// The plan that a run with these feeds would use, or begin with.
  ///
  /// - Throws: `GraphErrors` or `CompilationError`.
  package func planned(
    fetching fetches: [Tensor], targets: [any GraphElement] = [], feeding feeds: Feeds
  ) throws -> PlannedRun {
    let request = try flatRequest(fetches, targets.map(\.target), resolve(feeds))
    let found = try findPlan(request)
    let executable = found.plan.executable
    return PlannedRun(
      plan: executable.plan, backendNames: executable.backendNames, flat: request.flat,
      segment: found.plan.segment, fetches: fetches, targets: targets.map(\.target))
  }

  /// The nodes that were added to the graph before each of the last runs, oldest first; an empty range
  /// where the graph was as the run before had left it.
  package var growth: [Range<Int>] { growthRecord.withLock { $0.recent } }

  /// Every plan that was compiled and is kept.
  package var plans: [Plan] { cache.withLock { $0.plans.map(\.executable.plan) } }

  /// The kernels of every plan that is kept, each with the name of the backend that compiled it.
  package var kernels: [(kernel: Kernel, backend: String)] {
    cache.withLock { cache in
      cache.plans.flatMap { cached in
        zip(cached.executable.plan.steps, cached.executable.backendNames).map { ($0.kernel, $1) }
      }
    }
  }

  /// The names of the backends, in the order in which they are asked.
  package var backendNames: [String] { backends.map(\.name) }

  /// The plan of a run, or of its first segment.
  struct FoundPlan {
    let plan: CachedPlan
    /// The positions of the feeds whose values the plan depends on.
    let deciding: [Int]
  }

  /// The plan of a request, from the cache or compiled.
  func findPlan(_ request: FlatRequest) throws -> FoundPlan {
    let signature = request.signature
    let values = request.feeds.map(\.value)
    var (found, deciding) = cache.withLock { $0.find(signature, values) }
    if let found { return FoundPlan(plan: found, deciding: deciding) }
    try graph.throwNewErrors()
    let options = compiler.options(for: request.check) { try self.evaluate($0) }
    deciding = values.indices.filter { deciding.contains($0) || ResourceValue(values[$0]) != nil }
    while true {
      let plan: CachedPlan
      switch try Compiler.compile(request.compilation(deciding: deciding), options) {
      case .needsValues(let positions):
        let more = Set(deciding).union(positions)
        precondition(more.count > deciding.count, "asked again for known values")
        deciding = more.sorted()
        continue
      case .plan(let whole): plan = try cached(whole, isChecked: request.check != nil)
      case .segment(let segment):
        plan = try cached(segment.plan, segment: segment, isChecked: request.check != nil)
      }
      cache.withLock { $0.insert(plan, signature, deciding: deciding, values) }
      return FoundPlan(plan: plan, deciding: deciding)
    }
  }

  private func cached(_ plan: Plan, segment: Segment? = nil, isChecked: Bool) throws -> CachedPlan {
    try plan.check(budget: budget)
    // A checked run computes everything anew.
    var executable = try Executable(plan, backends: backends, packs: !isChecked)
    if plan.arenaByteCount + executable.liveByteCount > budget {
      // Slower runs are better than none.
      executable = try Executable(plan, backends: backends)
    }
    try executable.check(budget: budget, threads: threadCount)
    let live =
      isChecked || !executable.keepsAnything
      ? nil
      : liveConstants.block(for: executable)
    return CachedPlan(executable, segment: segment, live: live)
  }

  /// Runs a plan of constants alone, for the compiler: once, so that no machine code is made for it
  /// unless its bits would not be those of a run.
  func evaluate(_ plan: Plan) throws -> [TensorValue] {
    try plan.check(budget: budget)
    let isAlike = plan.steps.allSatisfy(\.kernel.isRoundedAlike)
    let executable = try Executable(plan, backends: isAlike ? backends.suffix(1) : backends[...])
    return try execute(CachedPlan(executable), [], holdsLock: true)
  }

  /// Has ops without seeds draw what follows from a number, so that sessions can be compared; to be
  /// called before the first run.
  package func drawUnseeded(from entropy: UInt64) { variables.withLock { $0.entropy = entropy } }

  package func runsExclusively<Result>(_ exclusively: Bool, _ body: () throws -> Result) rethrows
    -> Result
  { try runs.hold(exclusively: exclusively, body) }
}
