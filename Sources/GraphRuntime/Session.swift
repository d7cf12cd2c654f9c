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
  private let runs = ReadWriteLock()
  private let executor: Executor
  private let compiler: CompilerSettings

  /// A session without values for any variable.
  ///
  /// - Parameters:
  ///   - threads: how many threads run a kernel's tiles; by default one a processor. Results have
  ///     the same bits whatever their number.
  ///   - contracts: what rewrites may do to the numbers.
  ///   - optimizes: whether the graph is rewritten and fused at all.
  /// - Throws: `GraphErrors` with every mistake in the graph.
  public convenience init(
    _ graph: Graph, backend: BackendChoice = .llvm, threads: Int? = nil,
    contracts: Set<Contract> = [.exact, .rescaling], optimizes: Bool = true
  ) throws(GraphErrors) {
    try self.init(
      graph, backend: backend, threads: threads,
      compiler: CompilerSettings(contracts: contracts, rewrites: optimizes, fuses: optimizes))
  }

  package init(
    _ graph: Graph, backend: BackendChoice, threads: Int?, compiler: CompilerSettings
  ) throws(GraphErrors) {
    try graph.throwNewErrors()
    self.graph = graph
    backends = backend == .cpu ? [CPUBackend()] : [LLVMBackend(), CPUBackend()]
    self.compiler = compiler
    executor = Executor(
      pool: ThreadPool(threadCount: threads ?? ThreadPool.availableProcessors))
  }

  /// The values of several tensors after running `targets`, all in one run.
  ///
  /// - Parameter check: what the run looks for while it computes.
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
  public func run(
    _ fetches: [Tensor], targets: [any GraphElement] = [], feeding feeds: Feeds = [:],
    check: RunCheck? = nil
  ) throws -> [TensorValue] {
    try run(flatRequest(fetches, targets.map(\.target), resolve(feeds), check: check))
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
  /// - Throws: `SessionError` if it has none.
  public func run(_ variable: Variable) throws -> TensorValue { try value(of: variable) }

  /// Runs nodes, tensors or variables for their effects.
  ///
  /// - Throws: `GraphErrors`, `CompilationError` or `SessionError`, saying what is wrong and where;
  ///   `NonFiniteError` if that is checked.
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

  /// The plan that a run with these feeds would use.
  ///
  /// - Throws: `GraphErrors` or `CompilationError`.
  package func plan(
    fetching fetches: [Tensor], targets: [any GraphElement] = [], feeding feeds: Feeds
  ) throws -> Plan {
    let found = try findPlan(flatRequest(fetches, targets.map(\.target), resolve(feeds)))
    guard found.stage == nil else {
      throw SessionError(
        "the run has several stages, since its plan depends on values that it computes; "
          + "feed them to see the plan for these values")
    }
    return found.plan.executable.plan
  }

  /// A plan, and what follows it if it is the first stage of a run.
  struct FoundPlan {
    let plan: CachedPlan
    let stage: Stage?
    /// The positions of the feeds whose values the plan depends on.
    let deciding: [Int]
  }

  /// The plan of a request, from the cache or compiled.
  func findPlan(_ request: FlatRequest) throws -> FoundPlan {
    let signature = request.signature
    let values = request.feeds.map(\.value)
    var (found, deciding) = cache.withLock { $0.find(signature, values) }
    if let found { return FoundPlan(plan: found, stage: found.stage, deciding: deciding) }
    try graph.throwNewErrors()
    let options = compiler.options(for: request.check) { try self.evaluate($0) }
    deciding = values.indices.filter { deciding.contains($0) || ResourceValue(values[$0]) != nil }
    while true {
      do {
        let plan = try compiled(request.compilation(deciding: deciding), options)
        cache.withLock { $0.insert(plan, signature, deciding: deciding, values) }
        return FoundPlan(plan: plan, stage: plan.stage, deciding: deciding)
      } catch CompilationError.needsValues(let positions) {
        let more = Set(deciding).union(positions)
        precondition(more.count > deciding.count, "asked again for known values")
        deciding = more.sorted()
      }
    }
  }

  private func compiled(_ request: CompilationRequest, _ options: CompilerOptions) throws
    -> CachedPlan
  {
    do {
      return CachedPlan(try Executable(Pipeline.compile(request, options), backends: backends))
    } catch let needed as StageNeeded {
      return CachedPlan(
        try Executable(needed.stage.plan, backends: backends), stage: needed.stage)
    }
  }

  /// Runs a plan of constants alone, for the compiler.
  private func evaluate(_ plan: Plan) throws -> [TensorValue] {
    try execute(CachedPlan(Executable(plan, backends: backends)), [], holdsLock: true)
  }

  func execute(
    _ plan: CachedPlan, _ feeds: [TensorValue], holdsLock: Bool = false,
    checking graph: Graph? = nil
  ) throws -> [TensorValue] {
    let description = plan.executable.plan
    let memory = plan.takeMemory(threads: executor.pool.threadCount)
    defer { plan.giveBack(memory) }
    if holdsLock { return try locked(plan, feeds, memory, graph) }
    let writes =
      description.variables.contains(where: \.isWritten) || !description.randomStreams.isEmpty
    return try runs.hold(exclusively: writes) { () throws -> [TensorValue] in
      try locked(plan, feeds, memory, graph)
    }
  }

  /// - Parameter graph: the flat graph whose nodes are checked, if any are.
  private func locked(
    _ plan: CachedPlan, _ feeds: [TensorValue], _ memory: RunMemory, _ graph: Graph?
  ) throws -> [TensorValue] {
    let bindings = try bind(plan.executable.plan, feeds, memory)
    defer { withExtendedLifetime((feeds, bindings)) {} }
    memory.fillOperands(plan.executable)
    do {
      if let graph {
        try runChecked(plan, memory, graph)
      } else {
        try refreshLive(plan, bindings, memory)
        try executor.run(plan.executable.everyRun, of: plan.executable, in: memory)
      }
    } catch {
      // A variable that this run was to give its first value still has none.
      variables.withLock { store in
        for name in bindings.created { store.remove(name) }
      }
      throw error
    }
    finish(plan.executable.plan, bindings)
    return plan.executable.plan.fetches.map { buffer in
      let description = plan.executable.plan.buffers[buffer]
      switch description.location {
      case .constant(let number): return plan.executable.plan.constants[number]
      case .feed(let position): return feeds[position]
      case .variable(let number) where description.dtype.byteCount == nil:
        if let box = bindings.variables[number] { return box.value }
      default: break
      }
      return TensorValue(
        dtype: description.dtype, shape: description.shape,
        storage: TensorStorage(
          copying: UnsafeRawBufferPointer(
            start: memory.bufferAddresses[buffer], count: description.byteCount)))
    }
  }

  package func runsExclusively<Result>(_ exclusively: Bool, _ body: () throws -> Result) rethrows
    -> Result
  { try runs.hold(exclusively: exclusively, body) }

  /// Runs every step, live ones too, and looks through what each has written.
  private func runChecked(_ plan: CachedPlan, _ memory: RunMemory, _ graph: Graph) throws {
    var check = FiniteCheck(plan.executable.plan, graph, memory)
    try check.examineSources()
    try plan.liveLock.hold(exclusively: true) { () throws in
      for step in plan.executable.plan.steps.indices {
        try executor.run([step], of: plan.executable, in: memory)
        try check.examine(step: step)
      }
    }
  }

  private func refreshLive(_ plan: CachedPlan, _ bindings: Bindings, _ memory: RunMemory) throws {
    if plan.executable.live.isEmpty { return }
    let versions = bindings.variables.map { $0?.version ?? 0 }
    try plan.liveLock.hold(exclusively: true) { () throws in
      if plan.state.withLock({ $0.liveVersions }) == versions { return }
      try executor.run(plan.executable.live, of: plan.executable, in: memory)
      plan.state.withLock { $0.liveVersions = versions }
    }
  }
}
